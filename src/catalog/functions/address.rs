//! Objects by address and by name: `pg_describe_object`, `pg_identify_object`,
//! `pg_identify_object_as_address` and `pg_get_object_address`.
//!
//! ```text
//! (1259, 16384, 2)   table column   {public,t,b}  {}   public.t.b
//! (1255, 16390, 0)   function       {public,f}    {integer}   public.f(integer)
//! ```
//!
//! Kinds of objects that do not exist here have no addresses.

use super::path;
use crate::catalog::system::{cell, language_name, language_named};
use crate::catalog::{
    Catalog, ConstraintKind, Function, FunctionKind, ObjectAddress, ObjectClass, PG_CATALOG,
    Relation, RelationKind, quote_identifier, quote_qualified, relation_oid, resolve_type_text,
    rule_of_view, view_of_rule,
};
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::{arg, wrong_type};
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::{ArrayValue, Datum, Oid, oid};
use crate::sqlstate;

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "pg_describe_object" => |call, args| {
        let on = address(args)?;
        if on.class == 0 && on.oid == 0 {
            return Ok(Datum::Null);
        }
        Ok(super::text(call.eval.catalog.try_describe(path(call), on)))
    };
    call "pg_identify_object" => |call, args| {
        let catalog = &*call.eval.catalog;
        let named = named(catalog, address(args)?);
        let text = |value: Option<&String>| value.map_or(Datum::Null, |t| Datum::Text(t.clone()));
        let kind = named.as_ref().map(|named| named.kind.clone());
        Ok(Datum::Record(vec![
            (oid::TEXT, super::text(kind)),
            (oid::TEXT, text(named.as_ref().and_then(|named| named.schema.as_ref()))),
            (oid::TEXT, text(named.as_ref().and_then(|named| named.unique.as_ref()))),
            (oid::TEXT, text(named.as_ref().map(|named| &named.identity))),
        ]))
    };
    call "pg_identify_object_as_address" => |call, args| {
        let named = named(&call.eval.catalog, address(args)?);
        let list = |parts: &[String]| cell::text_array(parts.iter().cloned());
        Ok(Datum::Record(match &named {
            None => vec![
                (oid::TEXT, Datum::Null),
                (oid::TEXT_ARRAY, Datum::Null),
                (oid::TEXT_ARRAY, Datum::Null),
            ],
            Some(named) => vec![
                (oid::TEXT, Datum::Text(named.kind.clone())),
                (oid::TEXT_ARRAY, list(&named.names)),
                (oid::TEXT_ARRAY, list(&named.args)),
            ],
        }))
    };
    call "pg_get_object_address" => |call, args| {
        let kind: &str = arg(args, 0)?;
        let (names, arguments) = (texts(args, 1)?, texts(args, 2)?);
        let found = find(call, kind, &names, &arguments)?;
        Ok(Datum::Record(vec![
            (oid::OID, Datum::Oid(found.class)),
            (oid::OID, Datum::Oid(found.oid)),
            (oid::INT4, Datum::Int4(found.sub)),
        ]))
    };
};

fn address(args: &[Datum]) -> Result<ObjectAddress> {
    Ok(ObjectAddress { class: arg(args, 0)?, oid: arg(args, 1)?, sub: arg(args, 2)? })
}

fn texts(args: &[Datum], at: usize) -> Result<Vec<String>> {
    let array: &ArrayValue = arg(args, at)?;
    array
        .elements
        .iter()
        .map(|element| match element {
            Datum::Text(text) => Ok(text.clone()),
            Datum::Null => Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                "name or argument lists may not contain nulls",
            )),
            _ => Err(wrong_type()),
        })
        .collect()
}

/// What an object is called.
struct Named {
    kind: String,
    schema: Option<String>,
    /// Its name, where schema and name tell it from all others of its kind.
    unique: Option<String>,
    identity: String,
    names: Vec<String>,
    args: Vec<String>,
}

impl Named {
    fn plain(kind: &str, name: &str) -> Named {
        let quoted = quote_identifier(name);
        Named {
            kind: kind.to_owned(),
            schema: None,
            unique: Some(quoted.clone()),
            identity: quoted,
            names: vec![name.to_owned()],
            args: Vec::new(),
        }
    }

    fn in_schema(kind: &str, schema: &str, name: &str) -> Named {
        Named {
            kind: kind.to_owned(),
            schema: Some(quote_identifier(schema)),
            unique: Some(quote_identifier(name)),
            identity: quote_qualified(Some(schema), name),
            names: vec![schema.to_owned(), name.to_owned()],
            args: Vec::new(),
        }
    }

    /// A part of a relation: `name on schema.table`.
    fn part(catalog: &Catalog, kind: &str, table: Oid, name: &str) -> Option<Named> {
        let table = catalog.relation(table)?;
        let schema = catalog.schema_name(table.schema).to_owned();
        let on = quote_qualified(Some(&schema), &table.name);
        Some(Named {
            kind: kind.to_owned(),
            schema: None,
            unique: None,
            identity: format!("{} on {on}", quote_identifier(name)),
            names: vec![schema, table.name.clone(), name.to_owned()],
            args: Vec::new(),
        })
    }
}

fn named(catalog: &Catalog, on: ObjectAddress) -> Option<Named> {
    let oid = on.oid;
    Some(match on.class {
        relation_oid::PG_CLASS => relation(catalog, catalog.relation(oid)?, on.sub)?,
        relation_oid::PG_TYPE => {
            let ty = catalog.type_(oid)?;
            let spelled = catalog.format_type(&[], oid, None);
            let schema = catalog.schema_name(ty.schema);
            Named {
                identity: spelled.clone(),
                names: vec![spelled],
                ..Named::in_schema("type", schema, &ty.name)
            }
        }
        relation_oid::PG_PROC => function(catalog, catalog.function(oid)?),
        relation_oid::PG_CONSTRAINT => constraint(catalog, oid)?,
        relation_oid::PG_TRIGGER => {
            let trigger = catalog.trigger(oid)?;
            Named::part(catalog, "trigger", trigger.table, &trigger.name)?
        }
        relation_oid::PG_POLICY => {
            let policy = catalog.policy(oid)?;
            Named::part(catalog, "policy", policy.table, &policy.name)?
        }
        relation_oid::PG_STATISTIC_EXT => {
            let found = catalog.extended_statistics(oid)?;
            let schema = catalog.schema_name(found.schema);
            Named::in_schema("statistics object", schema, &found.name)
        }
        relation_oid::PG_REWRITE => match catalog.rule(oid) {
            Some(rule) => Named::part(catalog, "rule", rule.table, &rule.name)?,
            None => Named::part(catalog, "rule", view_of_rule(oid), "_RETURN")?,
        },
        relation_oid::PG_ATTRDEF => {
            let column = named(catalog, catalog.default_owner(oid)?)?;
            Named {
                kind: "default value".to_owned(),
                schema: None,
                unique: None,
                identity: format!("for {}", column.identity),
                ..column
            }
        }
        relation_oid::PG_NAMESPACE => Named::plain("schema", &catalog.schema(oid)?.name),
        relation_oid::PG_AUTHID => Named::plain("role", &catalog.role(oid)?.name),
        relation_oid::PG_DATABASE => Named::plain("database", &catalog.database(oid)?.name),
        relation_oid::PG_EXTENSION => Named::plain("extension", &catalog.extension(oid)?.name),
        relation_oid::PG_LANGUAGE => Named::plain("language", language_name(oid)?),
        relation_oid::PG_AM => Named::plain("access method", &catalog.access_method(oid)?.name),
        relation_oid::PG_COLLATION => {
            let collation = catalog.collation(oid)?;
            let schema = catalog.schema_name(collation.schema);
            Named { unique: None, ..Named::in_schema("collation", schema, &collation.name) }
        }
        relation_oid::PG_OPERATOR => operator(catalog, oid)?,
        relation_oid::PG_OPCLASS => {
            let class = catalog.operator_class(oid)?;
            of_method(catalog, "operator class", class.schema, &class.name, &class.access_method)
        }
        relation_oid::PG_OPFAMILY => {
            let family = catalog.operator_family(oid)?;
            let method = &family.access_method;
            of_method(catalog, "operator family", family.schema, &family.name, method)
        }
        relation_oid::PG_CAST => {
            let cast = catalog.cast(oid)?;
            let spelled = |ty| catalog.format_type(&[], ty, None);
            let (source, target) = (spelled(cast.source), spelled(cast.target));
            Named {
                kind: "cast".to_owned(),
                schema: None,
                unique: None,
                identity: format!("({source} AS {target})"),
                names: vec![source],
                args: vec![target],
            }
        }
        _ => return None,
    })
}

fn relation(catalog: &Catalog, relation: &Relation, column: i32) -> Option<Named> {
    let kind = relation.kind_word();
    let schema = catalog.schema_name(relation.schema);
    let whole = Named::in_schema(kind, schema, &relation.name);
    if column == 0 {
        return Some(whole);
    }
    let found = relation.columns.get(usize::try_from(column).ok()?.checked_sub(1)?)?;
    let mut names = whole.names.clone();
    names.push(found.name.clone());
    Some(Named {
        kind: format!("{kind} column"),
        identity: format!("{}.{}", whole.identity, quote_identifier(&found.name)),
        names,
        ..whole
    })
}

fn function(catalog: &Catalog, function: &Function) -> Named {
    let kind = match function.kind {
        FunctionKind::Procedure => "procedure",
        FunctionKind::Aggregate => "aggregate",
        FunctionKind::Function | FunctionKind::Window => "function",
    };
    let spelled = |ty: &Oid| catalog.format_type(&[], *ty, None);
    let args: Vec<String> = function.args.iter().map(spelled).collect();
    let named = Named::in_schema(kind, catalog.schema_name(function.schema), &function.name);
    let identity = format!("{}({})", named.identity, args.join(","));
    Named { unique: None, identity, args, ..named }
}

fn constraint(catalog: &Catalog, oid: Oid) -> Option<Named> {
    let constraint = catalog.constraint(oid)?;
    let schema = quote_identifier(catalog.schema_name(constraint.schema));
    let ConstraintKind::DomainCheck { domain, .. } = &constraint.kind else {
        let part = Named::part(catalog, "table constraint", constraint.table, &constraint.name)?;
        return Some(Named { schema: Some(schema), ..part });
    };
    let domain = catalog.format_type(&[], *domain, None);
    Some(Named {
        kind: "domain constraint".to_owned(),
        schema: Some(schema),
        unique: None,
        identity: format!("{} on {domain}", quote_identifier(&constraint.name)),
        names: vec![domain],
        args: vec![constraint.name.clone()],
    })
}

fn operator(catalog: &Catalog, oid: Oid) -> Option<Named> {
    let operator = catalog.operator(oid)?;
    let spelled = |ty: Oid| match ty {
        0 => "NONE".to_owned(),
        ty => catalog.format_type(&[], ty, None),
    };
    let schema = catalog.schema_name(operator.schema);
    let args = vec![spelled(operator.left), spelled(operator.right)];
    Some(Named {
        kind: "operator".to_owned(),
        schema: Some(quote_identifier(schema)),
        unique: None,
        identity: format!("{}.{}({})", quote_identifier(schema), operator.name, args.join(",")),
        names: vec![schema.to_owned(), operator.name.clone()],
        args,
    })
}

/// An operator class or family: `schema.name USING method`.
fn of_method(catalog: &Catalog, kind: &str, schema: Oid, name: &str, method: &str) -> Named {
    let named = Named::in_schema(kind, catalog.schema_name(schema), name);
    let identity = format!("{} USING {}", named.identity, quote_identifier(method));
    let mut names = vec![method.to_owned()];
    names.extend(named.names.iter().cloned());
    Named { unique: None, identity, names, ..named }
}

/// The object that a kind and names mean.
fn find(
    call: &CallContext<'_>,
    kind: &str,
    names: &[String],
    args: &[String],
) -> Result<ObjectAddress> {
    let catalog = &call.eval.catalog;
    let at_least = |count: usize| match names.len() >= count {
        true => Ok(()),
        false => Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("name list length must be at least {count}"),
        )),
    };
    let exactly_one = || match names {
        [only] => Ok(only),
        _ => {
            Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "name list length must be exactly 1"))
        }
    };
    let missing = |what: &str, name: &str| {
        Error::new(sqlstate::UNDEFINED_OBJECT, format!("{what} \"{name}\" does not exist"))
    };
    let top = |class: ObjectClass, on: Oid| {
        let name = exactly_one()?;
        let found = catalog.named(class, 0, name).first();
        found.map(|oid| ObjectAddress::new(on, *oid)).ok_or_else(|| missing(kind, name))
    };
    match kind {
        "table" | "view" | "materialized view" | "index" | "sequence" => {
            let relation = named_relation(call, names)?;
            match relation.kind_word() == kind {
                true => Ok(relation.address()),
                false => Err(Error::new(
                    sqlstate::WRONG_OBJECT_TYPE,
                    format!("\"{}\" is not {} {kind}", relation.name, article(kind)),
                )),
            }
        }
        "table column" | "view column" | "materialized view column" | "composite type column" => {
            at_least(2)?;
            let (relation, column) = part_of(call, names)?;
            let at = relation.columns.iter().position(|c| c.name == column && !c.dropped);
            let number = at.and_then(|at| i16::try_from(at + 1).ok());
            let number = number.ok_or_else(|| no_column(column, &relation))?;
            Ok(ObjectAddress::column(relation.oid, number))
        }
        "default value" => {
            at_least(2)?;
            let (relation, column) = part_of(call, names)?;
            let found = relation.columns.iter().find(|c| c.name == column && !c.dropped);
            let found = found.ok_or_else(|| no_column(column, &relation))?;
            found.default.as_ref().map(|default| ObjectAddress::default(default.oid)).ok_or_else(
                || {
                    let message = format!(
                        "default value for column \"{column}\" of relation \"{}\" does not exist",
                        relation.name
                    );
                    Error::new(sqlstate::UNDEFINED_COLUMN, message)
                },
            )
        }
        "table constraint" | "trigger" | "policy" | "rule" => {
            at_least(2)?;
            let (relation, name) = part_of(call, names)?;
            let found = match kind {
                "trigger" => catalog.trigger_named(relation.oid, name).map(|o| o.address()),
                "policy" => catalog.policy_named(relation.oid, name).map(|o| o.address()),
                "rule" => (name == "_RETURN" && relation.view().is_some()).then(|| {
                    let rule = rule_of_view(relation.oid);
                    ObjectAddress::new(relation_oid::PG_REWRITE, rule)
                }),
                _ => relation
                    .constraints
                    .iter()
                    .filter_map(|oid| catalog.constraint(*oid))
                    .find(|constraint| constraint.name == name)
                    .map(|constraint| constraint.address()),
            };
            let (what, on) = match kind {
                "table constraint" => ("constraint", "table"),
                "rule" => ("rule", "relation"),
                other => (other, "table"),
            };
            found.ok_or_else(|| {
                let message =
                    format!("{what} \"{name}\" for {on} \"{}\" does not exist", relation.name);
                Error::new(sqlstate::UNDEFINED_OBJECT, message)
            })
        }
        "type" | "domain" => {
            let name = exactly_one()?;
            let ty = resolve_type_text(catalog, path(call), name)?;
            let ty = ty.ok_or_else(|| Error::undefined_type(name))?;
            Ok(ObjectAddress::type_(ty.oid))
        }
        "cast" => {
            let (source, target) = match (names, args) {
                ([source], [target]) => (source, target),
                ([_], _) => return Err(argument_count(1)),
                _ => return Err(exactly_one().err().unwrap_or_else(wrong_type)),
            };
            let resolve = |name: &String| {
                let ty = resolve_type_text(catalog, path(call), name)?;
                ty.map(|ty| ty.oid).ok_or_else(|| Error::undefined_type(name))
            };
            let cast = catalog.cast_between(resolve(source)?, resolve(target)?);
            cast.map(|cast| ObjectAddress::new(relation_oid::PG_CAST, cast.oid)).ok_or_else(|| {
                let message = format!("cast from type {source} to type {target} does not exist");
                Error::new(sqlstate::UNDEFINED_OBJECT, message)
            })
        }
        "function" | "procedure" | "aggregate" | "routine" => {
            let spelled: Vec<String> = names.iter().map(|name| quote_identifier(name)).collect();
            let text = format!("{}({})", spelled.join("."), args.join(","));
            catalog.reg_oid(path(call), oid::REGPROCEDURE, &text).map(ObjectAddress::function)
        }
        "operator" => {
            if args.len() != 2 {
                return Err(argument_count(2));
            }
            let text = format!("{}({})", names.join("."), args.join(","));
            let found = catalog.reg_oid(path(call), oid::REGOPERATOR, &text)?;
            Ok(ObjectAddress::new(relation_oid::PG_OPERATOR, found))
        }
        "schema" => {
            let name = exactly_one()?;
            let schema = catalog.schema_named(name);
            schema.map(|schema| schema.address()).ok_or_else(|| Error::undefined_schema(name))
        }
        "role" => top(ObjectClass::Role, relation_oid::PG_AUTHID),
        "extension" => top(ObjectClass::Extension, relation_oid::PG_EXTENSION),
        "access method" => top(ObjectClass::AccessMethod, relation_oid::PG_AM),
        "database" => {
            let name = exactly_one()?;
            let found = catalog.databases().find(|database| database.name == *name);
            found.map(|d| ObjectAddress::new(relation_oid::PG_DATABASE, d.oid)).ok_or_else(|| {
                let message = format!("database \"{name}\" does not exist");
                Error::new(sqlstate::UNDEFINED_DATABASE, message)
            })
        }
        "language" => {
            let name = exactly_one()?;
            let found = language_named(name).map(|(oid, _)| oid);
            found
                .map(|oid| ObjectAddress::new(relation_oid::PG_LANGUAGE, oid))
                .ok_or_else(|| missing("language", name))
        }
        "collation" => {
            let text = names.iter().map(|name| quote_identifier(name)).collect::<Vec<_>>();
            let found = catalog.reg_oid(path(call), oid::REGCOLLATION, &text.join("."))?;
            Ok(ObjectAddress::new(relation_oid::PG_COLLATION, found))
        }
        other => Err(unknown_kind(other)),
    }
}

/// Kinds that PostgreSQL knows and that do not exist here.
const OTHER_KINDS: &[&str] = &[
    "conversion",
    "domain constraint",
    "event trigger",
    "foreign table",
    "foreign-data wrapper",
    "foreign table column",
    "function of access method",
    "large object",
    "operator class",
    "operator family",
    "operator of access method",
    "default acl",
    "publication",
    "publication namespace",
    "publication relation",
    "server",
    "statistics object",
    "subscription",
    "tablespace",
    "text search configuration",
    "text search dictionary",
    "text search parser",
    "text search template",
    "toast table",
    "transform",
    "user mapping",
    "parameter ACL",
    "index column",
    "sequence column",
    "toast table column",
];

fn unknown_kind(kind: &str) -> Error {
    match OTHER_KINDS.contains(&kind) {
        true => Error::unsupported(format!("pg_get_object_address of a {kind}")),
        false => Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("unrecognized object type \"{kind}\""),
        ),
    }
}

fn argument_count(count: usize) -> Error {
    Error::new(
        sqlstate::INVALID_PARAMETER_VALUE,
        format!("argument list length must be exactly {count}"),
    )
}

fn article(kind: &str) -> &'static str {
    if kind.starts_with('i') { "an" } else { "a" }
}

fn no_column(column: &str, relation: &Relation) -> Error {
    Error::new(
        sqlstate::UNDEFINED_COLUMN,
        format!("column \"{column}\" of relation \"{}\" does not exist", relation.name),
    )
}

fn named_relation(call: &CallContext<'_>, names: &[String]) -> Result<std::sync::Arc<Relation>> {
    let (schema, name) = match names {
        [name] => (None, name),
        [schema, name] | [_, schema, name] => (Some(schema.as_str()), name),
        _ => {
            return Err(Error::syntax(format!(
                "improper relation name (too many dotted names): {}",
                names.join(".")
            )));
        }
    };
    let found = crate::catalog::find_relation(&call.eval.catalog, path(call), schema, name);
    let found = found.filter(|relation| {
        !matches!(relation.kind, RelationKind::Composite) || relation.schema != PG_CATALOG
    });
    found.cloned().ok_or_else(|| Error::undefined_table(&names.join(".")))
}

/// The relation that all names but the last mean, and the last.
fn part_of<'n>(
    call: &CallContext<'_>,
    names: &'n [String],
) -> Result<(std::sync::Arc<Relation>, &'n str)> {
    let (name, relation) = names.split_last().ok_or_else(wrong_type)?;
    Ok((named_relation(call, relation)?, name))
}
