//! Name resolution: which object a name means, given the schemas searched.
//!
//! A search path here is a list of schema OIDs in the order they are searched,
//! with the implicit ones in it: the session's temporary schema first (for
//! relations and types only), then `pg_catalog` unless the setting names it
//! elsewhere. [`effective_search_path`] makes it from the setting.

use std::sync::Arc;

use super::{
    Catalog, Collation, Function, ObjectAddress, ObjectClass, Operator, Relation, Schema, Type,
    acl, quote_qualified,
};
use crate::error::{Error, Result};
use crate::sql::types::Oid;
use crate::sqlstate;

/// Built-in schemas' OIDs.
pub const PG_CATALOG: Oid = 11;
pub const PG_TOAST: Oid = 99;
pub const PUBLIC: Oid = 2200;

/// The bootstrap superuser, `postgres`.
pub const BOOTSTRAP_ROLE: Oid = 10;

/// Where a session's temporary objects live: `pg_temp_3`.
const TEMPORARY_PREFIX: &str = "pg_temp_";
/// How SQL calls the session's own temporary schema.
const TEMPORARY_ALIAS: &str = "pg_temp";

/// The schemas that a `search_path` setting's entries name, in order, without
/// the implicit ones; entries that name nothing are skipped.
pub fn explicit_search_path(
    catalog: &Catalog,
    entries: &[String],
    user: &str,
    temporary: Option<Oid>,
) -> Vec<Oid> {
    let mut path = Vec::with_capacity(entries.len());
    for entry in entries {
        let schema = match entry.as_str() {
            "$user" => catalog.schema_named(user).map(|schema| schema.oid),
            TEMPORARY_ALIAS => temporary,
            name => catalog.schema_named(name).map(|schema| schema.oid),
        };
        let usable = |oid: &Oid| catalog.may_use_schema(user, *oid);
        path.extend(schema.filter(|oid| !path.contains(oid)).filter(usable));
    }
    path
}

impl Catalog {
    /// A schema without USAGE is passed over on the search path.
    fn may_use_schema(&self, user: &str, schema: Oid) -> bool {
        let Some(role) = self.role_named(user) else { return true };
        let is_temporary = self.schema(schema).is_some_and(|s| is_temporary_schema(s));
        let guarded = self.guarded(ObjectAddress::schema(schema));
        is_temporary || guarded.is_none_or(|guarded| self.rights(role, guarded, acl::USAGE) != 0)
    }
}

/// The schemas searched for a `search_path` setting.
pub fn effective_search_path(
    catalog: &Catalog,
    entries: &[String],
    user: &str,
    temporary: Option<Oid>,
) -> Vec<Oid> {
    let explicit = explicit_search_path(catalog, entries, user, temporary);
    let mut path = Vec::with_capacity(explicit.len() + 2);
    path.extend(temporary.filter(|oid| !explicit.contains(oid)));
    if !explicit.contains(&PG_CATALOG) {
        path.push(PG_CATALOG);
    }
    path.extend(explicit);
    path
}

/// The entries of a `search_path` setting's text: `"$user", public`.
pub fn parse_search_path(setting: &str) -> Result<Vec<String>> {
    let invalid = || {
        Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("invalid value for parameter \"search_path\": \"{setting}\""),
        )
        .with_detail("List syntax is invalid.")
    };
    let mut entries = Vec::new();
    let mut rest = setting.trim();
    while !rest.is_empty() {
        let (entry, after) = identifier(rest).ok_or_else(invalid)?;
        entries.push(entry);
        rest = after.trim_start();
        if let Some(next) = rest.strip_prefix(',') {
            rest = next.trim_start();
            if rest.is_empty() {
                return Err(invalid());
            }
        } else if !rest.is_empty() {
            return Err(invalid());
        }
    }
    Ok(entries)
}

/// One identifier at the start of the text (folded unless quoted), and the rest.
pub(in crate::catalog) fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text
            .find(|c: char| c == ',' || c == '.' || c == '(' || c == '"' || c.is_whitespace())
            .unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_lowercase(), &text[end..]));
    };
    let mut name = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '"' {
            name.push(c);
        } else if quoted[at + 1..].starts_with('"') {
            name.push('"');
            chars.next();
        } else {
            return (!name.is_empty()).then(|| (name, &quoted[at + 1..]));
        }
    }
    None
}

/// The parts of a dotted name in text form, as `regclass` input takes it.
pub fn parse_qualified_name(text: &str) -> Result<Vec<String>> {
    let invalid = || Error::new(sqlstate::INVALID_NAME, "invalid name syntax");
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, after) = identifier(rest).ok_or_else(invalid)?;
        parts.push(part);
        rest = after.trim_start();
        match rest.strip_prefix('.') {
            Some(next) => rest = next.trim_start(),
            None if rest.is_empty() => return Ok(parts),
            None => return Err(invalid()),
        }
    }
}

/// The schema of a session's temporary objects.
pub fn temporary_schema_name(pid: i32) -> String {
    format!("{TEMPORARY_PREFIX}{pid}")
}

pub fn is_temporary_schema(schema: &Schema) -> bool {
    schema.name.starts_with(TEMPORARY_PREFIX)
}

/// The relation that a name means, if there is one.
pub fn find_relation<'a>(
    catalog: &'a Catalog,
    search_path: &[Oid],
    schema: Option<&str>,
    name: &str,
) -> Option<&'a Arc<Relation>> {
    match schema {
        Some(schema) => {
            let schema = catalog.find_schema(search_path, schema)?;
            catalog.relation_named(schema.oid, name)
        }
        None => search_path.iter().find_map(|schema| catalog.relation_named(*schema, name)),
    }
}

/// The relation that a qualified name written as text means, or `42P01`.
pub fn relation_by_text<'a>(
    catalog: &'a Catalog,
    search_path: &[Oid],
    text: &str,
) -> Result<&'a Arc<Relation>> {
    let parts = parse_qualified_name(text)?;
    let (schema, name) = match parts.as_slice() {
        [name] => (None, name),
        [schema, name] | [_, schema, name] => (Some(schema.as_str()), name),
        _ => return Err(Error::undefined_table(text)),
    };
    find_relation(catalog, search_path, schema, name).ok_or_else(|| Error::undefined_table(text))
}

/// The relation that a name means, or `42P01`.
pub fn resolve_relation<'a>(
    catalog: &'a Catalog,
    search_path: &[Oid],
    schema: Option<&str>,
    name: &str,
) -> Result<&'a Arc<Relation>> {
    find_relation(catalog, search_path, schema, name).ok_or_else(|| match schema {
        Some(schema) => Error::undefined_table(&format!("{schema}.{name}")),
        None => Error::undefined_table(name),
    })
}

/// The collation that a name means, or `42704`.
pub fn resolve_collation<'a>(
    catalog: &'a Catalog,
    search_path: &[Oid],
    schema: Option<&str>,
    name: &str,
) -> Result<&'a Arc<Collation>> {
    let in_schema = |schema: Oid| {
        let oid = catalog.named(ObjectClass::Collation, schema, name).first()?;
        catalog.collation(*oid)
    };
    let found = match schema {
        Some(schema) => in_schema(catalog.resolve_schema(search_path, schema)?.oid),
        None => search_path.iter().find_map(|schema| in_schema(*schema)),
    };
    found.ok_or_else(|| {
        let name = quote_qualified(schema, name).replace('"', "");
        Error::new(
            sqlstate::UNDEFINED_OBJECT,
            format!("collation \"{name}\" for encoding \"UTF8\" does not exist"),
        )
    })
}

impl Catalog {
    /// A schema by name; `pg_temp` is the session's own.
    pub fn find_schema(&self, search_path: &[Oid], name: &str) -> Option<&Arc<Schema>> {
        if name == TEMPORARY_ALIAS {
            return search_path
                .iter()
                .filter_map(|oid| self.schema(*oid))
                .find(|schema| is_temporary_schema(schema));
        }
        self.schema_named(name)
    }

    /// A schema by name, or `3F000`.
    pub fn resolve_schema(&self, search_path: &[Oid], name: &str) -> Result<&Arc<Schema>> {
        self.find_schema(search_path, name).ok_or_else(|| Error::undefined_schema(name))
    }

    /// A type by name, if there is one.
    pub fn find_type(
        &self,
        search_path: &[Oid],
        schema: Option<&str>,
        name: &str,
    ) -> Result<Option<&Arc<Type>>> {
        Ok(match schema {
            Some(schema) => {
                let schema = self.resolve_schema(search_path, schema)?;
                self.type_named(schema.oid, name)
            }
            None => search_path.iter().find_map(|schema| self.type_named(*schema, name)),
        })
    }

    /// Every function of this name that a call may mean, in the order of the
    /// search path; one with the same argument types hides those after it.
    pub fn functions_named(
        &self,
        search_path: &[Oid],
        schema: Option<&str>,
        name: &str,
    ) -> Result<Vec<Arc<Function>>> {
        let mut found: Vec<Arc<Function>> = Vec::new();
        for schema in self.callable_schemas(search_path, schema)? {
            let oids = self.named(ObjectClass::Function, schema, name);
            for function in oids.iter().filter_map(|oid| self.function(*oid)) {
                let hidden = |f: &Arc<Function>| f.schema != schema && f.args == function.args;
                if !found.iter().any(hidden) {
                    found.push(function.clone());
                }
            }
        }
        Ok(found)
    }

    /// Every operator of this name that an expression may mean, in the order of
    /// the search path; one with the same operand types hides those after it.
    pub fn operators_named(
        &self,
        search_path: &[Oid],
        schema: Option<&str>,
        name: &str,
    ) -> Result<Vec<Arc<Operator>>> {
        let mut found: Vec<Arc<Operator>> = Vec::new();
        for schema in self.callable_schemas(search_path, schema)? {
            let oids = self.named(ObjectClass::Operator, schema, name);
            for operator in oids.iter().filter_map(|oid| self.operator(*oid)) {
                let same = |o: &Arc<Operator>| o.left == operator.left && o.right == operator.right;
                if !found.iter().any(same) {
                    found.push(operator.clone());
                }
            }
        }
        Ok(found)
    }

    /// The operator with exactly these operand types (0: no left operand).
    pub fn operator_for(
        &self,
        search_path: &[Oid],
        schema: Option<&str>,
        name: &str,
        left: Oid,
        right: Oid,
    ) -> Result<Option<Arc<Operator>>> {
        let candidates = self.operators_named(search_path, schema, name)?;
        Ok(candidates.into_iter().find(|o| o.left == left && o.right == right))
    }

    /// The function with exactly these argument types.
    pub fn function_for(
        &self,
        search_path: &[Oid],
        schema: Option<&str>,
        name: &str,
        args: &[Oid],
    ) -> Result<Option<Arc<Function>>> {
        let candidates = self.functions_named(search_path, schema, name)?;
        Ok(candidates.into_iter().find(|f| f.args == args))
    }

    /// The schemas searched for functions and operators: never temporary ones,
    /// so that nobody's temporary function is called by accident.
    fn callable_schemas(&self, search_path: &[Oid], schema: Option<&str>) -> Result<Vec<Oid>> {
        if let Some(schema) = schema {
            return Ok(vec![self.resolve_schema(search_path, schema)?.oid]);
        }
        let temporary = |oid: &Oid| self.schema(*oid).is_some_and(|s| is_temporary_schema(s));
        Ok(search_path.iter().copied().filter(|oid| !temporary(oid)).collect())
    }
}

/// Whether an object is the one its bare name means.
impl Catalog {
    pub fn relation_is_visible(&self, search_path: &[Oid], relation: &Relation) -> bool {
        find_relation(self, search_path, None, &relation.name)
            .is_some_and(|found| found.oid == relation.oid)
    }

    pub fn type_is_visible(&self, search_path: &[Oid], ty: &Type) -> bool {
        search_path
            .iter()
            .find_map(|schema| self.type_named(*schema, &ty.name))
            .is_some_and(|found| found.oid == ty.oid)
    }

    pub fn function_is_visible(&self, search_path: &[Oid], function: &Function) -> bool {
        self.function_for(search_path, None, &function.name, &function.args)
            .ok()
            .flatten()
            .is_some_and(|found| found.oid == function.oid)
    }

    pub fn operator_is_visible(&self, search_path: &[Oid], operator: &Operator) -> bool {
        self.operator_for(search_path, None, &operator.name, operator.left, operator.right)
            .ok()
            .flatten()
            .is_some_and(|found| found.oid == operator.oid)
    }

    /// The same for the classes whose names are unique in a schema.
    pub fn name_is_visible(
        &self,
        search_path: &[Oid],
        class: ObjectClass,
        name: &str,
        oid: Oid,
    ) -> bool {
        search_path
            .iter()
            .map(|schema| self.named(class, *schema, name))
            .find(|oids| !oids.is_empty())
            .is_some_and(|oids| oids.contains(&oid))
    }

    /// The name of a schema, for printing.
    pub fn schema_name(&self, oid: Oid) -> &str {
        self.schema(oid).map_or("", |schema| &schema.name)
    }

    /// A relation's name as `regclass` prints it: qualified unless visible.
    pub fn relation_name(&self, search_path: &[Oid], relation: &Relation) -> String {
        let schema = (!self.relation_is_visible(search_path, relation))
            .then(|| self.schema_name(relation.schema));
        quote_qualified(schema, &relation.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_path_entries_are_folded_unless_quoted() {
        let entries = parse_search_path("\"$user\", Public,\"A\"\"b\"").expect("valid");
        assert_eq!(entries, ["$user", "public", "A\"b"]);
        assert!(parse_search_path("").expect("valid").is_empty());
        assert!(parse_search_path("a,,b").is_err());
        assert!(parse_search_path("a b").is_err());
        assert!(parse_search_path("a,").is_err());
    }

    #[test]
    fn qualified_names_have_parts() {
        assert_eq!(parse_qualified_name("a.\"B.c\"").expect("valid"), ["a", "B.c"]);
        assert!(parse_qualified_name("a.").is_err());
        assert!(parse_qualified_name("").is_err());
    }
}
