//! Literals: constants of the grammar, and quoted text read by a type's input
//! function when its type is known.

use crate::sql::parse::ast::AConst;
use crate::sql::parse::ast::a_const::Val;

use super::Binder;
use super::node::{INT4, INT8, constant, null, typed};
use crate::catalog::{self, BoundKind, ObjectClass};
use crate::error::{Error, Result};
use crate::sql::ir::{Expr, ExprKind};
use crate::sql::types::{self, Datum, Oid, SqlType, oid};
use crate::sqlstate;

impl Binder<'_> {
    pub(super) fn constant(&mut self, node: &AConst) -> Result<Expr> {
        let unknown = SqlType::new(oid::UNKNOWN);
        let mut expr = match &node.val {
            _ if node.isnull => null(unknown),
            None => null(unknown),
            Some(Val::Ival(value)) => constant(Datum::Int4(value.ival), INT4),
            Some(Val::Fval(value)) => self.number(&value.fval, node.location)?,
            Some(Val::Boolval(value)) => constant(Datum::Bool(value.boolval), super::node::BOOL),
            Some(Val::Sval(value)) => constant(Datum::Text(value.sval.clone()), unknown),
            Some(Val::Bsval(value)) => {
                self.literal(&value.bsval, SqlType::new(oid::BIT), node.location)?
            }
        };
        expr.location = node.location;
        Ok(expr)
    }

    /// An integer whose digits are too big for int4, or a decimal. The grammar puts
    /// a minus before its digits, so -2147483648 is an int4 again.
    fn number(&mut self, text: &str, location: i32) -> Result<Expr> {
        if let Ok(value) = text.parse::<i32>() {
            return Ok(constant(Datum::Int4(value), INT4));
        }
        match text.parse::<i64>() {
            Ok(value) => Ok(constant(Datum::Int8(value), INT8)),
            Err(_) => self.literal(text, SqlType::new(oid::NUMERIC), location),
        }
    }

    /// Text as a constant of a type; a domain's literal is its base type's.
    pub(super) fn literal(&mut self, text: &str, target: SqlType, location: i32) -> Result<Expr> {
        let base = self.catalog.base_type(SqlType::new(target.oid));
        // Only an interval's modifier changes what the text means.
        let typmod = match base.oid {
            oid::INTERVAL if base.oid == target.oid => target.typmod,
            _ => -1,
        };
        if base.oid == oid::REGCLASS
            && let Some(known) = self.names.known(location)
        {
            let kind = ExprKind::Const(Datum::Oid(known.oid));
            return Ok(typed(kind, SqlType::new(target.oid), location));
        }
        let datum = match self.object_literal(text, base.oid) {
            Some(found) => found,
            None => self.input(text, SqlType::with_typmod(base.oid, typmod)),
        }
        .map_err(|error| error.at(location))?;
        if let (oid::REGCLASS, Datum::Oid(relation)) = (base.oid, &datum) {
            self.names.record(location, *relation, || BoundKind::Regclass);
        }
        let expr = typed(ExprKind::Const(datum), SqlType::with_typmod(base.oid, typmod), location);
        if base.oid == target.oid {
            return Ok(expr);
        }
        let sized = self.coerce_typmod(expr, base, false)?;
        Ok(self.to_domain(sized, target.oid))
    }

    fn input(&self, text: &str, ty: SqlType) -> Result<Datum> {
        if self.catalog.type_(ty.oid).is_none() {
            return Err(Error::unsupported("this kind of constant"));
        }
        let repr = self.catalog.repr(ty.oid)?;
        types::text_input(text, ty, &repr, &self.eval.input())
    }

    /// `'t'::regclass` and its family: names of objects.
    fn object_literal(&self, text: &str, ty: Oid) -> Option<Result<Datum>> {
        let numeric = || text.parse::<Oid>().ok().or((text == "-").then_some(0));
        let find: fn(&Self, &str) -> Result<Oid> = match ty {
            oid::REGCLASS => Self::regclass,
            oid::REGTYPE => Self::regtype,
            oid::REGNAMESPACE => Self::regnamespace,
            oid::REGROLE => Self::regrole,
            oid::REGPROC => Self::regproc,
            oid::REGCOLLATION => Self::regcollation,
            _ => return None,
        };
        Some(match numeric() {
            Some(oid) => Ok(Datum::Oid(oid)),
            None => find(self, text).map(Datum::Oid),
        })
    }

    fn regclass(&self, text: &str) -> Result<Oid> {
        let parts = catalog::parse_qualified_name(text)?;
        let (schema, name) = split(&parts)?;
        catalog::resolve_relation(&self.catalog, &self.search_path, schema, name).map(|r| r.oid)
    }

    fn regtype(&self, text: &str) -> Result<Oid> {
        catalog::resolve_type_text(&self.catalog, &self.search_path, text)?
            .map(|ty| ty.oid)
            .ok_or_else(|| Error::undefined_type(text))
    }

    fn regnamespace(&self, text: &str) -> Result<Oid> {
        let parts = catalog::parse_qualified_name(text)?;
        self.catalog.resolve_schema(&self.search_path, &parts[0]).map(|schema| schema.oid)
    }

    fn regrole(&self, text: &str) -> Result<Oid> {
        let parts = catalog::parse_qualified_name(text)?;
        self.catalog.role_named(&parts[0]).map(|role| role.oid).ok_or_else(|| {
            Error::new(sqlstate::UNDEFINED_OBJECT, format!("role \"{}\" does not exist", parts[0]))
        })
    }

    fn regproc(&self, text: &str) -> Result<Oid> {
        let parts = catalog::parse_qualified_name(text)?;
        let (schema, name) = split(&parts)?;
        match self.catalog.functions_named(&self.search_path, schema, name)?.as_slice() {
            [] => Err(Error::new(
                sqlstate::UNDEFINED_FUNCTION,
                format!("function \"{text}\" does not exist"),
            )),
            [only] => Ok(only.oid),
            _ => Err(Error::new(
                sqlstate::AMBIGUOUS_FUNCTION,
                format!("more than one function named \"{text}\""),
            )),
        }
    }

    fn regcollation(&self, text: &str) -> Result<Oid> {
        let parts = catalog::parse_qualified_name(text)?;
        let (schema, name) = split(&parts)?;
        let in_schema =
            |schema: Oid| self.catalog.named(ObjectClass::Collation, schema, name).first().copied();
        let found = match schema {
            Some(schema) => in_schema(self.catalog.resolve_schema(&self.search_path, schema)?.oid),
            None => self.search_path.iter().find_map(|schema| in_schema(*schema)),
        };
        found.ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("collation \"{text}\" for encoding \"UTF8\" does not exist"),
            )
        })
    }
}

/// Schema and name of a name's parts.
fn split(parts: &[String]) -> Result<(Option<&str>, &str)> {
    match parts {
        [name] => Ok((None, name)),
        [schema, name] | [_, schema, name] => Ok((Some(schema), name)),
        _ => Err(Error::new(
            sqlstate::SYNTAX_ERROR,
            format!("improper relation name (too many dotted names): {}", parts.join(".")),
        )),
    }
}
