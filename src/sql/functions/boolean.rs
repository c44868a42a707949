//! `bool` comparison and text.

use crate::kernels;

use super::Kernel;

pub const KERNELS: &[&[Kernel]] = &[kernels! {
    columns2 "booleq" => |a: bool, b: bool| Ok(a == b);
    columns2 "boolne" => |a: bool, b: bool| Ok(a != b);
    columns2 "boollt" => |a: bool, b: bool| Ok(!a & b);
    columns2 "boolle" => |a: bool, b: bool| Ok(a <= b);
    columns2 "boolgt" => |a: bool, b: bool| Ok(a & !b);
    columns2 "boolge" => |a: bool, b: bool| Ok(a >= b);
    columns2 "btboolcmp" => |a: bool, b: bool| Ok(a.cmp(&b) as i32);
    columns1 "booltext" => |a: bool| Ok(if a { "true" } else { "false" }.to_owned());
}];
