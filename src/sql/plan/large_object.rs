//! The rows of `pg_largeobject` and `pg_largeobject_metadata`, which are stored and not
//! computed, and what `pg_shdepend` says of large objects.
//!
//! A condition `loid = …` (of the second: `oid = …`) reads one object alone. The rows are
//! held in memory while the query runs, within its memory pool: a query over the pages of
//! all objects answers `53200` where they are more than that.

use datafusion::execution::memory_pool::MemoryConsumer;

use super::lower::Lowering;
use super::walk;
use crate::catalog::system::{self, Row};
use crate::catalog::{Relation, relation_oid};
use crate::error::Result;
use crate::sql::dml::reserve;
use crate::sql::ir::{Expr, ExprKind, Scan};
use crate::sql::types::{Datum, Oid, oid};
use crate::table::large_object::{self, Metadata};

/// Whether a system relation tells of large objects.
pub fn has_rows_of(relation: &Relation) -> bool {
    matches!(
        relation.oid,
        relation_oid::PG_LARGEOBJECT
            | relation_oid::PG_LARGEOBJECT_METADATA
            | relation_oid::PG_SHDEPEND
    )
}

/// The rows that a scan of it reads.
pub fn rows(lowering: &Lowering<'_>, scan: &Scan, predicate: Option<&Expr>) -> Result<Vec<Row>> {
    let planner = lowering.planner;
    let (overlay, database) = (planner.overlay(), lowering.catalog().database);
    let pool = &planner.context().runtime.memory_pool;
    let mut reservation = MemoryConsumer::new("pg_largeobject").register(pool);
    let mut rows: Vec<Row> = Vec::new();
    let mut add = |row: Row| {
        reserve(&mut reservation, &row)?;
        rows.push(row);
        Ok(())
    };
    match scan.relation.oid {
        relation_oid::PG_LARGEOBJECT => {
            let one = asked_for(lowering, scan, predicate).map(|object| (object, 0));
            for page in large_object::pages(overlay, database, one) {
                let page = page?;
                let number = Datum::Int4(page.number as i32);
                add(vec![Datum::Oid(page.object), number, Datum::Bytea(page.bytes.into())])?;
            }
        }
        relation_oid::PG_LARGEOBJECT_METADATA => match asked_for(lowering, scan, predicate) {
            Some(object) => {
                if let Some(found) = large_object::metadata(overlay, database, object)? {
                    add(described(lowering, object, &found))?;
                }
            }
            None => {
                for entry in large_object::all(overlay, database) {
                    let (object, found) = entry?;
                    add(described(lowering, object, &found))?;
                }
            }
        },
        _ => {
            system::rows(&scan.relation, planner.eval())?.into_iter().try_for_each(&mut add)?;
            for entry in large_object::all(overlay, database) {
                let (object, found) = entry?;
                let others = found.acl.iter().flatten().map(|item| item.grantee);
                let others = others.filter(|grantee| *grantee != found.owner);
                let uses = others.map(|role| (role, b'a')).chain([(found.owner, b'o')]);
                for (role, kind) in uses.filter(|(role, _)| *role >= oid::FIRST_NORMAL) {
                    add(vec![
                        Datum::Oid(database),
                        Datum::Oid(relation_oid::PG_LARGEOBJECT),
                        Datum::Oid(object),
                        Datum::Int4(0),
                        Datum::Oid(relation_oid::PG_AUTHID),
                        Datum::Oid(role),
                        Datum::Char(kind),
                    ])?;
                }
            }
        }
    }
    Ok(rows)
}

fn described(lowering: &Lowering<'_>, object: Oid, found: &Metadata) -> Row {
    let catalog = lowering.catalog();
    let acl = found.acl.as_ref().map_or(Datum::Null, |items| {
        let items = items.iter().map(|item| Datum::Text(catalog.acl_text(item)));
        system::array_of(oid::ACLITEM, items.collect())
    });
    vec![Datum::Oid(object), Datum::Oid(found.owner), acl]
}

/// The one object whose rows the condition lets through, if it says so of the first column.
fn asked_for(lowering: &Lowering<'_>, scan: &Scan, predicate: Option<&Expr>) -> Option<Oid> {
    let (_, column) = scan.columns.iter().find(|(number, _)| *number == 1)?;
    let predicate = lowering.planner.substitute(predicate?).ok()?;
    walk::conjuncts(&predicate).into_iter().find_map(|condition| {
        let ExprKind::Call(call) = &condition.kind else { return None };
        if call.function.source != "oideq" {
            return None;
        }
        match [&call.args.first()?.kind, &call.args.get(1)?.kind] {
            [ExprKind::Column(id), ExprKind::Const(Datum::Oid(object))]
            | [ExprKind::Const(Datum::Oid(object)), ExprKind::Column(id)]
                if *id == column.id =>
            {
                Some(*object)
            }
            _ => None,
        }
    })
}
