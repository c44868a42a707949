//! COMMENT ON.

use super::Ddl;
use super::constraint::column_number;
use super::function::named_routine;
use super::name::{name_list, wrong_object};
use crate::catalog::{Comment, ObjectAddress, ObjectClass, RelationKind};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::Oid;
use crate::sqlstate;

impl Ddl<'_> {
    pub async fn comment(&mut self, statement: &ast::CommentStmt) -> Result<&'static str> {
        let on = self.commented(statement)?;
        let old = self.work.catalog.comment_on(on).map(|comment| comment.oid);
        match (statement.comment.as_str(), old) {
            ("", Some(oid)) => self.remove(ObjectClass::Comment, oid),
            ("", None) => {}
            (text, old) => {
                let oid = old.unwrap_or_else(|| self.next_oid());
                self.put(Comment { oid, on, text: text.to_owned() });
            }
        }
        Ok("COMMENT")
    }

    pub(super) fn commented(&self, statement: &ast::CommentStmt) -> Result<ObjectAddress> {
        use ast::ObjectType as Kind;
        let node = statement.object.as_ref().and_then(|node| node.node.as_ref());
        match statement.objtype() {
            kind @ (Kind::ObjectTable
            | Kind::ObjectView
            | Kind::ObjectMatview
            | Kind::ObjectIndex
            | Kind::ObjectSequence) => self.commented_relation(kind, &name_list(node)),
            Kind::ObjectColumn => self.commented_column(&name_list(node)),
            Kind::ObjectTabconstraint => self.commented_constraint(&name_list(node)),
            Kind::ObjectTrigger => self.commented_trigger(&name_list(node)),
            Kind::ObjectPolicy => self.commented_policy(&name_list(node)),
            Kind::ObjectRule => {
                let parts = name_list(node);
                let (relation, name) = self.on_owned_table(&parts, "rule")?;
                self.rule_on(&relation, name)
            }
            Kind::ObjectSchema => self.commented_schema(&plain_name(node)),
            Kind::ObjectType => match node {
                Some(NodeEnum::TypeName(name)) => {
                    let oid = self.resolve_type(name)?.oid;
                    if let Some(ty) = self.work.catalog.type_(oid) {
                        self.require_owner(ty.owner, "type", &ty.name)?;
                    }
                    Ok(ObjectAddress::type_(oid))
                }
                _ => Err(Error::unsupported("COMMENT ON this object")),
            },
            Kind::ObjectDomain => match node {
                Some(NodeEnum::TypeName(name)) => {
                    self.owned_domain(&name.names).map(|ty| ty.address())
                }
                _ => Err(Error::unsupported("COMMENT ON this object")),
            },
            Kind::ObjectDomconstraint => match node {
                Some(NodeEnum::List(list)) => match list.items.as_slice() {
                    [
                        ast::Node { node: Some(NodeEnum::TypeName(domain)) },
                        ast::Node { node: Some(NodeEnum::String(name)) },
                    ] => self.commented_domain_constraint(domain, &name.sval),
                    _ => Err(Error::unsupported("COMMENT ON this object")),
                },
                _ => Err(Error::unsupported("COMMENT ON this object")),
            },
            kind @ (Kind::ObjectFunction
            | Kind::ObjectProcedure
            | Kind::ObjectRoutine
            | Kind::ObjectAggregate) => {
                let function = self.routine_of(statement.object.as_deref(), kind)?;
                self.require_routine_owner(&function, named_routine(kind))?;
                Ok(function.address())
            }
            Kind::ObjectOperator => {
                self.operator_of(statement.object.as_deref()).map(|operator| operator.address())
            }
            Kind::ObjectCast => match statement.object.as_deref() {
                Some(node) => self.cast_target(node),
                None => Err(Error::syntax("a cast is named by two types")),
            },
            Kind::ObjectStatisticExt => self.own_statistics(node).map(|found| found.address()),
            Kind::ObjectExtension => {
                self.owned_extension(&plain_name(node)).map(|found| found.address())
            }
            Kind::ObjectAccessMethod => self.commented_method(&plain_name(node)),
            Kind::ObjectDatabase | Kind::ObjectRole => self.commented_shared(statement, node),
            Kind::ObjectLargeobject => self.commented_large_object(node),
            _ => Err(Error::unsupported("COMMENT ON this kind of object")),
        }
    }

    fn commented_relation(&self, kind: ast::ObjectType, parts: &[&str]) -> Result<ObjectAddress> {
        let relation = self.relation_of_parts(parts)?;
        self.require_relation_owner(&relation)?;
        let (fits, what) = match kind {
            ast::ObjectType::ObjectView => (matches!(relation.kind, RelationKind::View(_)), "view"),
            ast::ObjectType::ObjectIndex => {
                (matches!(relation.kind, RelationKind::Index(_)), "index")
            }
            ast::ObjectType::ObjectSequence => {
                (matches!(relation.kind, RelationKind::Sequence(_)), "sequence")
            }
            ast::ObjectType::ObjectMatview => {
                (relation.is_materialized_view(), "materialized view")
            }
            _ => (relation.is_table(), "table"),
        };
        if fits { Ok(relation.address()) } else { Err(wrong_object(&relation.name, what)) }
    }

    fn commented_column(&self, parts: &[&str]) -> Result<ObjectAddress> {
        let Some((column, relation)) = parts.split_last() else {
            return Err(Error::syntax("column name must be qualified"));
        };
        let relation = self.relation_of_parts(relation)?;
        self.require_owner(relation.owner, "relation", &relation.name)?;
        let attnum = column_number(&relation, column).ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_COLUMN,
                format!("column \"{column}\" of relation \"{}\" does not exist", relation.name),
            )
        })?;
        Ok(ObjectAddress::column(relation.oid, attnum))
    }

    fn commented_schema(&self, name: &str) -> Result<ObjectAddress> {
        let oid = self.schema_named(name)?;
        if let Some(schema) = self.work.catalog.schema(oid) {
            self.require_owner(schema.owner, "schema", name)?;
        }
        Ok(ObjectAddress::schema(oid))
    }

    fn commented_constraint(&self, parts: &[&str]) -> Result<ObjectAddress> {
        let (relation, name) = self.on_owned_table(parts, "constraint")?;
        self.constraint_on(relation.oid, name).map(ObjectAddress::constraint).ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("constraint \"{name}\" for table \"{}\" does not exist", relation.name),
            )
        })
    }

    fn commented_trigger(&self, parts: &[&str]) -> Result<ObjectAddress> {
        let (relation, name) = self.on_owned_table(parts, "trigger")?;
        let trigger = self.work.catalog.trigger_named(relation.oid, name);
        trigger
            .map(|trigger| trigger.address())
            .ok_or_else(|| super::trigger_change::no_trigger(name, &relation.name))
    }

    fn commented_policy(&self, parts: &[&str]) -> Result<ObjectAddress> {
        let (relation, name) = self.on_owned_table(parts, "policy")?;
        self.policy_on(&relation, name).map(|policy| policy.address())
    }

    fn commented_method(&self, name: &str) -> Result<ObjectAddress> {
        let found = self.work.catalog.access_method_named(name).map(|method| method.oid);
        let oid = found.ok_or_else(|| super::index::undefined_method(name))?;
        match self.current_role()?.superuser {
            true => Ok(ObjectAddress::new(crate::catalog::relation_oid::PG_AM, oid)),
            false => Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, "must be superuser")),
        }
    }

    fn commented_shared(
        &self,
        statement: &ast::CommentStmt,
        node: Option<&NodeEnum>,
    ) -> Result<ObjectAddress> {
        let name = plain_name(node);
        let key = |class, what: &str| {
            let found = self.work.catalog.named(class, 0, &name).first().copied();
            let oid = found.ok_or_else(|| {
                Error::new(sqlstate::UNDEFINED_OBJECT, format!("{what} \"{name}\" does not exist"))
            })?;
            Ok(oid)
        };
        match statement.objtype() {
            ast::ObjectType::ObjectRole => {
                let oid = key(ObjectClass::Role, "role")?;
                self.require_role_comment(oid)?;
                Ok(ObjectAddress::new(PG_AUTHID, oid))
            }
            _ => {
                let oid = key(ObjectClass::Database, "database")?;
                if let Some(database) = self.work.catalog.database(oid) {
                    self.require_owner(database.owner, "database", &name)?;
                }
                Ok(ObjectAddress::new(PG_DATABASE, oid))
            }
        }
    }

    /// `42501` unless the current role may comment on a role.
    fn require_role_comment(&self, oid: Oid) -> Result<()> {
        let current = self.current_role()?;
        let on_superuser = self.work.catalog.role(oid).is_some_and(|role| role.superuser);
        let refused = match (current.superuser, on_superuser, current.create_role) {
            (false, true, _) => "must be superuser",
            (false, false, false) => "must have CREATEROLE privilege",
            _ => return Ok(()),
        };
        Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, refused))
    }

    fn relation_of_parts(
        &self,
        parts: &[&str],
    ) -> Result<std::sync::Arc<crate::catalog::Relation>> {
        let (schema, name) = match parts {
            [name] => (None, *name),
            [schema, name] | [_, schema, name] => (Some(*schema), *name),
            _ => return Err(Error::syntax("improper relation name")),
        };
        self.relation_by_name(schema, name).ok_or_else(|| Error::undefined_table(&parts.join(".")))
    }
}

const PG_AUTHID: u32 = 1260;
const PG_DATABASE: u32 = 1262;

fn plain_name(node: Option<&NodeEnum>) -> String {
    match node {
        Some(NodeEnum::String(name)) => name.sval.clone(),
        _ => String::new(),
    }
}
