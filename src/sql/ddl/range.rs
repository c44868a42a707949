//! CREATE TYPE … AS RANGE: the range type, the multirange type over it, the array
//! types over both, and the functions that make their values.

use super::{Ddl, strings};
use crate::catalog::{
    Cast, CastContext, CastMethod, Function, FunctionKind, FunctionOptions, ObjectClass, Type,
    TypeKind, Volatility,
};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, oid};
use crate::sqlstate;

/// What the parenthesised list says.
#[derive(Default)]
struct Options<'n> {
    subtype: Option<&'n ast::TypeName>,
    subtype_opclass: Option<Vec<&'n str>>,
    collation: Option<Vec<&'n str>>,
    subtype_diff: Option<Vec<&'n str>>,
    multirange_name: Option<Vec<&'n str>>,
}

impl Ddl<'_> {
    pub fn create_range(&mut self, statement: &ast::CreateRangeStmt) -> Result<&'static str> {
        let (schema, name) = self.split_name(&statement.type_name)?;
        let schema = self.creation_schema(schema.unwrap_or_default())?;
        self.require_free_type_name(schema, name)?;
        let options = range_options(&statement.params)?;
        let subtype = self.range_subtype(&options)?;
        let kind = TypeKind::Range {
            subtype: subtype.oid,
            subtype_opclass: self.subtype_opclass(&options, subtype.oid)?,
            collation: self.range_collation(&options, &subtype)?,
            canonical: String::new(),
            subtype_diff: self.subtype_diff(&options, subtype.oid)?,
        };
        let (multirange_schema, multirange) = self.multirange_name(&options, schema, name)?;
        let range = self.new_range_type(schema, name, "range", &subtype, kind)?;
        let range_oid = range.oid;
        self.put_with_array(range.clone());
        let kind = TypeKind::Multirange { range: range_oid };
        let multirange =
            self.new_range_type(multirange_schema, &multirange, "multirange", &subtype, kind)?;
        self.put_with_array(multirange.clone());
        self.put_constructors(&range, &multirange, subtype.oid)?;
        Ok("CREATE TYPE")
    }

    fn range_subtype(&self, options: &Options<'_>) -> Result<Type> {
        let name = options
            .subtype
            .ok_or_else(|| Error::syntax("type attribute \"subtype\" is required"))?;
        let oid = self.resolve_type(name).map_err(Error::without_position)?.oid;
        let ty = self.work.catalog.type_(oid).cloned();
        let ty = ty.ok_or_else(|| Error::internal("a resolved type is gone"))?;
        if matches!(ty.kind, TypeKind::Pseudo) {
            return Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!("range subtype cannot be {}", self.display_type(oid)),
            ));
        }
        Ok((*ty).clone())
    }

    /// The btree operator class that orders the bounds; 0 is the default.
    fn subtype_opclass(&self, options: &Options<'_>, subtype: Oid) -> Result<Oid> {
        let catalog = &self.work.catalog;
        let Some(parts) = &options.subtype_opclass else {
            return match catalog.default_operator_class("btree", subtype) {
                Some(_) => Ok(oid::INVALID),
                None => Err(Error::new(
                    sqlstate::UNDEFINED_OBJECT,
                    format!(
                        "data type {} has no default operator class for access method \"btree\"",
                        self.display_type(subtype)
                    ),
                )
                .with_hint(
                    "You must specify an operator class for the range type or define a default operator class for the subtype.",
                )),
            };
        };
        let name = parts.last().copied().unwrap_or_default();
        let named: Vec<_> = catalog
            .operator_classes()
            .filter(|class| class.access_method == "btree" && class.name == name)
            .collect();
        if named.is_empty() {
            return Err(Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!(
                    "operator class \"{}\" does not exist for access method \"btree\"",
                    parts.join(".")
                ),
            ));
        }
        let default = catalog.default_operator_class("btree", subtype);
        let class = named.iter().find(|class| class.input == subtype || Some(class.oid) == default);
        // Another order than the type's own would need keys of its own.
        match class {
            Some(class) if Some(class.oid) == default => Ok(class.oid),
            Some(class) => Err(Error::unsupported(format!(
                "range over operator class \"{}\", which is not the default",
                class.name
            ))),
            None => Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "operator class \"{}\" does not accept data type {}",
                    parts.join("."),
                    self.display_type(subtype)
                ),
            )),
        }
    }

    fn range_collation(&self, options: &Options<'_>, subtype: &Type) -> Result<Oid> {
        let Some(parts) = &options.collation else { return Ok(subtype.collation) };
        if subtype.collation == oid::INVALID {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                "range collation specified but subtype does not support collation",
            ));
        }
        let name = parts.last().copied().unwrap_or_default();
        let node = |name: &&str| ast::Node {
            node: Some(NodeEnum::String(ast::String { sval: (*name).to_owned() })),
        };
        let clause = ast::CollateClause {
            collname: std::iter::once(&name).map(node).collect(),
            ..ast::CollateClause::default()
        };
        self.collation(Some(&clause), crate::sql::types::SqlType::new(subtype.oid))
            .map_err(Error::without_position)
    }

    /// The function that tells how far two bounds are apart, by name if it is built in.
    fn subtype_diff(&self, options: &Options<'_>, subtype: Oid) -> Result<String> {
        let Some(parts) = &options.subtype_diff else { return Ok(String::new()) };
        let (schema, name) = match parts.as_slice() {
            [name] => (None, *name),
            [schema, name] => (Some(*schema), *name),
            _ => return Err(Error::syntax("improper qualified name")),
        };
        let path = &self.ctx.eval.settings.search_path;
        let found = self.work.catalog.function_for(path, schema, name, &[subtype, subtype])?;
        let ty = self.display_type(subtype);
        let signature = format!("{}({ty}, {ty})", parts.join("."));
        let function = found.ok_or_else(|| Error::undefined_function(&signature))?;
        if function.returns != oid::FLOAT8 {
            return Err(Error::new(
                sqlstate::INVALID_OBJECT_DEFINITION,
                format!(
                    "range subtype diff function {signature} must return type double precision"
                ),
            ));
        }
        if function.volatility != Volatility::Immutable {
            return Err(Error::new(
                sqlstate::INVALID_OBJECT_DEFINITION,
                format!("range subtype diff function {signature} must be immutable"),
            ));
        }
        match function.oid < oid::FIRST_NORMAL {
            true => Ok(function.name.clone()),
            false => Err(Error::unsupported("a range's subtype_diff that is a user's function")),
        }
    }

    /// Where the multirange type goes, and its name: as told, or made of the range's.
    fn multirange_name(
        &mut self,
        options: &Options<'_>,
        schema: Oid,
        range: &str,
    ) -> Result<(Oid, String)> {
        if let Some(parts) = &options.multirange_name {
            let (schema, name) = match parts.as_slice() {
                [name] => (self.creation_schema("")?, *name),
                [schema, name] => (self.creation_schema(schema)?, *name),
                _ => return Err(Error::syntax("improper qualified name")),
            };
            self.require_free_type_name(schema, name)?;
            return Ok((schema, name.to_owned()));
        }
        let name = match range.find("range") {
            Some(at) => format!("{}multi{}", &range[..at], &range[at..]),
            None => format!("{range}_multirange"),
        };
        if self.is_taken(ObjectClass::Type, schema, &name) {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("type \"{name}\" already exists"),
            )
            .with_detail(format!(
                "Failed while creating a multirange type for type \"{range}\"."
            ))
            .with_hint(
                "You can manually specify a multirange type name using the \"multirange_type_name\" attribute.",
            ));
        }
        Ok((schema, name))
    }

    fn new_range_type(
        &mut self,
        schema: Oid,
        name: &str,
        what: &str,
        subtype: &Type,
        kind: TypeKind,
    ) -> Result<Type> {
        Ok(Type {
            oid: self.next_oid(),
            schema,
            name: name.to_owned(),
            owner: self.current_role()?.oid,
            length: -1,
            by_value: false,
            kind,
            category: 'R',
            preferred: false,
            delimiter: ',',
            array: self.next_oid(),
            element: 0,
            input: format!("{what}_in"),
            output: format!("{what}_out"),
            receive: format!("{what}_recv"),
            send: format!("{what}_send"),
            typmod_in: String::new(),
            typmod_out: String::new(),
            subscript: String::new(),
            collation: 0,
            align: if subtype.align == 'd' { 'd' } else { 'i' },
            storage: 'x',
        })
    }

    fn put_constructors(&mut self, range: &Type, multirange: &Type, subtype: Oid) -> Result<()> {
        let two = vec![subtype, subtype];
        let three = vec![subtype, subtype, oid::TEXT];
        self.put_constructor(range, "range_constructor2", two, 0)?;
        self.put_constructor(range, "range_constructor3", three, 0)?;
        self.put_constructor(multirange, "multirange_constructor0", Vec::new(), 0)?;
        let cast =
            self.put_constructor(multirange, "multirange_constructor1", vec![range.oid], 0)?;
        let array = vec![range.array];
        self.put_constructor(multirange, "multirange_constructor2", array, range.oid)?;
        let oid = self.next_oid();
        self.put(Cast {
            oid,
            source: range.oid,
            target: multirange.oid,
            method: CastMethod::Function(cast),
            context: CastContext::Explicit,
        });
        Ok(())
    }

    fn put_constructor(
        &mut self,
        ty: &Type,
        symbol: &str,
        args: Vec<Oid>,
        variadic: Oid,
    ) -> Result<Oid> {
        let oid = self.next_oid();
        let all_args = (variadic != oid::INVALID)
            .then(|| args.iter().map(|arg| ('v', *arg, String::new())).collect());
        self.put(Function {
            oid,
            schema: ty.schema,
            name: ty.name.clone(),
            owner: ty.owner,
            kind: FunctionKind::Function,
            language: "internal".into(),
            source: symbol.into(),
            arg_names: vec![String::new(); args.len()],
            args,
            all_args,
            defaults: Vec::new(),
            returns: ty.oid,
            returns_set: false,
            variadic,
            // A bound that is NULL is infinite.
            strict: symbol.starts_with("multirange"),
            volatility: Volatility::Immutable,
            options: FunctionOptions { parallel: Some('s'), ..FunctionOptions::default() },
        });
        Ok(oid)
    }
}

fn range_options(params: &[ast::Node]) -> Result<Options<'_>> {
    let mut options = Options::default();
    for option in super::options::options(params) {
        let name = option.defname.as_str();
        let arg = option.arg.as_deref().and_then(|node| node.node.as_ref());
        let place = match name {
            "subtype" => {
                if options.subtype.is_some() {
                    return Err(conflicting().at(option.location));
                }
                options.subtype = match arg {
                    Some(NodeEnum::TypeName(name)) => Some(name),
                    _ => return Err(Error::syntax("subtype requires a type name")),
                };
                continue;
            }
            "canonical" => {
                return Err(Error::new(
                    sqlstate::INVALID_OBJECT_DEFINITION,
                    "cannot specify a canonical function without a pre-created shell type",
                )
                .with_hint(
                    "Create the type as a shell type, then create its canonicalization function, then do a full CREATE TYPE.",
                ));
            }
            "subtype_opclass" => &mut options.subtype_opclass,
            "collation" => &mut options.collation,
            "subtype_diff" => &mut options.subtype_diff,
            "multirange_type_name" => &mut options.multirange_name,
            other => {
                return Err(Error::syntax(format!("type attribute \"{other}\" not recognized")));
            }
        };
        if place.is_some() {
            return Err(conflicting().at(option.location));
        }
        *place = Some(name_parts(arg)?);
    }
    Ok(options)
}

fn conflicting() -> Error {
    Error::syntax("conflicting or redundant options")
}

/// A possibly qualified name, which the grammar reads as a type's or a string.
fn name_parts(arg: Option<&NodeEnum>) -> Result<Vec<&str>> {
    match arg {
        Some(NodeEnum::TypeName(name)) => Ok(strings(&name.names)),
        Some(NodeEnum::List(list)) => Ok(strings(&list.items)),
        Some(NodeEnum::String(name)) => Ok(vec![&name.sval]),
        _ => Err(Error::syntax("a name is required")),
    }
}
