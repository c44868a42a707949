//! Access control lists: who may do what with an object.
//!
//! An object without a list has its kind's default: everything for the owner, and
//! for PUBLIC what PostgreSQL gives it (EXECUTE, USAGE of types, CONNECT and
//! TEMPORARY). A list is kept apart from its object, under the object's address, as
//! comments are.
//!
//! ```text
//! alice=r*w/bob     grantee alice, SELECT with the option to grant it, UPDATE,
//!                   granted by bob; no grantee is PUBLIC
//! bits              privileges in the lower half, grant options in the upper
//! ```

use serde::{Deserialize, Serialize};

use super::system::{is_language, listed};
use super::{
    BOOTSTRAP_ROLE, Catalog, ObjectAddress, Relation, RelationKind, Role, quote_identifier,
    relation_oid,
};
use crate::error::{Error, Result};
use crate::sql::types::{Oid, oid};
use crate::sqlstate;

/// `pg_database_owner`: whoever owns the database is its one member.
pub const DATABASE_OWNER_ROLE: Oid = 6171;

pub const INSERT: u32 = 1 << 0;
pub const SELECT: u32 = 1 << 1;
pub const UPDATE: u32 = 1 << 2;
pub const DELETE: u32 = 1 << 3;
pub const TRUNCATE: u32 = 1 << 4;
pub const REFERENCES: u32 = 1 << 5;
pub const TRIGGER: u32 = 1 << 6;
pub const EXECUTE: u32 = 1 << 7;
pub const USAGE: u32 = 1 << 8;
pub const CREATE: u32 = 1 << 9;
pub const TEMPORARY: u32 = 1 << 10;
pub const CONNECT: u32 = 1 << 11;

/// Letters and names of privileges, by bit.
pub const PRIVILEGES: &[(char, &str)] = &[
    ('a', "INSERT"),
    ('r', "SELECT"),
    ('w', "UPDATE"),
    ('d', "DELETE"),
    ('D', "TRUNCATE"),
    ('x', "REFERENCES"),
    ('t', "TRIGGER"),
    ('X', "EXECUTE"),
    ('U', "USAGE"),
    ('C', "CREATE"),
    ('T', "TEMPORARY"),
    ('c', "CONNECT"),
    ('s', "SET"),
    ('A', "ALTER SYSTEM"),
];

const GRANT_SHIFT: u32 = 16;
const PRIVILEGE_BITS: u32 = 0xffff;

/// The options to grant some privileges.
pub const fn grant_options(privileges: u32) -> u32 {
    (privileges & PRIVILEGE_BITS) << GRANT_SHIFT
}

/// The privileges that some options are for.
pub const fn privileges_of(options: u32) -> u32 {
    options >> GRANT_SHIFT
}

/// What one role has granted to another, or to PUBLIC (0).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AclItem {
    pub grantee: Oid,
    pub grantor: Oid,
    pub bits: u32,
}

/// The list of one object or column.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessList {
    /// The list's own number; PostgreSQL has none, the catalog needs one.
    pub oid: Oid,
    pub on: ObjectAddress,
    pub items: Vec<AclItem>,
}

/// `pg_default_acl`: what new objects of a role get.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DefaultPrivileges {
    pub oid: Oid,
    pub role: Oid,
    /// 0 for all schemas.
    pub schema: Oid,
    /// `r`, `S`, `f`, `T` or `n`.
    pub kind: char,
    pub items: Vec<AclItem>,
}

/// Kinds of objects with privileges of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AclKind {
    Table,
    Sequence,
    Column,
    Database,
    Function,
    Schema,
    Type,
    Language,
    LargeObject,
}

impl AclKind {
    pub fn all(self) -> u32 {
        match self {
            AclKind::Table => INSERT | SELECT | UPDATE | DELETE | TRUNCATE | REFERENCES | TRIGGER,
            AclKind::Sequence => USAGE | SELECT | UPDATE,
            AclKind::Column => INSERT | SELECT | UPDATE | REFERENCES,
            AclKind::Database => CREATE | TEMPORARY | CONNECT,
            AclKind::Function => EXECUTE,
            AclKind::Schema => USAGE | CREATE,
            AclKind::Type | AclKind::Language => USAGE,
            AclKind::LargeObject => SELECT | UPDATE,
        }
    }

    fn public(self) -> u32 {
        match self {
            AclKind::Database => TEMPORARY | CONNECT,
            AclKind::Function => EXECUTE,
            AclKind::Type | AclKind::Language => USAGE,
            AclKind::Table
            | AclKind::Sequence
            | AclKind::Column
            | AclKind::Schema
            | AclKind::LargeObject => 0,
        }
    }

    /// As in "invalid privilege type USAGE for relation".
    pub fn word(self) -> &'static str {
        match self {
            AclKind::Table => "relation",
            AclKind::Sequence => "sequence",
            AclKind::Column => "column",
            AclKind::Database => "database",
            AclKind::Function => "function",
            AclKind::Schema => "schema",
            AclKind::Type => "type",
            AclKind::Language => "language",
            AclKind::LargeObject => "large object",
        }
    }

    /// `pg_default_acl.defaclobjtype`.
    pub fn letter(self) -> Option<char> {
        Some(match self {
            AclKind::Table => 'r',
            AclKind::Sequence => 'S',
            AclKind::Function => 'f',
            AclKind::Type => 'T',
            AclKind::Schema => 'n',
            AclKind::Column | AclKind::Database | AclKind::Language | AclKind::LargeObject => {
                return None;
            }
        })
    }

    /// `acldefault`: PUBLIC's item first, as PostgreSQL has it.
    pub fn default_items(self, owner: Oid) -> Vec<AclItem> {
        let mut items = Vec::new();
        if self.public() != 0 {
            items.push(AclItem { grantee: 0, grantor: owner, bits: self.public() });
        }
        if self != AclKind::Column {
            items.push(AclItem { grantee: owner, grantor: owner, bits: self.all() });
        }
        items
    }
}

/// The letters of some bits, `*` after one that may be granted on.
fn letters(bits: u32) -> String {
    let mut text = String::new();
    for (at, (letter, _)) in PRIVILEGES.iter().enumerate() {
        if bits & (1 << at) != 0 {
            text.push(*letter);
            if bits & grant_options(1 << at) != 0 {
                text.push('*');
            }
        }
    }
    text
}

/// The bits of some letters.
pub fn bits_of(letters: &str) -> u32 {
    let bit = |letter: char| PRIVILEGES.iter().position(|(known, _)| *known == letter);
    let mut last = 0;
    letters.chars().fold(0, |bits, letter| match bit(letter) {
        Some(at) => {
            last = 1 << at;
            bits | last
        }
        None => bits | grant_options(last),
    })
}

/// An object that privileges are about.
#[derive(Clone, Copy, Debug)]
pub struct Guarded {
    pub on: ObjectAddress,
    pub kind: AclKind,
    pub owner: Oid,
}

impl Guarded {
    pub fn relation(relation: &Relation) -> Guarded {
        let kind = match relation.kind {
            RelationKind::Sequence(_) => AclKind::Sequence,
            _ => AclKind::Table,
        };
        Guarded { on: relation.address(), kind, owner: relation.owner }
    }

    pub fn column(relation: &Relation, number: i16) -> Guarded {
        let on = ObjectAddress::column(relation.oid, number);
        Guarded { on, kind: AclKind::Column, owner: relation.owner }
    }
}

impl Catalog {
    /// An item as text: `aclitemout`.
    pub fn acl_text(&self, item: &AclItem) -> String {
        let name = |role: Oid| match self.role(role) {
            Some(role) => quote_identifier(&role.name),
            None if role == oid::INVALID => String::new(),
            None => role.to_string(),
        };
        format!("{}={}/{}", name(item.grantee), letters(item.bits), name(item.grantor))
    }

    /// What can be guarded at an address.
    pub fn guarded(&self, on: ObjectAddress) -> Option<Guarded> {
        let (kind, owner) = match on.class {
            relation_oid::PG_CLASS => {
                let relation = self.relation(on.oid)?;
                return Some(match i16::try_from(on.sub).ok()? {
                    0 => Guarded::relation(relation),
                    number => Guarded::column(relation, number),
                });
            }
            relation_oid::PG_PROC => (AclKind::Function, self.function(on.oid)?.owner),
            relation_oid::PG_TYPE => (AclKind::Type, self.type_(on.oid)?.owner),
            relation_oid::PG_NAMESPACE => (AclKind::Schema, self.schema(on.oid)?.owner),
            relation_oid::PG_LANGUAGE if is_language(on.oid) => (AclKind::Language, BOOTSTRAP_ROLE),
            relation_oid::PG_DATABASE => (AclKind::Database, self.database(on.oid)?.owner),
            _ => return None,
        };
        Some(Guarded { on, kind, owner })
    }

    /// The list of an object, if it is not the default.
    pub fn acl(&self, on: ObjectAddress) -> Option<Vec<AclItem>> {
        if let Some(list) = self.access_list_on(on) {
            return Some(list.items.clone());
        }
        self.builtin_acl(on)
    }

    /// Whether an object has a list of its own, be it initdb's.
    pub fn has_acl(&self, on: ObjectAddress) -> bool {
        self.access_list_on(on).is_some() || self.builtin_acl(on).is_some()
    }

    /// What initdb grants on the system's own objects.
    pub(in crate::catalog) fn builtin_acl(&self, on: ObjectAddress) -> Option<Vec<AclItem>> {
        if on.oid >= oid::FIRST_NORMAL {
            return None;
        }
        // Nobody makes temporary objects in the templates.
        if on.class == relation_oid::PG_DATABASE {
            let database = self.database(on.oid).filter(|database| database.is_template)?;
            let item = |grantee, bits| AclItem { grantee, grantor: database.owner, bits };
            let owned = item(database.owner, CREATE | TEMPORARY | CONNECT);
            return Some(vec![item(0, CONNECT), owned]);
        }
        let role = |name: &str| self.role_named(name).map_or(BOOTSTRAP_ROLE, |role| role.oid);
        listed::initial_privileges(on).map(|privileges| privileges.acl(role))
    }

    /// The list of an object, its kind's default if it has none of its own.
    pub fn acl_or_default(&self, object: Guarded) -> Vec<AclItem> {
        self.acl(object.on).unwrap_or_else(|| object.kind.default_items(object.owner))
    }

    /// Which of some bits a role has on an object.
    pub fn rights(&self, role: &Role, object: Guarded, asked: u32) -> u32 {
        if role.superuser {
            return asked;
        }
        let items = self.acl_or_default(object);
        let found = self.rights_in(role, &items, object.owner, asked);
        found | self.rights_to_all(role, object.kind, asked & !found)
    }

    /// What the predefined roles give that may read or write all data.
    fn rights_to_all(&self, role: &Role, kind: AclKind, missing: u32) -> u32 {
        let has = |name: &str| {
            self.role_named(name).is_some_and(|all| self.has_privileges_of(role, all.oid))
        };
        let (reading, writing) = match kind {
            AclKind::Table | AclKind::Sequence => (SELECT, INSERT | UPDATE | DELETE),
            AclKind::Schema => (USAGE, USAGE),
            _ => return 0,
        };
        let mut found = 0;
        if missing & reading != 0 && has("pg_read_all_data") {
            found |= missing & reading;
        }
        if missing & writing & !found != 0 && has("pg_write_all_data") {
            found |= missing & writing;
        }
        found
    }

    /// Which of some bits a list gives a role (`aclmask`).
    pub fn rights_in(&self, role: &Role, items: &[AclItem], owner: Oid, asked: u32) -> u32 {
        let mut found = 0;
        if asked & !PRIVILEGE_BITS != 0 && self.has_privileges_of(role, owner) {
            found |= asked & !PRIVILEGE_BITS;
        }
        for item in items {
            let applies = item.grantee == oid::INVALID
                || item.grantee == role.oid
                || item.bits & asked & !found != 0 && self.has_privileges_of(role, item.grantee);
            if applies {
                found |= item.bits & asked;
            }
        }
        found
    }

    /// The roles whose privileges a role has without SET ROLE, itself first.
    pub fn inherited_roles(&self, role: &Role) -> Vec<Oid> {
        self.roles_above(role, true)
    }

    /// The roles that a role is a member of, itself first; with `inheriting`, only
    /// through roles that inherit.
    fn roles_above(&self, role: &Role, inheriting: bool) -> Vec<Oid> {
        let mut known = vec![role.oid];
        let mut at = 0;
        while let Some(oid) = known.get(at).copied() {
            at += 1;
            let Some(role) = self.role(oid) else { continue };
            if inheriting && !role.inherit {
                continue;
            }
            // Who owns the database is a member of this role, while in the database.
            let owner = self.database(self.database).map(|database| database.owner);
            if owner == Some(role.oid) && !known.contains(&DATABASE_OWNER_ROLE) {
                known.push(DATABASE_OWNER_ROLE);
            }
            let new: Vec<Oid> =
                role.member_of.iter().copied().filter(|group| !known.contains(group)).collect();
            known.extend(new);
        }
        known
    }

    /// Whether a role is a member of another, directly or through others
    /// (`is_member_of_role`).
    pub fn is_member_of(&self, role: &Role, other: Oid) -> bool {
        role.superuser || self.roles_above(role, false).contains(&other)
    }

    /// Whether a role may use another's privileges (`has_privs_of_role`).
    pub fn has_privileges_of(&self, role: &Role, other: Oid) -> bool {
        role.superuser || role.oid == other || self.roles_above(role, true).contains(&other)
    }

    /// Who grants when a role runs GRANT, and which options it has for that.
    pub fn best_grantor(
        &self,
        role: &Role,
        privileges: u32,
        items: &[AclItem],
        owner: Oid,
    ) -> (Oid, u32) {
        let needed = grant_options(privileges);
        if self.has_privileges_of(role, owner) {
            return (owner, needed);
        }
        let (mut grantor, mut options) = (role.oid, 0u32);
        for candidate in self.roles_above(role, true) {
            let direct = items.iter().filter(|item| item.grantee == candidate);
            let has = direct.fold(0, |bits, item| bits | item.bits) & needed;
            if has == needed {
                return (candidate, has);
            }
            if has.count_ones() > options.count_ones() {
                (grantor, options) = (candidate, has);
            }
        }
        (grantor, options)
    }

    /// Adds what an item grants (`aclupdate`).
    pub fn acl_granted(
        &self,
        mut items: Vec<AclItem>,
        new: AclItem,
        owner: Oid,
    ) -> Result<Vec<AclItem>> {
        if new.bits & !PRIVILEGE_BITS != 0 {
            self.check_circular(&items, new, owner)?;
        }
        let same = |item: &&mut AclItem| item.grantee == new.grantee && item.grantor == new.grantor;
        match items.iter_mut().find(same) {
            Some(item) => item.bits |= new.bits,
            None if new.bits != 0 => items.push(new),
            None => {}
        }
        Ok(items)
    }

    /// A role cannot get its options from those that have them from it.
    fn check_circular(&self, items: &[AclItem], new: AclItem, owner: Oid) -> Result<()> {
        if new.grantor == owner {
            return Ok(());
        }
        let mut rest = items.to_vec();
        // Without what the grantee has granted, the grantor must still have them.
        while let Some(at) = rest
            .iter()
            .position(|item| item.grantee == new.grantee && item.bits & !PRIVILEGE_BITS != 0)
        {
            let revoked = rest[at].bits & !PRIVILEGE_BITS;
            let gone = AclItem { bits: revoked, ..rest[at] };
            rest = self.acl_revoked(rest, gone, owner, true)?;
        }
        let own = rest.iter().filter(|item| item.grantee == new.grantor);
        let own = own.fold(0, |bits, item| bits | item.bits) & !PRIVILEGE_BITS;
        if privileges_of(new.bits) & !privileges_of(own) != 0 {
            return Err(Error::new(
                sqlstate::INVALID_GRANT_OPERATION,
                "grant options cannot be granted back to your own grantor",
            ));
        }
        Ok(())
    }

    /// Takes away what an item granted, and what was granted on by virtue of it.
    pub fn acl_revoked(
        &self,
        mut items: Vec<AclItem>,
        gone: AclItem,
        owner: Oid,
        cascade: bool,
    ) -> Result<Vec<AclItem>> {
        let same = |item: &AclItem| item.grantee == gone.grantee && item.grantor == gone.grantor;
        let Some(at) = items.iter().position(same) else { return Ok(items) };
        let before = items[at].bits;
        items[at].bits &= !gone.bits;
        let lost = privileges_of(before & !items[at].bits);
        if items[at].bits == 0 {
            items.remove(at);
        }
        if lost == 0 || gone.grantee == owner || gone.grantee == oid::INVALID {
            return Ok(items);
        }
        let still = items.iter().filter(|item| item.grantee == gone.grantee);
        let still = still.fold(0, |bits, item| bits | privileges_of(item.bits));
        let lost = lost & !still;
        while let Some(dependent) =
            items.iter().copied().find(|i| i.grantor == gone.grantee && i.bits & lost != 0)
        {
            if !cascade {
                return Err(Error::new(
                    sqlstate::DEPENDENT_OBJECTS_STILL_EXIST,
                    "dependent privileges exist",
                )
                .with_hint("Use CASCADE to revoke them too."));
            }
            let bits = lost | grant_options(lost);
            items = self.acl_revoked(items, AclItem { bits, ..dependent }, owner, true)?;
        }
        Ok(items)
    }
}

/// A list after its object has got another owner (`aclnewowner`).
pub fn acl_of_new_owner(items: &[AclItem], old: Oid, new: Oid) -> Vec<AclItem> {
    let changed = |role: Oid| if role == old { new } else { role };
    let mut merged: Vec<AclItem> = Vec::new();
    for item in items {
        let item = AclItem {
            grantee: changed(item.grantee),
            grantor: changed(item.grantor),
            bits: item.bits,
        };
        let same =
            |known: &&mut AclItem| known.grantee == item.grantee && known.grantor == item.grantor;
        match merged.iter_mut().find(same) {
            Some(known) => known.bits |= item.bits,
            None => merged.push(item),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(grantee: Oid, grantor: Oid, bits: u32) -> AclItem {
        AclItem { grantee, grantor, bits }
    }

    #[test]
    fn a_revoked_option_takes_what_was_granted_on() {
        let catalog = Catalog::default();
        let with_option = SELECT | grant_options(SELECT);
        let items = vec![item(1, 1, SELECT), item(2, 1, with_option), item(3, 2, SELECT)];
        let revoke = item(2, 1, with_option);
        assert!(catalog.acl_revoked(items.clone(), revoke, 1, false).is_err());
        let rest = catalog.acl_revoked(items, revoke, 1, true).expect("cascades");
        assert_eq!(rest, vec![item(1, 1, SELECT)]);
    }

    #[test]
    fn options_do_not_go_round() {
        let catalog = Catalog::default();
        let with_option = SELECT | grant_options(SELECT);
        let items = vec![item(2, 1, with_option), item(3, 2, with_option)];
        assert!(catalog.acl_granted(items, item(2, 3, with_option), 1).is_err());
    }

    #[test]
    fn letters_are_in_the_order_of_bits() {
        assert_eq!(letters(AclKind::Table.all()), "arwdDxt");
        assert_eq!(letters(SELECT | grant_options(SELECT) | UPDATE), "r*w");
    }

    #[test]
    fn a_new_owner_takes_over_what_the_old_one_had() {
        let items = [item(1, 1, SELECT), item(5, 1, UPDATE), item(2, 1, INSERT)];
        let merged = acl_of_new_owner(&items, 1, 2);
        assert_eq!(merged, vec![item(2, 2, SELECT | INSERT), item(5, 2, UPDATE)]);
    }
}
