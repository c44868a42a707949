//! PARTITION BY: the key of a partitioned table.

use std::sync::Arc;

use super::super::{Ddl, strings};
use super::unfit;
use crate::catalog::{PartitionColumn, PartitionKey, PartitionStrategy, Relation};
use crate::error::{Error, Result};
use crate::sql::bind::ExpressionUse;
use crate::sql::ir::ExprKind;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, SqlType};
use crate::sqlstate;

/// The most columns of a partition key, as in PostgreSQL.
const KEYS_MAX: usize = 32;

impl Ddl<'_> {
    /// Makes a new table a partitioned one.
    pub fn put_partition_key(&mut self, table: Oid, spec: &ast::PartitionSpec) -> Result<()> {
        let relation = self.relation(table)?;
        let strategy = match spec.strategy() {
            ast::PartitionStrategy::List => PartitionStrategy::List,
            ast::PartitionStrategy::Range => PartitionStrategy::Range,
            ast::PartitionStrategy::Hash => PartitionStrategy::Hash,
            ast::PartitionStrategy::Undefined => {
                return Err(Error::unsupported("this partitioning strategy").at(spec.location));
            }
        };
        if spec.part_params.len() > KEYS_MAX {
            return Err(Error::new(
                sqlstate::TOO_MANY_COLUMNS,
                format!("cannot partition using more than {KEYS_MAX} columns"),
            ));
        }
        if strategy == PartitionStrategy::List && spec.part_params.len() != 1 {
            return Err(unfit("cannot use \"list\" partition strategy with more than one column"));
        }
        let mut columns = Vec::with_capacity(spec.part_params.len());
        for node in &spec.part_params {
            let Some(NodeEnum::PartitionElem(element)) = &node.node else { continue };
            let number = columns.len() + 1;
            columns.push(self.partition_column(&relation, element, strategy, number)?);
        }
        let mut changed = (*relation).clone();
        changed.inheritance.key = Some(PartitionKey { strategy, columns });
        self.put_relation(changed);
        Ok(())
    }

    fn partition_column(
        &mut self,
        relation: &Arc<Relation>,
        element: &ast::PartitionElem,
        strategy: PartitionStrategy,
        number: usize,
    ) -> Result<PartitionColumn> {
        let at = |error: Error| error.at(element.location);
        let plain = match plain_column(element) {
            Some(name) => Some(named_column(relation, name).map_err(at)?),
            None => None,
        };
        let (column, expression, ty, own) = match plain {
            Some(attnum) => {
                let column = &relation.columns[attnum as usize - 1];
                (attnum, None, column.ty, column.collation)
            }
            None => {
                let node = element.expr.as_deref();
                let node = node.ok_or_else(|| Error::syntax("a partition key of nothing"))?;
                let expr = self
                    .bind_over(relation, node, ExpressionUse::PartitionKey)
                    .map_err(Error::without_position)?;
                if matches!(expr.kind, ExprKind::Const(_)) {
                    return Err(unfit("cannot use constant expression as partition key"));
                }
                for attnum in self.columns_of(&expr) {
                    require_not_generated(relation, attnum).map_err(at)?;
                }
                if self.columns_of(&expr).is_empty() {
                    return Err(unfit("cannot use constant expression as partition key"));
                }
                let ty = self.work.catalog.type_(expr.ty.oid);
                if ty.is_some_and(|ty| matches!(ty.kind, crate::catalog::TypeKind::Pseudo)) {
                    return Err(super::super::inherit::invalid(format!(
                        "partition key column {number} has pseudo-type {}",
                        self.work.catalog.type_name(expr.ty.oid, -1)
                    )));
                }
                let sql = self.print_expression(&expr, relation);
                let own = self.work.catalog.type_(expr.ty.oid).map_or(0, |ty| ty.collation);
                (0, Some(sql), expr.ty, own)
            }
        };
        let collation = self.partition_collation(element, own)?;
        let is_ordered = matches!(strategy, PartitionStrategy::Range);
        if is_ordered && !crate::sql::bind::is_by_bytes(&self.work.catalog, collation) {
            let name =
                self.work.catalog.collation(collation).map_or("", |found| found.name.as_str());
            return Err(Error::unsupported(format!("ordering by collation \"{name}\""))
                .at(element.location));
        }
        let opclass = self.partition_opclass(element, ty, strategy)?;
        Ok(PartitionColumn { column, expression, ty, opclass, collation })
    }

    fn partition_collation(&self, element: &ast::PartitionElem, own: Oid) -> Result<Oid> {
        let Some(name) = strings(&element.collation).last().copied() else { return Ok(own) };
        if !matches!(name, "default" | "C" | "POSIX" | "ucs_basic") {
            return Err(Error::unsupported(format!("collation \"{name}\"")).at(element.location));
        }
        let found = self.work.catalog.collations().find(|collation| collation.name == name);
        Ok(found.map_or(own, |collation| collation.oid))
    }

    fn partition_opclass(
        &self,
        element: &ast::PartitionElem,
        ty: SqlType,
        strategy: PartitionStrategy,
    ) -> Result<Oid> {
        let method = match strategy {
            PartitionStrategy::Hash => "hash",
            _ => "btree",
        };
        let catalog = &self.work.catalog;
        if let Some(name) = strings(&element.opclass).last() {
            let classes = catalog.operator_classes();
            let default = catalog.default_operator_class(method, ty.oid);
            let found = classes
                .filter(|class| class.access_method == method && class.name == *name)
                .find(|class| class.input == ty.oid || Some(class.oid) == default)
                .map(|class| class.oid);
            return found.ok_or_else(|| {
                Error::new(
                    sqlstate::UNDEFINED_OBJECT,
                    format!(
                        "operator class \"{name}\" does not exist for access method \"{method}\""
                    ),
                )
            });
        }
        catalog.default_operator_class(method, ty.oid).ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!(
                    "data type {} has no default operator class for access method \"{method}\"",
                    catalog.type_name(ty.oid, -1)
                ),
            )
            .with_hint(format!(
                "You must specify a {method} operator class or define a default {method} operator \
                 class for the data type."
            ))
        })
    }
}

/// The column that an element is, written with or without parentheses.
fn plain_column(element: &ast::PartitionElem) -> Option<&str> {
    if !element.name.is_empty() {
        return Some(&element.name);
    }
    match element.expr.as_deref()?.node.as_ref()? {
        NodeEnum::ColumnRef(column) => match strings(&column.fields).as_slice() {
            [name] if column.fields.len() == 1 => Some(name),
            _ => None,
        },
        _ => None,
    }
}

fn named_column(relation: &Relation, name: &str) -> Result<i16> {
    if matches!(name, "ctid" | "xmin" | "cmin" | "xmax" | "cmax" | "tableoid") {
        return Err(unfit(format!("cannot use system column \"{name}\" in partition key")));
    }
    let attnum = super::super::constraint::column_number(relation, name).ok_or_else(|| {
        Error::new(
            sqlstate::UNDEFINED_COLUMN,
            format!("column \"{name}\" named in partition key does not exist"),
        )
    })?;
    require_not_generated(relation, attnum)?;
    Ok(attnum)
}

fn require_not_generated(relation: &Relation, attnum: i16) -> Result<()> {
    let column = &relation.columns[attnum as usize - 1];
    if column.default.as_ref().is_some_and(|default| default.generated) {
        return Err(unfit("cannot use generated column in partition key")
            .with_detail(format!("Column \"{}\" is a generated column.", column.name)));
    }
    Ok(())
}
