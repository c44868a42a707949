//! GRANT and REVOKE on objects and columns.
//!
//! Each object's list is changed by itself: the grantor is the role with the most
//! options to grant among the current one and those it inherits from, the owner if it
//! may act as the owner.

use std::sync::Arc;

use super::{Ddl, strings};
use crate::catalog::acl::{self, AccessList, AclItem, AclKind, Guarded, PRIVILEGES};
use crate::catalog::system::language_named;
use crate::catalog::{
    FunctionKind, ObjectAddress, ObjectClass, Relation, RelationKind, TypeKind, relation_oid,
};
use crate::error::{Error, Report, Result, Severity};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, oid};
use crate::sqlstate::{self, SqlState};
use crate::txn::LockMode;

/// An object that a statement names, with what its messages call it.
pub(super) struct Named {
    pub guarded: Guarded,
    pub name: String,
    pub word: &'static str,
}

impl Named {
    fn in_warnings(&self) -> String {
        match self.word {
            "column" => format!("column {}", self.name),
            _ => format!("\"{}\"", self.name),
        }
    }
}

/// The privileges that a statement names: `None` in place of a list is ALL.
struct Asked {
    bits: Option<u32>,
    columns: Vec<(Option<u32>, Vec<String>)>,
}

/// How lists are changed.
pub(super) struct Change {
    pub is_grant: bool,
    /// WITH GRANT OPTION, or GRANT OPTION FOR.
    pub option: bool,
    pub cascade: bool,
    /// 0 is PUBLIC.
    pub grantees: Vec<Oid>,
}

impl Ddl<'_> {
    pub async fn grant(&mut self, statement: &ast::GrantStmt) -> Result<&'static str> {
        let change = self.acl_change(statement)?;
        self.check_grantor(statement.grantor.as_ref())?;
        let asked = asked(&statement.privileges)?;
        let targets = self.grant_targets(statement).await?;
        check_asked(&asked, statement.objtype())?;
        for target in &targets {
            if !asked.columns.is_empty() && target.guarded.kind != AclKind::Table {
                return Err(Error::new(
                    sqlstate::INVALID_GRANT_OPERATION,
                    "column privileges are only valid for relations",
                ));
            }
            let is_whole = asked.columns.is_empty() || asked.bits != Some(0);
            if is_whole {
                let bits = self.bits_for(target, asked.bits, statement.objtype())?;
                self.change_acl(target, bits, asked.bits.is_none(), &change)?;
                if !change.is_grant && target.guarded.kind == AclKind::Table {
                    self.revoke_on_columns(target, bits, &change)?;
                }
            }
            for (bits, columns) in &asked.columns {
                self.grant_columns(target, *bits, columns, &change)?;
            }
        }
        Ok(if statement.is_grant { "GRANT" } else { "REVOKE" })
    }

    pub(super) fn acl_change(&self, statement: &ast::GrantStmt) -> Result<Change> {
        let mut grantees = Vec::new();
        for node in &statement.grantees {
            let Some(NodeEnum::RoleSpec(spec)) = &node.node else { continue };
            let grantee = match spec.roletype() {
                ast::RoleSpecType::RolespecPublic => oid::INVALID,
                _ => self.role_of(spec)?.oid,
            };
            if grantee == oid::INVALID && statement.is_grant && statement.grant_option {
                return Err(Error::new(
                    sqlstate::INVALID_GRANT_OPERATION,
                    "grant options can only be granted to roles",
                ));
            }
            grantees.push(grantee);
        }
        Ok(Change {
            is_grant: statement.is_grant,
            option: statement.grant_option,
            cascade: statement.behavior() == ast::DropBehavior::DropCascade,
            grantees,
        })
    }

    fn check_grantor(&self, grantor: Option<&ast::RoleSpec>) -> Result<()> {
        let Some(grantor) = grantor else { return Ok(()) };
        if self.role_of(grantor)?.oid == self.current_role()?.oid {
            return Ok(());
        }
        Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, "grantor must be current user"))
    }

    /// The objects of the statement, each locked against other changes.
    async fn grant_targets(&mut self, statement: &ast::GrantStmt) -> Result<Vec<Named>> {
        if statement.targtype() == ast::GrantTargetType::AclTargetAllInSchema {
            return self.all_in_schemas(statement);
        }
        let mut targets = Vec::new();
        for node in &statement.objects {
            targets.push(self.grant_target(statement.objtype(), node).await?);
        }
        Ok(targets)
    }

    async fn grant_target(&mut self, kind: ast::ObjectType, node: &ast::Node) -> Result<Named> {
        use ast::ObjectType as Kind;
        let unnamed = || Error::syntax("GRANT on an object without a name");
        let node = node.node.as_ref().ok_or_else(unnamed)?;
        match (kind, node) {
            (Kind::ObjectTable | Kind::ObjectSequence, NodeEnum::RangeVar(name)) => {
                let relation = self.find_relation(name)?;
                self.lock_relation(relation.oid, LockMode::ShareUpdateExclusive).await?;
                let relation = self.relation(relation.oid)?;
                if matches!(relation.kind, RelationKind::Index(_)) {
                    return Err(Error::new(
                        sqlstate::WRONG_OBJECT_TYPE,
                        format!("\"{}\" is an index", relation.name),
                    ));
                }
                let is_sequence = matches!(relation.kind, RelationKind::Sequence(_));
                if kind == Kind::ObjectSequence && !is_sequence {
                    return Err(super::name::wrong_object(&relation.name, "sequence"));
                }
                Ok(named_relation(&relation))
            }
            (Kind::ObjectSchema, NodeEnum::String(name)) => {
                let schema = self.schema_named(&name.sval)?;
                self.named(ObjectAddress::schema(schema), &name.sval, "schema")
            }
            (Kind::ObjectLanguage, NodeEnum::String(name)) => {
                let (oid, is_trusted) = language_named(&name.sval).ok_or_else(|| {
                    let message = format!("language \"{}\" does not exist", name.sval);
                    Error::new(sqlstate::UNDEFINED_OBJECT, message)
                })?;
                if !is_trusted {
                    let message = format!("language \"{}\" is not trusted", name.sval);
                    return Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, message).with_detail(
                        "GRANT and REVOKE are not allowed on untrusted languages, because only \
                         superusers can use untrusted languages.",
                    ));
                }
                let on = ObjectAddress::new(relation_oid::PG_LANGUAGE, oid);
                self.named(on, &name.sval, "language")
            }
            (Kind::ObjectDatabase, NodeEnum::String(name)) => {
                let found = self.work.catalog.databases().find(|d| d.name == name.sval);
                let database = found.map(|found| found.oid).ok_or_else(|| {
                    Error::new(
                        sqlstate::UNDEFINED_DATABASE,
                        format!("database \"{}\" does not exist", name.sval),
                    )
                })?;
                let on = ObjectAddress::new(relation_oid::PG_DATABASE, database);
                self.named(on, &name.sval, "database")
            }
            (Kind::ObjectType | Kind::ObjectDomain, NodeEnum::List(names)) => {
                let parts = strings(&names.items);
                let ty = self.granted_type(&names.items)?;
                let is_domain = self.is_domain_type(ty);
                if kind == Kind::ObjectDomain && !is_domain {
                    return Err(super::name::wrong_object(&parts.join("."), "domain"));
                }
                let name = parts.last().copied().unwrap_or_default().to_owned();
                self.named(ObjectAddress::type_(ty), &name, "type")
            }
            (
                Kind::ObjectFunction | Kind::ObjectProcedure | Kind::ObjectRoutine,
                NodeEnum::ObjectWithArgs(function),
            ) => {
                let (oid, name) = self.granted_function(function)?;
                self.require_routine_kind(oid, kind)?;
                self.named(ObjectAddress::function(oid), &name, "function")
            }
            (Kind::ObjectLargeobject, number) => self.granted_large_object(number).await,
            _ => Err(Error::unsupported("GRANT on this kind of object")),
        }
    }

    fn named(&self, on: ObjectAddress, name: &str, word: &'static str) -> Result<Named> {
        let guarded = self.work.catalog.guarded(on);
        let guarded = guarded.ok_or_else(|| Error::internal("an object without privileges"))?;
        Ok(Named { guarded, name: name.to_owned(), word })
    }

    fn is_domain_type(&self, ty: Oid) -> bool {
        let found = self.work.catalog.type_(ty);
        found.is_some_and(|ty| matches!(ty.kind, TypeKind::Domain { .. }))
    }

    /// FUNCTION is no word for a procedure, nor PROCEDURE for a function.
    fn require_routine_kind(&self, function: Oid, kind: ast::ObjectType) -> Result<()> {
        let catalog = &self.work.catalog;
        let Some(function) = catalog.function(function) else { return Ok(()) };
        let is_procedure = function.kind == FunctionKind::Procedure;
        let word = match kind {
            ast::ObjectType::ObjectFunction if is_procedure => "function",
            ast::ObjectType::ObjectProcedure if !is_procedure => "procedure",
            _ => return Ok(()),
        };
        let path = &self.ctx.eval.settings.search_path;
        let signature = catalog.function_signature(path, function);
        Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, format!("{signature} is not a {word}")))
    }

    fn granted_type(&self, names: &[ast::Node]) -> Result<Oid> {
        let found = self.type_by_name(names)?;
        let oid = found.ok_or_else(|| Error::undefined_type(&strings(names).join(".")))?;
        let is_array = self.work.catalog.type_(oid).is_some_and(|ty| ty.is_true_array());
        if is_array {
            return Err(Error::new(
                sqlstate::INVALID_GRANT_OPERATION,
                "cannot set privileges of array types",
            )
            .with_hint("Set the privileges of the element type instead."));
        }
        Ok(oid)
    }

    fn granted_function(&self, function: &ast::ObjectWithArgs) -> Result<(Oid, String)> {
        let parts = strings(&function.objname);
        let name = parts.last().copied().unwrap_or_default();
        let catalog = &self.work.catalog;
        let schemas: Vec<Oid> = match parts.as_slice() {
            [schema, _] => vec![self.schema_named(schema)?],
            _ => self.ctx.eval.settings.search_path.clone(),
        };
        let mut args = Vec::with_capacity(function.objargs.len());
        for node in &function.objargs {
            if let Some(NodeEnum::TypeName(name)) = &node.node {
                args.push(self.resolve_type(name)?.oid);
            }
        }
        let candidates: Vec<Oid> = schemas
            .iter()
            .flat_map(|schema| catalog.named(ObjectClass::Function, *schema, name))
            .copied()
            .collect();
        let matches = |oid: &Oid| {
            let found = catalog.function(*oid);
            found.is_some_and(|found| function.args_unspecified || found.args == args)
        };
        let found: Vec<Oid> = candidates.into_iter().filter(matches).collect();
        match found.as_slice() {
            [] if function.args_unspecified => Err(Error::new(
                sqlstate::UNDEFINED_FUNCTION,
                format!("could not find a function named \"{}\"", parts.join(".")),
            )),
            [] => {
                let types: Vec<String> =
                    args.iter().map(|oid| catalog.type_name(*oid, -1)).collect();
                Err(Error::undefined_function(&format!(
                    "{}({})",
                    parts.join("."),
                    types.join(", ")
                )))
            }
            [_, _, ..] if function.args_unspecified => Err(Error::new(
                sqlstate::AMBIGUOUS_FUNCTION,
                format!("function name \"{}\" is not unique", parts.join(".")),
            )
            .with_hint("Specify the argument list to select the function unambiguously.")),
            [first, ..] => Ok((*first, name.to_owned())),
        }
    }

    fn all_in_schemas(&self, statement: &ast::GrantStmt) -> Result<Vec<Named>> {
        use ast::ObjectType as Kind;
        let mut targets = Vec::new();
        for name in strings(&statement.objects) {
            let schema = self.schema_named(name)?;
            let catalog = &self.work.catalog;
            match statement.objtype() {
                kind @ (Kind::ObjectTable | Kind::ObjectSequence) => {
                    let fits = |relation: &&Arc<Relation>| match relation.kind {
                        RelationKind::Sequence(_) => kind == Kind::ObjectSequence,
                        RelationKind::Index(_) => false,
                        _ => kind == Kind::ObjectTable,
                    };
                    let found = catalog.relations().filter(|r| r.schema == schema).filter(fits);
                    targets.extend(found.map(|relation| named_relation(relation)));
                }
                Kind::ObjectFunction | Kind::ObjectProcedure | Kind::ObjectRoutine => {
                    for function in catalog.functions().filter(|f| f.schema == schema) {
                        targets.push(self.named(function.address(), &function.name, "function")?);
                    }
                }
                _ => return Err(Error::unsupported("GRANT on all objects of this kind")),
            }
        }
        Ok(targets)
    }

    /// The privileges meant for one object.
    fn bits_for(&self, target: &Named, asked: Option<u32>, kind: ast::ObjectType) -> Result<u32> {
        let all = target.guarded.kind.all();
        let Some(bits) = asked else { return Ok(all) };
        if bits & !all == 0 {
            return Ok(bits);
        }
        if kind == ast::ObjectType::ObjectTable && target.guarded.kind == AclKind::Sequence {
            self.report(warning(
                sqlstate::INVALID_GRANT_OPERATION,
                format!(
                    "sequence \"{}\" only supports USAGE, SELECT, and UPDATE privileges",
                    target.name
                ),
            ));
            return Ok(bits & all);
        }
        let word = if target.guarded.kind == AclKind::Table { "table" } else { target.word };
        Err(invalid_privilege(bits & !all, word))
    }

    /// Changes the list of one object.
    fn change_acl(&mut self, target: &Named, bits: u32, all: bool, change: &Change) -> Result<()> {
        let is_large_object = target.guarded.kind == AclKind::LargeObject;
        let items = match is_large_object {
            true => self.large_object_acl(target.guarded.on.oid)?,
            false => self.work.catalog.acl_or_default(target.guarded),
        };
        let (grantor, bits) = self.grantable(target, &items, bits, all, change)?;
        let items = self.changed_items(items, bits, grantor, target.guarded.owner, change)?;
        match is_large_object {
            true => self.put_large_object_acl(target.guarded.on.oid, items),
            false => {
                self.put_acl(target.guarded.on, Some(items));
                Ok(())
            }
        }
    }

    /// The grantor, and what it can grant or revoke of what was asked for.
    fn grantable(
        &self,
        target: &Named,
        items: &[AclItem],
        bits: u32,
        all: bool,
        change: &Change,
    ) -> Result<(Oid, u32)> {
        let role = self.current_role()?;
        let catalog = &self.work.catalog;
        let Guarded { kind, owner, .. } = target.guarded;
        let (grantor, options) = catalog.best_grantor(&role, bits, items, owner);
        if options == 0 {
            let any = kind.all() | acl::grant_options(kind.all());
            if catalog.rights_in(&role, items, owner, any) == 0 && !role.superuser {
                return Err(denied(target.word, &target.name));
            }
        }
        let possible = bits & acl::privileges_of(options);
        let (what, code) = match change.is_grant {
            true => ("were granted", sqlstate::WARNING_PRIVILEGE_NOT_GRANTED),
            false => ("could be revoked", sqlstate::WARNING_PRIVILEGE_NOT_REVOKED),
        };
        if bits == 0 {
            return Ok((grantor, possible));
        }
        if possible == 0 {
            let message = format!("no privileges {what} for {}", target.in_warnings());
            self.report(warning(code, message));
        } else if !all && possible != bits {
            let message = format!("not all privileges {what} for {}", target.in_warnings());
            self.report(warning(code, message));
        }
        Ok((grantor, possible))
    }

    /// A list with what the statement grants or revokes.
    pub(super) fn changed_items(
        &self,
        mut items: Vec<AclItem>,
        bits: u32,
        grantor: Oid,
        owner: Oid,
        change: &Change,
    ) -> Result<Vec<AclItem>> {
        let catalog = &self.work.catalog;
        let options = acl::grant_options(bits);
        for grantee in &change.grantees {
            let bits = match (change.is_grant, change.option) {
                (true, true) | (false, false) => bits | options,
                (true, false) => bits,
                (false, true) => options,
            };
            // The owner's options are always there.
            let bits = if *grantee == owner { bits & !options } else { bits };
            let item = AclItem { grantee: *grantee, grantor, bits };
            items = match change.is_grant {
                true => catalog.acl_granted(items, item, owner)?,
                false => catalog.acl_revoked(items, item, owner, change.cascade)?,
            };
        }
        Ok(items)
    }

    fn grant_columns(
        &mut self,
        target: &Named,
        bits: Option<u32>,
        columns: &[String],
        change: &Change,
    ) -> Result<()> {
        let relation = self.relation(target.guarded.on.oid)?;
        let all = AclKind::Column.all();
        let asked = bits.unwrap_or(all);
        if asked & !all != 0 {
            return Err(invalid_privilege(asked & !all, "column"));
        }
        let table = self.work.catalog.acl_or_default(target.guarded);
        for column in columns {
            let number = super::constraint::column_number(&relation, column);
            let number = number.or_else(|| system_column_number(column)).ok_or_else(|| {
                Error::new(
                    sqlstate::UNDEFINED_COLUMN,
                    format!("column \"{column}\" of relation \"{}\" does not exist", relation.name),
                )
            })?;
            let guarded = Guarded::column(&relation, number);
            let items = self.work.catalog.acl(guarded.on).unwrap_or_default();
            // Options on the table count for its columns.
            let merged: Vec<AclItem> = table.iter().chain(&items).copied().collect();
            let named = Named {
                guarded: target.guarded,
                name: format!("\"{column}\" of relation \"{}\"", relation.name),
                word: "column",
            };
            let (grantor, bits) = self.grantable(&named, &merged, asked, bits.is_none(), change)?;
            let items = self.changed_items(items, bits, grantor, relation.owner, change)?;
            self.put_acl(guarded.on, (!items.is_empty()).then_some(items));
        }
        Ok(())
    }

    /// What is revoked on a table is revoked on its columns, too.
    fn revoke_on_columns(&mut self, target: &Named, bits: u32, change: &Change) -> Result<()> {
        let bits = bits & AclKind::Column.all();
        let relation = self.relation(target.guarded.on.oid)?;
        let role = self.current_role()?;
        for number in 1..=relation.columns.len() {
            let Ok(number) = i16::try_from(number) else { break };
            let on = ObjectAddress::column(relation.oid, number);
            let Some(list) = self.work.catalog.access_list_on(on).cloned() else { continue };
            let table = self.work.catalog.acl_or_default(target.guarded);
            let merged: Vec<AclItem> = table.iter().chain(&list.items).copied().collect();
            let (grantor, options) =
                self.work.catalog.best_grantor(&role, bits, &merged, relation.owner);
            let bits = bits & acl::privileges_of(options);
            let items = list.items.clone();
            let items = self.changed_items(items, bits, grantor, relation.owner, change)?;
            self.put_acl(on, (!items.is_empty()).then_some(items));
        }
        Ok(())
    }

    /// Replaces the list of an object; `None` takes it away.
    pub(super) fn put_acl(&mut self, on: ObjectAddress, items: Option<Vec<AclItem>>) {
        let known = self.work.catalog.access_list_on(on).map(|list| list.oid);
        match (items, known) {
            (Some(items), known) => {
                let oid = known.unwrap_or_else(|| self.next_oid());
                self.put(AccessList { oid, on, items });
            }
            (None, Some(known)) => self.remove(ObjectClass::AccessList, known),
            (None, None) => {}
        }
    }
}

fn named_relation(relation: &Relation) -> Named {
    Named {
        guarded: Guarded::relation(relation),
        name: relation.name.clone(),
        word: if relation.kind_word() == "sequence" { "sequence" } else { "table" },
    }
}

/// Reads a list of privileges.
fn asked(nodes: &[ast::Node]) -> Result<Asked> {
    if nodes.is_empty() {
        return Ok(Asked { bits: None, columns: Vec::new() });
    }
    let mut asked = Asked { bits: Some(0), columns: Vec::new() };
    for node in nodes {
        let Some(NodeEnum::AccessPriv(privilege)) = &node.node else { continue };
        // Without a name it is ALL, which stands alone or has columns.
        let bits = match privilege.priv_name.as_str() {
            "" => None,
            name => Some(privilege_bit(name)?),
        };
        if privilege.cols.is_empty() {
            asked.bits = asked.bits.zip(bits).map(|(known, new)| known | new);
        } else {
            let columns = strings(&privilege.cols).into_iter().map(str::to_owned).collect();
            asked.columns.push((bits, columns));
        }
    }
    Ok(asked)
}

pub(super) fn asked_bits(nodes: &[ast::Node]) -> Result<Option<u32>> {
    asked(nodes).map(|asked| asked.bits)
}

fn privilege_bit(name: &str) -> Result<u32> {
    let upper = name.to_ascii_uppercase();
    let upper = if upper == "TEMP" { "TEMPORARY".to_owned() } else { upper };
    let at = PRIVILEGES.iter().position(|(_, known)| *known == upper);
    at.map(|at| 1 << at)
        .ok_or_else(|| Error::syntax(format!("unrecognized privilege type \"{name}\"")))
}

/// Privileges that no object of the statement's kind has.
fn check_asked(asked: &Asked, kind: ast::ObjectType) -> Result<()> {
    use ast::ObjectType as Kind;
    let (all, word) = match kind {
        Kind::ObjectTable => (AclKind::Table.all() | AclKind::Sequence.all(), "relation"),
        Kind::ObjectSequence => (AclKind::Sequence.all(), "sequence"),
        Kind::ObjectDatabase => (AclKind::Database.all(), "database"),
        Kind::ObjectLanguage => (AclKind::Language.all(), "language"),
        Kind::ObjectFunction => (AclKind::Function.all(), "function"),
        Kind::ObjectProcedure => (AclKind::Function.all(), "procedure"),
        Kind::ObjectRoutine => (AclKind::Function.all(), "routine"),
        Kind::ObjectSchema => (AclKind::Schema.all(), "schema"),
        Kind::ObjectType => (AclKind::Type.all(), "type"),
        Kind::ObjectDomain => (AclKind::Type.all(), "domain"),
        Kind::ObjectLargeobject => (AclKind::LargeObject.all(), "large object"),
        _ => return Ok(()),
    };
    match asked.bits.map(|bits| bits & !all) {
        None | Some(0) => Ok(()),
        Some(wrong) => Err(invalid_privilege(wrong, word)),
    }
}

pub(super) fn invalid_privilege(bits: u32, word: &str) -> Error {
    let at = bits.trailing_zeros() as usize;
    let name = PRIVILEGES.get(at).map_or("", |(_, name)| *name);
    Error::new(
        sqlstate::INVALID_GRANT_OPERATION,
        format!("invalid privilege type {name} for {word}"),
    )
}

fn denied(word: &str, name: &str) -> Error {
    Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, format!("permission denied for {word} {name}"))
}

fn warning(code: SqlState, message: String) -> Report {
    Report { code: Some(code), ..Error::notice(Severity::Warning, message) }
}

/// System columns have privileges of their own, too.
fn system_column_number(name: &str) -> Option<i16> {
    let known = ["ctid", "xmin", "cmin", "xmax", "cmax", "tableoid"];
    let at = known.iter().position(|known| *known == name)?;
    Some(-1 - at as i16)
}
