//! Defaults and CHECKs that name an object which gets another name.
//!
//! They are kept as text, so they are bound while the old name is still there, and
//! printed again under the new one.

use super::Ddl;
use crate::catalog::{ConstraintKind, ObjectAddress};
use crate::error::Result;
use crate::sql::bind;
use crate::sql::ir::Expr;
use crate::sql::types::Oid;

/// A stored expression, bound.
pub struct Use {
    place: Place,
    table: Oid,
    expr: Expr,
}

#[derive(Clone, Copy)]
enum Place {
    Default(i16),
    Check(Oid),
}

impl Ddl<'_> {
    /// The defaults and CHECKs that mention one of these objects.
    pub fn uses_of(&self, is_meant: impl Fn(&Ddl<'_>, ObjectAddress) -> bool) -> Result<Vec<Use>> {
        let catalog = &self.work.catalog;
        let mentions = |oid: Oid| {
            catalog
                .references(oid)
                .is_some_and(|refs| refs.edges.iter().any(|edge| is_meant(self, edge.referenced)))
        };
        let mut uses = Vec::new();
        for relation in catalog.relations() {
            for (column, attnum) in relation.columns.iter().zip(1i16..) {
                let default = column.default.as_ref().filter(|default| mentions(default.oid));
                if let Some(default) = default {
                    let expr = self.bound(relation.oid, &default.sql)?;
                    let place = Place::Default(attnum);
                    uses.push(Use { place, table: relation.oid, expr });
                }
            }
        }
        for constraint in catalog.constraints().filter(|constraint| mentions(constraint.oid)) {
            if let ConstraintKind::Check { sql, .. } = &constraint.kind {
                let expr = self.bound(constraint.table, sql)?;
                let place = Place::Check(constraint.oid);
                uses.push(Use { place, table: constraint.table, expr });
            }
        }
        Ok(uses)
    }

    fn bound(&self, relation: Oid, sql: &str) -> Result<Expr> {
        bind::bind_relation_expression_sql(&self.eval(), &self.relation(relation)?, sql, None)
    }

    /// Prints the expressions again, as their objects are called now.
    pub fn rewrite_uses(&mut self, uses: Vec<Use>) -> Result<()> {
        for Use { place, table, expr } in uses {
            let relation = self.relation(table)?;
            let text = self.print_expression(&expr, &relation);
            match place {
                Place::Default(attnum) => {
                    let mut changed = (*relation).clone();
                    if let Some(default) = &mut changed.columns[attnum as usize - 1].default {
                        default.sql = text;
                    }
                    self.put_relation(changed);
                }
                Place::Check(oid) => {
                    let Some(constraint) = self.work.catalog.constraint(oid) else { continue };
                    let mut changed = (**constraint).clone();
                    if let ConstraintKind::Check { sql, .. } = &mut changed.kind {
                        *sql = text;
                    }
                    self.put(changed);
                }
            }
        }
        Ok(())
    }
}
