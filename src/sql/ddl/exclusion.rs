//! EXCLUDE: no two rows with the same key.
//!
//! With `=` alone an exclusion constraint is uniqueness under another name, so its
//! index is one that a unique constraint could have. Operators that are not `=` need
//! an access method that searches by them.

use super::index::IndexPlan;
use super::storage_options::{self, Target};
use super::{Ddl, strings, tablespace};
use crate::catalog::{ConstraintKind, ObjectAddress};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::Oid;
use crate::sqlstate;

impl Ddl<'_> {
    pub async fn add_exclusion(&mut self, table: Oid, def: &ast::Constraint) -> Result<()> {
        let relation = self.relation(table)?;
        if relation.is_partitioned() {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "exclusion constraints are not supported on partitioned tables",
            )
            .at(def.location));
        }
        if def.access_method != "btree" {
            let method = match def.access_method.as_str() {
                "" => "gist",
                other => other,
            };
            return Err(Error::unsupported(format!("access method \"{method}\"")));
        }
        tablespace::check(&def.indexspace)?;
        let (elements, operators) = elements(def)?;
        let statement = ast::IndexStmt {
            index_params: elements,
            index_including_params: Vec::new(),
            where_clause: def.where_clause.clone(),
            ..ast::IndexStmt::default()
        };
        let (keys, bound) = self.index_keys(&relation, &statement)?;
        let predicate = self.index_predicate(&relation, &statement)?;
        let column_names = super::index::column_names(&relation, &statement, &keys);
        let mut exclusion = Vec::with_capacity(keys.len());
        for (key, operator) in keys.iter().zip(&operators) {
            if operator != "=" {
                let what = format!("exclusion constraint with operator {operator}");
                return Err(Error::unsupported(what));
            }
            exclusion.push(self.work.catalog.equality_operator(key.ty.oid).unwrap_or(0));
        }
        let name = match def.conname.as_str() {
            "" => {
                let names = column_names.join("_");
                self.choose_relation_name(relation.schema, [&relation.name, &names], "excl")
            }
            name => name.to_owned(),
        };
        let columns: Vec<i16> = keys.iter().map(|key| key.column).collect();
        let oid = self.next_oid();
        let plan = IndexPlan {
            name: name.clone(),
            key_count: keys.len(),
            keys,
            column_names,
            unique: true,
            primary: false,
            nulls_not_distinct: false,
            predicate: predicate.as_ref().map(|expr| self.print_expression(expr, &relation)),
            constraint: oid,
            exclusion: exclusion.clone(),
            options: storage_options::read(&def.options, Target::Btree)?,
            access_method: "btree".to_owned(),
        };
        let index = self.build_index(table, plan).await?;
        let address = ObjectAddress::relation(index);
        self.record_index_references(address, table, bound.iter().chain(&predicate));
        let relation = self.relation(table)?;
        let kind = ConstraintKind::Exclusion { index, columns, operators: exclusion };
        let constraint = self.new_constraint(oid, &relation, name, def, kind);
        self.attach(&relation, constraint);
        Ok(())
    }
}

/// The elements of EXCLUDE, and the operator of each.
fn elements(def: &ast::Constraint) -> Result<(Vec<ast::Node>, Vec<String>)> {
    let (mut elements, mut operators) = (Vec::new(), Vec::new());
    for node in &def.exclusions {
        let Some(NodeEnum::List(pair)) = &node.node else { continue };
        let [element, operator] = pair.items.as_slice() else {
            return Err(Error::syntax("EXCLUDE without an operator"));
        };
        let name = match &operator.node {
            Some(NodeEnum::List(list)) => strings(&list.items).last().copied().unwrap_or("?"),
            _ => "?",
        };
        operators.push(name.to_owned());
        elements.push(element.clone());
    }
    Ok((elements, operators))
}
