//! The reg* types' text: names of objects where the value is an OID.
//!
//! Input takes a number, `-` (nothing) or a name that the search path resolves;
//! output is the name, qualified only where the search path needs it, or the
//! number of an object that does not exist.

use super::names::{find_relation, parse_qualified_name, resolve_collation};
use super::system::listed;
use super::{
    Catalog, ObjectClass, PG_CATALOG, PUBLIC, TypeKind, quote_identifier, quote_qualified,
    resolve_type_text,
};
use crate::error::{Error, Result};
use crate::sql::functions::{EvalContext, domain};
use crate::sql::types::{CatalogView, Datum, Oid, Repr, SqlType, oid};
use crate::sqlstate;

/// The catalog as a session with the default search path sees it.
impl CatalogView for Catalog {
    fn object_name(&self, reg_type: Oid, object: Oid) -> Option<String> {
        self.reg_name(&[PG_CATALOG, PUBLIC], reg_type, object)
    }

    fn object_oid(&self, reg_type: Oid, text: &str) -> Result<Option<Oid>> {
        self.reg_oid(&[PG_CATALOG, PUBLIC], reg_type, text).map(Some)
    }

    fn repr(&self, type_oid: Oid) -> Option<Repr> {
        Catalog::repr(self, type_oid).ok()
    }

    fn domain_base(&self, type_oid: Oid) -> Option<SqlType> {
        match self.type_(type_oid)?.kind {
            TypeKind::Domain { base, .. } => Some(base),
            _ => None,
        }
    }

    fn fields(&self, type_oid: Oid) -> Option<Vec<(SqlType, Repr)>> {
        let columns = self.composite_columns(type_oid);
        columns
            .into_iter()
            .map(|(_, ty)| Some((ty, Catalog::repr(self, ty.oid).ok()?)))
            .collect::<Option<Vec<_>>>()
            .filter(|fields| !fields.is_empty())
    }
}

/// The catalog as this session sees it.
impl CatalogView for EvalContext {
    fn clock_was_read(&self) {
        self.session.clock_was_read();
    }

    fn object_name(&self, reg_type: Oid, object: Oid) -> Option<String> {
        self.catalog.reg_name(&self.settings.search_path, reg_type, object)
    }

    fn object_oid(&self, reg_type: Oid, text: &str) -> Result<Option<Oid>> {
        self.catalog.reg_oid(&self.settings.search_path, reg_type, text).map(Some)
    }

    fn repr(&self, type_oid: Oid) -> Option<Repr> {
        self.catalog.repr(type_oid).ok()
    }

    fn domain_base(&self, type_oid: Oid) -> Option<SqlType> {
        CatalogView::domain_base(&*self.catalog, type_oid)
    }

    fn check_domain(&self, domain: Oid, value: &Datum) -> Result<()> {
        domain::check(self, domain, value)
    }

    fn fields(&self, type_oid: Oid) -> Option<Vec<(SqlType, Repr)>> {
        CatalogView::fields(&*self.catalog, type_oid)
    }
}

impl Catalog {
    /// The text of a reg* value; `None` for what prints as its number.
    pub fn reg_name(&self, path: &[Oid], reg_type: Oid, object: Oid) -> Option<String> {
        if object == oid::INVALID {
            return Some("-".to_owned());
        }
        Some(match reg_type {
            oid::REGCLASS => self.relation_name(path, self.relation(object)?),
            oid::REGTYPE => {
                self.type_(object)?;
                self.format_type(path, object, None)
            }
            oid::REGPROC => self.bare_function_name(path, object)?,
            oid::REGPROCEDURE => self.function_signature(path, self.function(object)?),
            oid::REGOPER => self.bare_operator_name(path, object)?,
            oid::REGOPERATOR => self.operator_signature(path, object)?,
            oid::REGNAMESPACE => quote_identifier(&self.schema(object)?.name),
            oid::REGROLE => quote_identifier(&self.role(object)?.name),
            oid::REGCONFIG | oid::REGDICTIONARY => {
                let mut known = listed::names(text_search_relation(reg_type));
                let (_, name) = known.find(|(known, _)| *known == object)?;
                let schema = (!path.contains(&PG_CATALOG)).then_some("pg_catalog");
                quote_qualified(schema, name)
            }
            oid::REGCOLLATION => {
                let collation = self.collation(object)?;
                let class = ObjectClass::Collation;
                let visible = self.name_is_visible(path, class, &collation.name, object);
                let schema = (!visible).then(|| self.schema_name(collation.schema));
                quote_qualified(schema, &collation.name)
            }
            _ => return None,
        })
    }

    /// A function without arguments, qualified unless its name alone means it.
    fn bare_function_name(&self, path: &[Oid], object: Oid) -> Option<String> {
        let function = self.function(object)?;
        let named = self.functions_named(path, None, &function.name).ok()?;
        let unique = matches!(named.as_slice(), [only] if only.oid == object);
        let schema = (!unique).then(|| self.schema_name(function.schema));
        Some(quote_qualified(schema, &function.name))
    }

    fn bare_operator_name(&self, path: &[Oid], object: Oid) -> Option<String> {
        let operator = self.operator(object)?;
        let named = self.operators_named(path, None, &operator.name).ok()?;
        Some(match named.as_slice() {
            [only] if only.oid == object => operator.name.clone(),
            _ => {
                format!("{}.{}", quote_identifier(self.schema_name(operator.schema)), operator.name)
            }
        })
    }

    /// The OID that the text of a reg* type means.
    pub fn reg_oid(&self, path: &[Oid], reg_type: Oid, text: &str) -> Result<Oid> {
        let text = text.trim();
        if text == "-" {
            return Ok(oid::INVALID);
        }
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map_err(|_| {
                Error::new(
                    sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
                    format!("value \"{text}\" is out of range for type oid"),
                )
            });
        }
        match reg_type {
            oid::REGCLASS => self.relation_oid(path, text),
            oid::REGTYPE => resolve_type_text(self, path, text)?
                .map(|ty| ty.oid)
                .ok_or_else(|| Error::undefined_type(text)),
            oid::REGPROC => self.function_oid(path, text),
            oid::REGPROCEDURE => self.signature_oid(path, text),
            oid::REGOPER => self.operator_oid(path, text),
            oid::REGOPERATOR => self.operator_signature_oid(path, text),
            oid::REGNAMESPACE => {
                let name = single_name(text)?;
                self.resolve_schema(path, &name).map(|schema| schema.oid)
            }
            oid::REGROLE => {
                let name = single_name(text)?;
                let role = self.role_named(&name).map(|role| role.oid);
                role.ok_or_else(|| undefined(format!("role \"{name}\" does not exist")))
            }
            oid::REGCOLLATION => {
                let parts = parse_qualified_name(text)?;
                let (schema, name) = schema_and_name(&parts, text)?;
                resolve_collation(self, path, schema, name).map(|collation| collation.oid)
            }
            oid::REGCONFIG | oid::REGDICTIONARY => self.text_search_oid(path, reg_type, text),
            _ => Err(Error::unsupported(format!("reading names of type {reg_type}"))),
        }
    }

    /// A text search configuration or dictionary: there are PostgreSQL's own, in
    /// `pg_catalog`.
    fn text_search_oid(&self, path: &[Oid], reg_type: Oid, text: &str) -> Result<Oid> {
        let parts = parse_qualified_name(text)?;
        let (schema, name) = schema_and_name(&parts, text)?;
        let is_searched = match schema {
            Some(schema) => self.resolve_schema(path, schema)?.oid == PG_CATALOG,
            None => path.contains(&PG_CATALOG),
        };
        let mut known = listed::names(text_search_relation(reg_type));
        let found = known.find(|(_, known)| is_searched && *known == name);
        found.map(|(oid, _)| oid).ok_or_else(|| {
            let what = if reg_type == oid::REGCONFIG { "configuration" } else { "dictionary" };
            undefined(format!("text search {what} \"{}\" does not exist", parts.join(".")))
        })
    }

    fn relation_oid(&self, path: &[Oid], text: &str) -> Result<Oid> {
        let parts = parse_qualified_name(text)?;
        let (schema, name) = schema_and_name(&parts, text)?;
        find_relation(self, path, schema, name)
            .map(|relation| relation.oid)
            .ok_or_else(|| Error::undefined_table(&parts.join(".")))
    }

    fn function_oid(&self, path: &[Oid], text: &str) -> Result<Oid> {
        let parts = parse_qualified_name(text)?;
        let (schema, name) = schema_and_name(&parts, text)?;
        match self.functions_named(path, schema, name)?.as_slice() {
            [only] => Ok(only.oid),
            [] => Err(Error::new(
                sqlstate::UNDEFINED_FUNCTION,
                format!("function \"{text}\" does not exist"),
            )),
            _ => Err(Error::new(
                sqlstate::AMBIGUOUS_FUNCTION,
                format!("more than one function named \"{text}\""),
            )),
        }
    }

    fn signature_oid(&self, path: &[Oid], text: &str) -> Result<Oid> {
        let (name, args) = self.name_and_types(path, text)?;
        let parts = parse_qualified_name(name)?;
        let (schema, name) = schema_and_name(&parts, text)?;
        self.function_for(path, schema, name, &args)?.map(|function| function.oid).ok_or_else(
            || {
                Error::new(
                    sqlstate::UNDEFINED_FUNCTION,
                    format!("function \"{text}\" does not exist"),
                )
            },
        )
    }

    fn operator_oid(&self, path: &[Oid], text: &str) -> Result<Oid> {
        let (schema, name) = operator_name(text);
        match self.operators_named(path, schema.as_deref(), name)?.as_slice() {
            [only] => Ok(only.oid),
            [] => Err(undefined_operator(text)),
            _ => Err(Error::new(
                sqlstate::AMBIGUOUS_FUNCTION,
                format!("more than one operator named {text}"),
            )),
        }
    }

    fn operator_signature_oid(&self, path: &[Oid], text: &str) -> Result<Oid> {
        let (name, args) = self.name_and_types(path, text)?;
        let (schema, name) = operator_name(name);
        let [left, right] = args.as_slice() else {
            let hint = "Provide two argument types for operator.";
            let message = if args.len() < 2 { "missing argument" } else { "too many arguments" };
            return Err(Error::new(sqlstate::UNDEFINED_PARAMETER, message).with_hint(hint));
        };
        self.operator_for(path, schema.as_deref(), name, *left, *right)?
            .map(|operator| operator.oid)
            .ok_or_else(|| undefined_operator(text))
    }

    /// `f(int4, text)`: the name, and the types in the parentheses; `NONE` is 0.
    fn name_and_types<'a>(&self, path: &[Oid], text: &'a str) -> Result<(&'a str, Vec<Oid>)> {
        let invalid = |message: &str| Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, message);
        let (name, rest) =
            text.split_once('(').ok_or_else(|| invalid("expected a left parenthesis"))?;
        let list = rest
            .trim_end()
            .strip_suffix(')')
            .ok_or_else(|| invalid("expected a right parenthesis"))?;
        let mut args = Vec::new();
        for argument in split_arguments(list) {
            if argument.eq_ignore_ascii_case("none") {
                args.push(oid::INVALID);
                continue;
            }
            let ty = resolve_type_text(self, path, argument)?;
            args.push(ty.ok_or_else(|| Error::undefined_type(argument))?.oid);
        }
        Ok((name.trim(), args))
    }
}

/// The arguments between commas; `numeric(1,2)` is one.
fn split_arguments(list: &str) -> Vec<&str> {
    let mut arguments = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                arguments.push(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    let last = list[start..].trim();
    if !last.is_empty() || !arguments.is_empty() {
        arguments.push(last);
    }
    arguments
}

fn operator_name(text: &str) -> (Option<String>, &str) {
    match text.rsplit_once('.') {
        Some((schema, name)) => (Some(schema.trim_matches('"').to_owned()), name.trim()),
        None => (None, text.trim()),
    }
}

fn schema_and_name<'a>(parts: &'a [String], text: &str) -> Result<(Option<&'a str>, &'a str)> {
    match parts {
        [name] => Ok((None, name)),
        [schema, name] | [_, schema, name] => Ok((Some(schema), name)),
        _ => Err(Error::syntax(format!("improper relation name (too many dotted names): {text}"))),
    }
}

fn single_name(text: &str) -> Result<String> {
    let mut parts = parse_qualified_name(text)?;
    match (parts.pop(), parts.is_empty()) {
        (Some(name), true) => Ok(name),
        _ => Err(Error::new(sqlstate::INVALID_NAME, "invalid name syntax")),
    }
}

fn text_search_relation(reg_type: Oid) -> &'static str {
    match reg_type {
        oid::REGCONFIG => "pg_ts_config",
        _ => "pg_ts_dict",
    }
}

fn undefined(message: String) -> Error {
    Error::new(sqlstate::UNDEFINED_OBJECT, message)
}

fn undefined_operator(text: &str) -> Error {
    Error::new(sqlstate::UNDEFINED_FUNCTION, format!("operator does not exist: {text}"))
}
