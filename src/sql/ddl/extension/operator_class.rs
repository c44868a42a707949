//! CREATE OPERATOR CLASS, in an extension's script. Keys are encoded by the type's
//! representation, so a class says which operators an index serves, not how it compares.

use super::super::{Ddl, strings};
use crate::catalog::{FamilyFunction, FamilyOperator, OperatorClass, OperatorFamily};
use crate::error::{Error, Result};
use crate::index::BTREE;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, oid};

/// `CreateOpClassItem::itemtype`.
const ITEM_OPERATOR: i32 = 1;
const ITEM_FUNCTION: i32 = 2;
const ITEM_STORAGE: i32 = 3;

impl Ddl<'_> {
    pub(in crate::sql::ddl) fn create_operator_class(
        &mut self,
        statement: &ast::CreateOpClassStmt,
    ) -> Result<&'static str> {
        if self.work.extension.is_none() {
            return Err(Error::unsupported("CREATE OPERATOR CLASS"));
        }
        let (schema, name) = self.split_name(&statement.opclassname)?;
        let schema = self.creation_schema(schema.unwrap_or_default())?;
        let input = statement.datatype.as_ref().ok_or_else(|| Error::syntax("no type"))?;
        let input = self.resolve_type(input)?.oid;
        let owner = self.current_role()?.oid;
        let mut family = OperatorFamily {
            oid: self.next_oid(),
            schema,
            name: name.to_owned(),
            owner,
            access_method: statement.amname.clone(),
            operators: Vec::new(),
            functions: Vec::new(),
        };
        let mut key_type = oid::INVALID;
        for node in &statement.items {
            let Some(NodeEnum::CreateOpClassItem(item)) = &node.node else { continue };
            match item.itemtype {
                ITEM_OPERATOR => family.operators.push(self.family_operator(input, item)?),
                ITEM_FUNCTION => family.functions.push(self.family_function(input, item)?),
                ITEM_STORAGE => {
                    if let Some(stored) = &item.storedtype {
                        key_type = self.resolve_type(stored)?.oid;
                    }
                }
                _ => {}
            }
        }
        let class = OperatorClass {
            oid: self.next_oid(),
            schema,
            name: name.to_owned(),
            owner,
            access_method: statement.amname.clone(),
            family: family.oid,
            input,
            is_default: statement.is_default,
            key_type,
        };
        self.put(family);
        self.put(class);
        Ok("CREATE OPERATOR CLASS")
    }

    fn family_operator(&self, input: Oid, item: &ast::CreateOpClassItem) -> Result<FamilyOperator> {
        let object = item.name.as_ref().ok_or_else(|| Error::syntax("an operator is missing"))?;
        let parts = strings(&object.objname);
        let (left, right) = match self.item_types(&object.objargs)?.as_slice() {
            [left, right] => (*left, *right),
            _ => (input, input),
        };
        let path = &self.ctx.eval.settings.search_path;
        let name = parts.last().copied().unwrap_or_default();
        let found = self.work.catalog.operator_for(path, None, name, left, right)?;
        let operator = found.map(|operator| operator.oid).ok_or_else(|| {
            Error::new(
                crate::sqlstate::UNDEFINED_FUNCTION,
                format!("operator does not exist: {name}"),
            )
        })?;
        let strategy = number(item)?;
        let sort_family = self.sort_family(&item.order_family)?;
        Ok(FamilyOperator { oid: self.next_oid(), left, right, strategy, operator, sort_family })
    }

    /// FOR ORDER BY: the family by which an operator's results are sorted.
    fn sort_family(&self, name: &[ast::Node]) -> Result<Oid> {
        let Some(name) = strings(name).last().copied() else { return Ok(oid::INVALID) };
        let mut families = self.work.catalog.operator_families();
        let found = families.find(|family| family.access_method == BTREE && family.name == name);
        found.map(|family| family.oid).ok_or_else(|| {
            Error::new(
                crate::sqlstate::UNDEFINED_OBJECT,
                format!("operator family \"{name}\" does not exist for access method \"btree\""),
            )
        })
    }

    fn family_function(&self, input: Oid, item: &ast::CreateOpClassItem) -> Result<FamilyFunction> {
        let object = item.name.as_ref().ok_or_else(|| Error::syntax("a function is missing"))?;
        let parts = strings(&object.objname);
        let args = self.item_types(&object.objargs)?;
        let function = self.exact_function(&parts, &args)?;
        let number = number(item)?;
        Ok(FamilyFunction { oid: self.next_oid(), left: input, right: input, number, function })
    }

    fn item_types(&self, nodes: &[ast::Node]) -> Result<Vec<Oid>> {
        nodes
            .iter()
            .filter_map(|node| match &node.node {
                Some(NodeEnum::TypeName(name)) => Some(self.resolve_type(name).map(|ty| ty.oid)),
                _ => None,
            })
            .collect()
    }
}

fn number(item: &ast::CreateOpClassItem) -> Result<i16> {
    i16::try_from(item.number).map_err(|_| Error::syntax("a strategy number is out of range"))
}
