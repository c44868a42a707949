//! Who may read and change what.
//!
//! The binder notes what a statement needs: for each relation the privileges and the
//! columns, and whose privileges count: those of the current user, or of the owner of
//! the view through which the relation is used. They are checked each time that the
//! statement is run ([`check`]), since the current user may be another by then.

use std::collections::BTreeSet;

use crate::catalog::acl::{self, Guarded};
use crate::catalog::system::language_named;
use crate::catalog::{
    Catalog, FunctionKind, ObjectAddress, Relation, RelationKind, Role, RowSecurityState,
    relation_oid,
};
use crate::error::{Error, Result};
use crate::sql::functions::{EvalContext, Given};
use crate::sql::types::Oid;
use crate::sqlstate;

/// What a statement needs of one relation.
#[derive(Clone, Debug)]
pub struct Permission {
    pub relation: Oid,
    /// Whose privileges count; `None` is the current user.
    pub role: Option<Oid>,
    /// As in [`acl`].
    pub required: u32,
    pub selected: BTreeSet<i16>,
    pub inserted: BTreeSet<i16>,
    pub updated: BTreeSet<i16>,
}

/// What a statement needs.
#[derive(Clone, Default, Debug)]
pub struct Permissions {
    relations: Vec<Permission>,
    /// Users' functions that it calls.
    functions: BTreeSet<Oid>,
}

impl Permissions {
    pub fn is_empty(&self) -> bool {
        self.relations.is_empty() && self.functions.is_empty()
    }

    /// The entry for a relation.
    pub fn of(&mut self, relation: Oid, role: Option<Oid>) -> &mut Permission {
        let same = |known: &Permission| known.relation == relation && known.role == role;
        let at = self.relations.iter().position(same).unwrap_or_else(|| {
            self.relations.push(Permission {
                relation,
                role,
                required: 0,
                selected: BTreeSet::new(),
                inserted: BTreeSet::new(),
                updated: BTreeSet::new(),
            });
            self.relations.len() - 1
        });
        &mut self.relations[at]
    }

    /// A relation that is read, or otherwise needs something as a whole.
    pub fn require(&mut self, relation: Oid, role: Option<Oid>, privileges: u32) {
        self.of(relation, role).required |= privileges;
    }

    /// A column that is read.
    pub fn select(&mut self, relation: Oid, role: Option<Oid>, column: i16) {
        let entry = self.of(relation, role);
        entry.required |= acl::SELECT;
        entry.selected.insert(column);
    }

    /// The relations that it writes to, or whose rows it locks.
    pub fn written(&self) -> impl Iterator<Item = Oid> + '_ {
        let writes = |permission: &&Permission| permission.required & !acl::SELECT != 0;
        self.relations.iter().filter(writes).map(|permission| permission.relation)
    }

    pub fn execute(&mut self, function: Oid) {
        self.functions.insert(function);
    }
}

/// Checks that what a statement needs is granted.
pub fn check(permissions: &Permissions, eval: &EvalContext) -> Result<()> {
    let current = current_role(eval)?;
    let catalog = &eval.catalog;
    for permission in &permissions.relations {
        let role = match permission.role {
            None => current,
            Some(oid) => match catalog.role(oid) {
                Some(role) => role,
                None => continue,
            },
        };
        if role.superuser {
            continue;
        }
        let Some(relation) = catalog.relation(permission.relation) else { continue };
        if !is_granted(permission, role, relation, catalog) {
            return Err(denied_on(relation));
        }
    }
    if current.superuser {
        return Ok(());
    }
    for function in &permissions.functions {
        check_function(*function, eval)?;
    }
    Ok(())
}

/// What a statement gives values to of relations that its role may not read as a whole;
/// none if there is no such relation.
pub fn given_unread(permissions: &Permissions, eval: &EvalContext) -> Option<Given> {
    let catalog = &eval.catalog;
    let current = current_role(eval).ok()?;
    let mut given = Given::new();
    for permission in &permissions.relations {
        let role = permission.role.map_or(Some(current), |oid| catalog.role(oid).map(|r| &**r));
        let (Some(role), Some(relation)) = (role, catalog.relation(permission.relation)) else {
            continue;
        };
        let writes = permission.required & (acl::INSERT | acl::UPDATE | acl::DELETE) != 0;
        if writes && catalog.rights(role, Guarded::relation(relation), acl::SELECT) == 0 {
            let columns = permission.inserted.union(&permission.updated).copied().collect();
            given.push((relation.oid, columns));
        }
    }
    (!given.is_empty()).then_some(given)
}

/// `42501` unless the current user may call a function.
fn check_function(function: Oid, eval: &EvalContext) -> Result<()> {
    let current = current_role(eval)?;
    let Some(guarded) = eval.catalog.guarded(ObjectAddress::function(function)) else {
        return Ok(());
    };
    if eval.catalog.rights(current, guarded, acl::EXECUTE) != 0 {
        return Ok(());
    }
    let Some(function) = eval.catalog.function(function) else { return Ok(()) };
    let word = match function.kind {
        FunctionKind::Procedure => "procedure",
        FunctionKind::Aggregate => "aggregate",
        FunctionKind::Function | FunctionKind::Window => "function",
    };
    Err(denied(word, &function.name))
}

fn is_granted(
    permission: &Permission,
    role: &Role,
    relation: &Relation,
    catalog: &Catalog,
) -> bool {
    let on_table = catalog.rights(role, Guarded::relation(relation), permission.required);
    let missing = permission.required & !on_table;
    let by_column = acl::SELECT | acl::INSERT | acl::UPDATE;
    if missing & !by_column != 0 {
        return false;
    }
    let granted = |privilege: u32, columns: &BTreeSet<i16>| {
        if missing & privilege == 0 {
            return true;
        }
        let has =
            |number: i16| catalog.rights(role, Guarded::column(relation, number), privilege) != 0;
        match columns.is_empty() {
            true => {
                let live = relation.columns.iter().zip(1i16..).filter(|(c, _)| !c.dropped);
                live.map(|(_, number)| number).any(has)
            }
            false => columns.iter().all(|number| has(*number)),
        }
    };
    granted(acl::SELECT, &permission.selected)
        && granted(acl::INSERT, &permission.inserted)
        && granted(acl::UPDATE, &permission.updated)
}

/// Checks privileges on one relation that a utility statement names.
pub fn check_relation(relation: &Relation, privileges: u32, eval: &EvalContext) -> Result<()> {
    let role = current_role(eval)?;
    let guarded = Guarded::relation(relation);
    match eval.catalog.rights(role, guarded, privileges) == privileges {
        true => Ok(()),
        false => Err(denied_on(relation)),
    }
}

/// Checks that one of some privileges on a relation is there.
pub fn check_any(relation: &Relation, privileges: u32, eval: &EvalContext) -> Result<()> {
    let role = current_role(eval)?;
    match eval.catalog.rights(role, Guarded::relation(relation), privileges) {
        0 => Err(denied_on(relation)),
        _ => Ok(()),
    }
}

/// Checks a privilege on some columns, or on the whole relation.
pub fn check_columns(
    relation: &Relation,
    columns: impl IntoIterator<Item = i16>,
    privilege: u32,
    eval: &EvalContext,
) -> Result<()> {
    let mut permissions = Permissions::default();
    let entry = permissions.of(relation.oid, None);
    entry.required = privilege;
    let columns: BTreeSet<i16> = columns.into_iter().collect();
    (entry.selected, entry.inserted, entry.updated) = (columns.clone(), columns.clone(), columns);
    check(&permissions, eval)
}

/// A foreign key takes REFERENCES on the table that it refers to, or on its columns.
pub fn check_references(
    relation: &Relation,
    columns: impl IntoIterator<Item = i16>,
    eval: &EvalContext,
) -> Result<()> {
    let role = current_role(eval)?;
    let has = |guarded| eval.catalog.rights(role, guarded, acl::REFERENCES) != 0;
    let granted = has(Guarded::relation(relation))
        || columns.into_iter().all(|number| has(Guarded::column(relation, number)));
    if granted { Ok(()) } else { Err(denied_on(relation)) }
}

/// `42501` unless the current user may use a type.
pub fn check_type(ty: Oid, eval: &EvalContext) -> Result<()> {
    let role = current_role(eval)?;
    let element = eval.catalog.type_(ty).filter(|ty| ty.is_true_array()).map(|ty| ty.element);
    let ty = element.unwrap_or(ty);
    let Some(guarded) = eval.catalog.guarded(ObjectAddress::type_(ty)) else { return Ok(()) };
    match eval.catalog.rights(role, guarded, acl::USAGE) {
        0 => {
            let path = &eval.settings.search_path;
            Err(denied("type", &eval.catalog.format_type(path, ty, None)))
        }
        _ => Ok(()),
    }
}

/// `42501` unless the current user may write functions in a language.
pub fn check_language(name: &str, eval: &EvalContext) -> Result<()> {
    let Some((language, is_trusted)) = language_named(name) else { return Ok(()) };
    let role = current_role(eval)?;
    let on = ObjectAddress::new(relation_oid::PG_LANGUAGE, language);
    let may = match eval.catalog.guarded(on) {
        Some(guarded) if is_trusted => eval.catalog.rights(role, guarded, acl::USAGE) != 0,
        _ => role.superuser,
    };
    if may { Ok(()) } else { Err(denied("language", name)) }
}

/// `42501` unless the current user may use the objects of a schema.
pub fn check_schema(schema: Oid, eval: &EvalContext) -> Result<()> {
    let role = current_role(eval)?;
    let Some(guarded) = eval.catalog.guarded(ObjectAddress::schema(schema)) else { return Ok(()) };
    match eval.catalog.rights(role, guarded, acl::USAGE) {
        0 => Err(denied("schema", eval.catalog.schema_name(schema))),
        _ => Ok(()),
    }
}

pub fn current_role(eval: &EvalContext) -> Result<&Role> {
    let name = &eval.settings.current_user;
    let role = eval.catalog.role_named(name);
    role.map(|role| &**role)
        .ok_or_else(|| Error::internal(format!("role \"{name}\" does not exist")))
}

/// Whether the role that runs a statement has what a predefined role may.
pub fn has_role(eval: &EvalContext, name: &str) -> Result<bool> {
    let role = current_role(eval)?;
    let wanted = eval.catalog.role_named(name);
    Ok(wanted.is_some_and(|wanted| eval.catalog.has_privileges_of(role, wanted.oid))
        || role.superuser)
}

/// Whether the current role may do everything.
pub fn is_superuser(eval: &EvalContext) -> Result<bool> {
    Ok(current_role(eval)?.superuser)
}

/// `42501`: with `row_security = off`, what policies would change is an error.
pub fn affected_by_policies(relation: &Relation, is_owner: bool) -> Error {
    let error = Error::new(
        sqlstate::INSUFFICIENT_PRIVILEGE,
        format!(
            "query would be affected by row-level security policy for table \"{}\"",
            relation.name
        ),
    );
    match is_owner {
        true => error.with_hint(
            "To disable the policy for the table's owner, use ALTER TABLE NO FORCE ROW LEVEL \
             SECURITY.",
        ),
        false => error,
    }
}

/// Whether a table's policies hold for the current user, who has to have asked for that.
pub fn is_row_secured(relation: &Relation, eval: &EvalContext) -> Result<bool> {
    match eval.catalog.row_security(relation, current_role(eval)?) {
        RowSecurityState::Off => Ok(false),
        RowSecurityState::Applies { is_owner } if !eval.settings.row_security => {
            Err(affected_by_policies(relation, is_owner))
        }
        RowSecurityState::Applies { .. } => Ok(true),
    }
}

fn denied_on(relation: &Relation) -> Error {
    let word = match relation.kind {
        RelationKind::Virtual => "table",
        RelationKind::Composite => "type",
        _ => relation.kind_word(),
    };
    denied(word, &relation.name)
}

pub fn denied(word: &str, name: &str) -> Error {
    Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, format!("permission denied for {word} {name}"))
}
