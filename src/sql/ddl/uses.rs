//! Defaults and CHECKs that name an object which gets another name.
//!
//! They are kept as text, so they are bound while the old name is still there, and
//! printed again under the new one.

use super::Ddl;
use crate::catalog::{ConstraintKind, ObjectAddress, TypeKind};
use crate::error::{Error, Result};
use crate::sql::bind;
use crate::sql::ir::Expr;
use crate::sql::types::{CatalogView, Oid};

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
    DomainDefault(Oid),
    DomainCheck(Oid),
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
            match &constraint.kind {
                ConstraintKind::Check { sql, .. } => {
                    let expr = self.bound(constraint.table, sql)?;
                    let place = Place::Check(constraint.oid);
                    uses.push(Use { place, table: constraint.table, expr });
                }
                ConstraintKind::DomainCheck { domain, sql } => {
                    let base = CatalogView::domain_base(&**catalog, *domain);
                    let base = base.ok_or_else(|| Error::internal("not a domain"))?;
                    let expr = bind::bind_domain_check_sql(&self.eval(), sql, base)?;
                    uses.push(Use { place: Place::DomainCheck(constraint.oid), table: 0, expr });
                }
                _ => {}
            }
        }
        for ty in catalog.types().filter(|ty| mentions(ty.oid)) {
            if let Some(sql) = catalog.domain_default(ty.oid) {
                let path = &self.ctx.eval.settings.search_path;
                let expr = bind::bind_expression_sql(&self.eval(), path, sql, &[])?;
                uses.push(Use { place: Place::DomainDefault(ty.oid), table: 0, expr });
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
            match place {
                Place::Default(attnum) => {
                    let relation = self.relation(table)?;
                    let text = self.print_expression(&expr, &relation);
                    let mut changed = (*relation).clone();
                    if let Some(default) = &mut changed.columns[attnum as usize - 1].default {
                        default.sql = text;
                    }
                    self.put_relation(changed);
                }
                Place::Check(oid) => {
                    let text = self.print_expression(&expr, &*self.relation(table)?);
                    self.put_check(oid, text);
                }
                Place::DomainCheck(oid) => {
                    let text = self.print_domain_expression(&expr);
                    self.put_check(oid, text);
                }
                Place::DomainDefault(oid) => {
                    let text = self.print_domain_expression(&expr);
                    let Some(ty) = self.work.catalog.type_(oid) else { continue };
                    let mut changed = (**ty).clone();
                    if let TypeKind::Domain { default, .. } = &mut changed.kind {
                        *default = Some(text);
                    }
                    self.put(changed);
                }
            }
        }
        Ok(())
    }

    fn put_check(&mut self, oid: Oid, text: String) {
        let Some(constraint) = self.work.catalog.constraint(oid) else { return };
        let mut changed = (**constraint).clone();
        if let ConstraintKind::Check { sql, .. } | ConstraintKind::DomainCheck { sql, .. } =
            &mut changed.kind
        {
            *sql = text;
        }
        self.put(changed);
    }
}
