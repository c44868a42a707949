//! CREATE ACCESS METHOD, OPERATOR FAMILY and OPERATOR CLASS.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::Node;
use crate::sql::parse::ast::{
    AlterOpFamilyStmt, CreateAmStmt, CreateOpClassItem, CreateOpClassStmt, CreateOpFamilyStmt,
};

use super::Bootstrap;
use super::options::comment_oid;
use super::unpinned;
use crate::catalog::syntax::{qualified, text_of};
use crate::catalog::{
    AccessMethod, BOOTSTRAP_ROLE, Change, FamilyFunction, FamilyOperator, ObjectClass,
    OperatorClass, OperatorFamily, PG_CATALOG,
};
use crate::error::{Error, Result};
use crate::sql::types::{Oid, oid};

/// `CreateOpClassItem::itemtype`.
const ITEM_OPERATOR: i32 = 1;
const ITEM_FUNCTION: i32 = 2;
const ITEM_STORAGE: i32 = 3;

impl Bootstrap {
    pub(super) fn create_access_method(
        &mut self,
        create: &CreateAmStmt,
        next: Option<&NodeEnum>,
    ) -> Result<()> {
        self.add(AccessMethod {
            oid: comment_oid(next, "OID")?,
            name: create.amname.clone(),
            handler: create.handler_name.last().and_then(text_of).unwrap_or_default().to_owned(),
            handler_function: oid::INVALID,
            kind: create.amtype.chars().next().unwrap_or('i'),
        });
        Ok(())
    }

    pub(super) fn create_operator_family(
        &mut self,
        create: &CreateOpFamilyStmt,
        next: Option<&NodeEnum>,
    ) -> Result<()> {
        self.add(OperatorFamily {
            oid: comment_oid(next, "OID")?,
            schema: PG_CATALOG,
            name: plain_name(&create.opfamilyname)?,
            owner: BOOTSTRAP_ROLE,
            access_method: create.amname.clone(),
            operators: Vec::new(),
            functions: Vec::new(),
        });
        Ok(())
    }

    pub(super) fn alter_operator_family(&mut self, alter: &AlterOpFamilyStmt) -> Result<()> {
        let family = self.operator_family(&alter.opfamilyname, &alter.amname)?;
        self.add_members(family, &alter.items)
    }

    pub(super) fn create_operator_class(
        &mut self,
        create: &CreateOpClassStmt,
        next: Option<&NodeEnum>,
    ) -> Result<()> {
        let input = self.resolve_oid(create.datatype.as_ref())?;
        let family = match create.opfamilyname.is_empty() {
            true => self.operator_family(&create.opclassname, &create.amname)?,
            false => self.operator_family(&create.opfamilyname, &create.amname)?,
        };
        let stored = items(&create.items).find(|item| item.itemtype == ITEM_STORAGE);
        let key_type = match stored.and_then(|item| item.storedtype.as_ref()) {
            Some(name) => self.resolve(name)?.oid,
            None => oid::INVALID,
        };
        let key_type = match comment_oid(next, "AS_ITS_TYPE") {
            Ok(_) => oid::INVALID,
            Err(_) => key_type,
        };
        self.add(OperatorClass {
            oid: comment_oid(next, "OID")?,
            schema: PG_CATALOG,
            name: plain_name(&create.opclassname)?,
            owner: BOOTSTRAP_ROLE,
            access_method: create.amname.clone(),
            family,
            input,
            is_default: create.is_default,
            key_type,
        });
        Ok(())
    }

    /// Adds operators and support functions, each with its types.
    fn add_members(&mut self, family: Oid, nodes: &[Node]) -> Result<()> {
        let Some(family) = self.catalog.operator_family(family).cloned() else { return Ok(()) };
        let mut family = (*family).clone();
        for item in items(nodes) {
            match item.itemtype {
                ITEM_OPERATOR => family.operators.push(self.family_operator(family.oid, item)?),
                ITEM_FUNCTION => family.functions.push(self.family_function(family.oid, item)?),
                _ => {}
            }
        }
        self.catalog.apply(&Change::put(family));
        Ok(())
    }

    fn family_operator(&self, family: Oid, item: &CreateOpClassItem) -> Result<FamilyOperator> {
        let object = item.name.as_ref().ok_or_else(|| Error::syntax("an operator is missing"))?;
        let (_, name) =
            qualified(&object.objname).ok_or_else(|| Error::syntax("improper operator name"))?;
        let (left, right) = self.two_types(&object.objargs)?;
        let sort_family = match item.order_family.is_empty() {
            true => oid::INVALID,
            false => self.operator_family(&item.order_family, "btree")?,
        };
        let strategy = number(item)?;
        Ok(FamilyOperator {
            oid: unpinned::operator(family, left, right, strategy)?,
            left,
            right,
            strategy,
            operator: self.operator(name, left, right)?.oid,
            sort_family,
        })
    }

    fn family_function(&self, family: Oid, item: &CreateOpClassItem) -> Result<FamilyFunction> {
        let object = item.name.as_ref().ok_or_else(|| Error::syntax("a function is missing"))?;
        let function = self.object_with_args(object)?;
        let (left, right) = self.two_types(&item.class_args)?;
        let number = number(item)?;
        let oid = unpinned::function(family, left, right, number)?;
        Ok(FamilyFunction { oid, left, right, number, function })
    }

    fn two_types(&self, names: &[Node]) -> Result<(Oid, Oid)> {
        match self.type_list(names)?.as_slice() {
            [left, right] => Ok((*left, *right)),
            _ => Err(Error::syntax("a member of an operator family needs two types")),
        }
    }

    fn operator_family(&self, name: &[Node], access_method: &str) -> Result<Oid> {
        let name = plain_name(name)?;
        let named = self.catalog.named(ObjectClass::OperatorFamily, PG_CATALOG, &name);
        named
            .iter()
            .filter_map(|oid| self.catalog.operator_family(*oid))
            .find(|family| family.access_method == access_method)
            .map(|family| family.oid)
            .ok_or_else(|| {
                Error::syntax(format!(
                    "operator family \"{name}\" does not exist for access method \"{access_method}\""
                ))
            })
    }
}

fn items(nodes: &[Node]) -> impl Iterator<Item = &CreateOpClassItem> {
    nodes.iter().filter_map(|node| match node.node.as_ref()? {
        NodeEnum::CreateOpClassItem(item) => Some(item),
        _ => None,
    })
}

fn plain_name(nodes: &[Node]) -> Result<String> {
    let (_, name) = qualified(nodes).ok_or_else(|| Error::syntax("improper qualified name"))?;
    Ok(name.to_owned())
}

fn number(item: &CreateOpClassItem) -> Result<i16> {
    i16::try_from(item.number).map_err(|_| Error::syntax("invalid strategy number"))
}
