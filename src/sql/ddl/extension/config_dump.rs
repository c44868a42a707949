//! `SELECT pg_extension_config_dump('table', 'condition')` in a script: a table of the
//! extension whose rows belong to users, and are dumped though the table is not.

use crate::catalog::{Extension, resolve_relation};
use crate::error::{Error, Result};
use crate::sql::ddl::Ddl;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::run::StatementContext;
use crate::sql::types::Oid;

/// The table and the condition, if the statement is that call.
pub(super) fn asked(node: &NodeEnum) -> Option<(&str, &str)> {
    let NodeEnum::SelectStmt(select) = node else { return None };
    let [ast::Node { node: Some(NodeEnum::ResTarget(target)) }] = &select.target_list[..] else {
        return None;
    };
    let Some(NodeEnum::FuncCall(call)) = target.val.as_deref().and_then(|val| val.node.as_ref())
    else {
        return None;
    };
    let Some(NodeEnum::String(name)) = call.funcname.last().and_then(|part| part.node.as_ref())
    else {
        return None;
    };
    if name.sval != "pg_extension_config_dump" {
        return None;
    }
    match &call.args[..] {
        [table, condition] => Some((constant(table)?, constant(condition)?)),
        _ => None,
    }
}

fn constant(node: &ast::Node) -> Option<&str> {
    match &node.node {
        Some(NodeEnum::AConst(constant)) => match &constant.val {
            Some(ast::a_const::Val::Sval(text)) => Some(&text.sval),
            _ => None,
        },
        _ => None,
    }
}

impl Ddl<'_> {
    /// Notes it of the extension that is being made.
    pub(super) fn mark_config(
        &mut self,
        extension: Oid,
        (table, condition): (&str, &str),
        ctx: &StatementContext,
    ) -> Result<()> {
        let path = &ctx.eval.settings.search_path;
        let relation = resolve_relation(&self.work.catalog, path, None, table)?.oid;
        let found = self.work.catalog.extension(extension).cloned();
        let found = found.ok_or_else(|| Error::internal("the extension is gone"))?;
        let mut config = found.config.clone();
        config.retain(|(known, _)| *known != relation);
        config.push((relation, condition.to_owned()));
        self.put(Extension { config, ..(*found).clone() });
        Ok(())
    }
}
