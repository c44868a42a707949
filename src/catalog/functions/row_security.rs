//! `row_security_active`: whether a table's policies hold for the current user.

use super::path;
use crate::catalog::{Relation, RowSecurityState, relation_by_text};
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::Datum;

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "row_security_active" => |call, args| {
        let relation = call.eval.catalog.relation(arg(args, 0)?);
        Ok(Datum::Bool(relation.is_some_and(|relation| is_active(call, relation))))
    };
    call "row_security_active_name" => |call, args| {
        let name: &str = arg(args, 0)?;
        let relation = relation_by_text(&call.eval.catalog, path(call), name)?;
        Ok(Datum::Bool(is_active(call, relation)))
    };
};

fn is_active(call: &CallContext<'_>, relation: &Relation) -> bool {
    let catalog = &call.eval.catalog;
    let role = catalog.role_named(&call.eval.settings.current_user);
    role.is_some_and(|role| {
        matches!(catalog.row_security(relation, role), RowSecurityState::Applies { .. })
    })
}
