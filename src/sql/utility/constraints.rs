//! SET CONSTRAINTS: when deferrable constraints are checked in this transaction.

use crate::catalog::Constraint;
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::table::check_deferred;
use crate::table::trigger::constraint_of;

pub async fn set_constraints(
    statement: &ast::ConstraintsSetStmt,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<&'static str> {
    let named = if statement.constraints.is_empty() {
        None
    } else {
        let mut oids = Vec::new();
        for node in &statement.constraints {
            let Some(NodeEnum::RangeVar(name)) = &node.node else { continue };
            oids.extend(find(name, work, ctx)?);
        }
        Some(oids)
    };
    work.table.set_constraints(named.as_deref(), statement.deferred);
    if !statement.deferred {
        check_deferred(work, ctx, false).await?;
    }
    Ok("SET CONSTRAINTS")
}

/// The deferrable constraints of this name in the first schema of the path that has it.
fn find(name: &ast::RangeVar, work: &Work, ctx: &StatementContext) -> Result<Vec<Oid>> {
    let schemas = if name.schemaname.is_empty() {
        ctx.eval.settings.search_path.clone()
    } else {
        let schema = work.catalog.schema_named(&name.schemaname);
        vec![schema.ok_or_else(|| Error::undefined_schema(&name.schemaname))?.oid]
    };
    for schema in schemas {
        let found: Vec<&Constraint> = work
            .catalog
            .constraints()
            .map(|constraint| &**constraint)
            .filter(|constraint| constraint.schema == schema && constraint.name == name.relname)
            .collect();
        let triggers: Vec<Constraint> = work
            .catalog
            .triggers()
            .filter(|trigger| {
                let table = work.catalog.relation(trigger.table);
                trigger.name == name.relname && table.is_some_and(|t| t.schema == schema)
            })
            .filter_map(|trigger| constraint_of(trigger))
            .collect();
        let found: Vec<&Constraint> = found.into_iter().chain(&triggers).collect();
        if found.is_empty() {
            continue;
        }
        if let Some(rigid) = found.iter().find(|constraint| !constraint.deferrable) {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("constraint \"{}\" is not deferrable", rigid.name),
            ));
        }
        return Ok(found.iter().map(|constraint| constraint.oid).collect());
    }
    Err(Error::new(
        sqlstate::UNDEFINED_OBJECT,
        format!("constraint \"{}\" does not exist", name.relname),
    ))
}
