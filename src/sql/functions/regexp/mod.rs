//! Regular expressions: the operators `~`, `~*`, `!~`, `!~*` and the `regexp_*`
//! functions, on top of a backtracking matcher with a step limit.

mod functions;
mod similar;

use super::{Kernel, SetKernel};

pub const KERNELS: &[&[Kernel]] = &[functions::OPERATORS, functions::KERNELS, similar::KERNELS];

pub const SET_KERNELS: &[SetKernel] = functions::SET_KERNELS;
