//! Comments: `obj_description` and its family.

use super::text;
use crate::catalog::{ObjectAddress, PG_CATALOG, relation_oid};
use crate::error::Result;
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::{Datum, Oid};

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "obj_description_oid_name" => named_description;
    call "shobj_description_oid_name" => named_description;
    call "obj_description_oid" => |call, args| {
        let object: Oid = arg(args, 0)?;
        let catalog = &call.eval.catalog;
        let found = catalog.comments().find(|comment| comment.on.oid == object && comment.on.sub == 0);
        let builtin = || {
            let mut all = catalog.builtin_descriptions().into_iter();
            all.find(|(on, _)| on.oid == object && on.sub == 0).map(|(_, said)| said.to_owned())
        };
        Ok(text(found.map(|comment| comment.text.clone()).or_else(builtin)))
    };
    call "col_description_oid_int4" => |call, args| {
        let on = ObjectAddress { class: relation_oid::PG_CLASS, oid: arg(args, 0)?, sub: arg(args, 1)? };
        if on.sub == 0 {
            return Ok(Datum::Null);
        }
        Ok(text(call.eval.catalog.description(on)))
    };
};

/// The comment on an object of the system relation of that name.
fn named_description(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (object, class): (Oid, &str) = (arg(args, 0)?, arg(args, 1)?);
    let catalog = &call.eval.catalog;
    let class = catalog.relation_named(PG_CATALOG, class).map(|relation| relation.oid);
    Ok(text(class.and_then(|class| catalog.description(ObjectAddress::new(class, object)))))
}
