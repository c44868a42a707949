//! CREATE TYPE, DOMAIN, OPERATOR and AGGREGATE; collations.

use std::sync::Arc;

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{ConstrType, CreateDomainStmt, DefineStmt, ObjectType};

use super::Bootstrap;
use super::options::{Options, comment_oid};
use crate::catalog::syntax::{integer_of, qualified, text_of};
use crate::catalog::system::listed;
use crate::catalog::{
    Aggregate, BOOTSTRAP_ROLE, Change, Collation, Constraint, ConstraintKind, Function,
    FunctionKind, FunctionOptions, Object, ObjectClass, Operator, PG_CATALOG, Transition, Type,
    TypeKind, Volatility, resolve_collation,
};
use crate::error::{Error, Result};
use crate::sql::types::{Oid, oid};

/// `typcollation` of types that have the database's collation, and of `name`.
const DEFAULT_COLLATION: Oid = 100;
const C_COLLATION: Oid = 950;

/// An operator that is declared before the operators it names.
pub(super) struct OperatorLink {
    operator: Oid,
    commutator: Option<String>,
    negator: Option<String>,
}

impl Bootstrap {
    pub(super) fn define(&mut self, define: &DefineStmt) -> Result<()> {
        let (_, name) =
            qualified(&define.defnames).ok_or_else(|| Error::syntax("improper qualified name"))?;
        let options = Options(&define.definition);
        match ObjectType::try_from(define.kind) {
            Ok(ObjectType::ObjectType) => self.create_type(name, &options),
            Ok(ObjectType::ObjectOperator) => self.create_operator(name, &options),
            Ok(ObjectType::ObjectAggregate) => self.create_aggregate(name, define, &options),
            _ => Err(Error::unsupported("this kind of definition")),
        }
    }

    fn create_type(&mut self, name: &str, options: &Options<'_>) -> Result<()> {
        if self.is_declared(ObjectClass::Type, options.oid("oid")?) {
            return Ok(());
        }
        let ty = Type {
            oid: options.oid("oid")?,
            schema: PG_CATALOG,
            name: name.to_owned(),
            owner: BOOTSTRAP_ROLE,
            length: type_length(options)?,
            by_value: options.flag("passedbyvalue"),
            kind: match options.text("kind") {
                Some("p") => TypeKind::Pseudo,
                Some("r") => TypeKind::Range {
                    subtype: self.resolve_oid(options.type_name("subtype"))?,
                    subtype_opclass: oid::INVALID,
                    collation: oid::INVALID,
                    canonical: options.text_or_empty("canonical"),
                    subtype_diff: options.text_or_empty("subtype_diff"),
                },
                Some("m") => {
                    TypeKind::Multirange { range: self.resolve_oid(options.type_name("range"))? }
                }
                _ => TypeKind::Base,
            },
            category: first_char(options.text("category"), 'U'),
            preferred: options.flag("preferred"),
            delimiter: first_char(options.text("delimiter"), ','),
            array: options.oid_or_zero("array_oid")?,
            element: match options.type_name("element") {
                Some(element) => self.resolve(element)?.oid,
                None => oid::INVALID,
            },
            input: options.text_or_empty("input"),
            output: options.text_or_empty("output"),
            receive: options.text_or_empty("receive"),
            send: options.text_or_empty("send"),
            typmod_in: options.text_or_empty("typmod_in"),
            typmod_out: options.text_or_empty("typmod_out"),
            subscript: String::new(),
            collation: match options.text("collation") {
                Some(_) => C_COLLATION,
                None if options.flag("collatable") => DEFAULT_COLLATION,
                None => oid::INVALID,
            },
            align: alignment(options.text("alignment")),
            storage: first_char(options.text("storage"), 'p'),
        };
        self.add_type_with_array(ty);
        Ok(())
    }

    /// Adds the type and, if it has one, the array type over it.
    pub(super) fn add_type_with_array(&mut self, ty: Type) {
        if ty.array != oid::INVALID {
            self.add(array_type(&ty));
        }
        self.add(ty);
    }

    pub(super) fn create_domain(
        &mut self,
        create: &CreateDomainStmt,
        next: Option<&NodeEnum>,
    ) -> Result<()> {
        let (schema, name) = qualified(&create.domainname)
            .ok_or_else(|| Error::syntax("improper qualified name"))?;
        let name_of_base =
            create.type_name.as_ref().ok_or_else(|| Error::syntax("a domain needs a type"))?;
        let base = self.resolve(name_of_base)?;
        let base_type = self.catalog.type_(base.oid).cloned();
        let base_type = base_type.ok_or_else(|| Error::undefined_type(name))?;
        let schema = self.catalog.resolve_schema(&[], schema.unwrap_or("pg_catalog"))?.oid;
        let collation = match create.coll_clause.as_ref().and_then(|c| c.collname.last()) {
            Some(name) => {
                let name = text_of(name).unwrap_or_default();
                resolve_collation(&self.catalog, &[PG_CATALOG], None, name)?.oid
            }
            None => base_type.collation,
        };
        let oid = comment_oid(next, "OID")?;
        let (mut default, mut constraints) = (None, Vec::new());
        for node in &create.constraints {
            let Some(NodeEnum::Constraint(constraint)) = &node.node else { continue };
            let text = constraint.raw_expr.as_deref().and_then(text_of).unwrap_or_default();
            if constraint.contype() == ConstrType::ConstrDefault {
                default = Some(text.to_owned());
                continue;
            }
            let check = comment_oid(next, "CHECK_OID")?;
            constraints.push(check);
            self.add(Constraint {
                oid: check,
                schema,
                name: constraint.conname.clone(),
                table: oid::INVALID,
                kind: ConstraintKind::DomainCheck { domain: oid, sql: text.to_owned() },
                deferrable: false,
                initially_deferred: false,
                validated: true,
                inherited: Default::default(),
                no_inherit: false,
                parent: oid::INVALID,
            });
        }
        self.add_type_with_array(Type {
            oid,
            schema,
            name: name.to_owned(),
            kind: TypeKind::Domain { base, not_null: false, default, constraints },
            preferred: false,
            array: comment_oid(next, "ARRAY_OID")?,
            element: oid::INVALID,
            input: "domain_in".to_owned(),
            receive: "domain_recv".to_owned(),
            typmod_in: String::new(),
            typmod_out: String::new(),
            subscript: String::new(),
            collation,
            ..(*base_type).clone()
        });
        Ok(())
    }

    fn create_operator(&mut self, name: &str, options: &Options<'_>) -> Result<()> {
        let operand = |side| match options.type_name(side) {
            Some(ty) => self.resolve(ty).map(|ty| ty.oid),
            None => Ok(oid::INVALID),
        };
        let (left, right) = (operand("leftarg")?, operand("rightarg")?);
        let args: Vec<Oid> = [left, right].into_iter().filter(|ty| *ty != 0).collect();
        let function = self.function(&options.text_or_empty("function"), &args)?;
        let operator = Operator {
            oid: options.oid("oid")?,
            schema: PG_CATALOG,
            name: name.to_owned(),
            left,
            right,
            result: function.returns,
            function: function.oid,
            commutator: oid::INVALID,
            negator: oid::INVALID,
            can_merge: options.flag("merges"),
            can_hash: options.flag("hashes"),
            owner: BOOTSTRAP_ROLE,
            restrict: self.estimator(options.text("restrict"))?,
            join: self.estimator(options.text("join"))?,
        };
        self.links.push(OperatorLink {
            operator: operator.oid,
            commutator: options.operator("commutator").map(str::to_owned),
            negator: options.operator("negator").map(str::to_owned),
        });
        self.add(operator);
        Ok(())
    }

    fn estimator(&self, name: Option<&str>) -> Result<Oid> {
        name.map_or(Ok(oid::INVALID), |name| self.only_function(name, &[]).map(|f| f.oid))
    }

    /// Gives operators their commutators and negators, now that all exist.
    pub(super) fn link_operators(&mut self) -> Result<()> {
        for link in std::mem::take(&mut self.links) {
            let Some(operator) = self.catalog.operator(link.operator).cloned() else { continue };
            let find = |name: &Option<String>, left, right| match name {
                Some(name) => self.operator(name, left, right).map(|o| o.oid),
                None => Ok(oid::INVALID),
            };
            let commutator = find(&link.commutator, operator.right, operator.left)?;
            let negator = find(&link.negator, operator.left, operator.right)?;
            self.catalog.apply(&Change::put(Operator {
                commutator,
                negator,
                ..(*operator).clone()
            }));
        }
        Ok(())
    }

    fn create_aggregate(
        &mut self,
        name: &str,
        define: &DefineStmt,
        options: &Options<'_>,
    ) -> Result<()> {
        let parameters = match define.args.first().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::List(list)) => list.items.as_slice(),
            _ => &[],
        };
        let direct = define.args.get(1).and_then(integer_of).unwrap_or(-1);
        if self.is_declared(ObjectClass::Function, options.oid("oid")?) {
            return Ok(());
        }
        let signature = self.signature(parameters)?;
        let function = Function {
            oid: options.oid("oid")?,
            schema: PG_CATALOG,
            name: name.to_owned(),
            owner: BOOTSTRAP_ROLE,
            kind: FunctionKind::Aggregate,
            language: "internal".to_owned(),
            source: "aggregate_dummy".to_owned(),
            args: signature.args,
            arg_names: signature.arg_names,
            all_args: signature.all_args,
            defaults: signature.defaults,
            returns: self.resolve_oid(options.type_name("returns"))?,
            returns_set: false,
            variadic: signature.variadic,
            strict: false,
            volatility: Volatility::Immutable,
            options: FunctionOptions::default(),
        };
        let hypothetical = options.flag("hypothetical");
        let sort_operator = match (options.operator("sortop"), function.args.first()) {
            (Some(name), Some(ty)) => self.operator(name, *ty, *ty)?.oid,
            _ => oid::INVALID,
        };
        let kind = match direct {
            _ if hypothetical => 'h',
            -1 => 'n',
            _ => 'o',
        };
        let plain = self.transition("", kind, options)?;
        let moving = match options.value("mstype") {
            Some(_) => Some(Box::new(self.transition("m", kind, options)?)),
            None => None,
        };
        self.add(Aggregate {
            function: function.oid,
            kind,
            direct_args: i16::try_from(direct.max(0)).unwrap_or(0),
            kernel: options.text_or_empty("kernel"),
            sort_operator,
            plain,
            moving,
        });
        self.add(function);
        Ok(())
    }

    /// The functions that PostgreSQL has for an aggregate; `prefix` is `m` for the moving ones.
    fn transition(&self, prefix: &str, kind: char, options: &Options<'_>) -> Result<Transition> {
        let name = |option: &str| format!("{prefix}{option}");
        let function = |option: &str, args: &[Oid]| match options.text(option) {
            Some(function) => self.only_function(function, args).map(|function| function.oid),
            None => Ok(oid::INVALID),
        };
        let state = match options.type_name(&name("stype")) {
            Some(ty) => self.resolve(ty)?.oid,
            None => oid::INVALID,
        };
        let modify = match options.text(&name("finalfunc_modify")) {
            Some("shareable") => 's',
            Some("read_write") => 'w',
            Some(_) => 'r',
            None if kind == 'n' => 'r',
            None => 'w',
        };
        let own = |option: &str, args: &[Oid]| match prefix {
            "" => function(option, args),
            _ => Ok(oid::INVALID),
        };
        Ok(Transition {
            function: function(&name("sfunc"), &[state, state])?,
            state,
            state_space: options
                .integer(&name("sspace"))
                .and_then(|n| n.try_into().ok())
                .unwrap_or(0),
            finish: function(&name("finalfunc"), &[state])?,
            finish_extra: options.flag(&name("finalfunc_extra")),
            finish_modify: modify,
            initial: options.text(&name("initcond")).map(str::to_owned),
            inverse: match prefix {
                "" => oid::INVALID,
                _ => function("minvfunc", &[state, state])?,
            },
            combine: own("combinefunc", &[state, state])?,
            serialize: own("serialfunc", &[state])?,
            deserialize: own("deserialfunc", &[oid::BYTEA, state])?,
        })
    }

    /// The built-in function of a name; of several, the one with these types.
    fn only_function(&self, name: &str, args: &[Oid]) -> Result<Arc<Function>> {
        let named = self.catalog.functions_named(&[PG_CATALOG], None, name)?;
        match named.as_slice() {
            [only] => Ok(only.clone()),
            _ => self.function(name, args),
        }
    }

    /// PostgreSQL's collations; of ICU's and the system's only their names are known.
    pub(super) fn create_collations(&mut self) {
        for (oid, name, provider, locale) in listed::collations() {
            let (name, locale) = (name.to_owned(), locale.to_owned());
            self.add(Collation { oid, schema: PG_CATALOG, name, provider, locale });
        }
    }

    /// A built-in function by name and exact argument types.
    pub(super) fn function(&self, name: &str, args: &[Oid]) -> Result<Arc<Function>> {
        self.catalog.function_for(&[PG_CATALOG], None, name, args)?.ok_or_else(|| {
            let types: Vec<String> =
                args.iter().map(|ty| self.catalog.type_name(*ty, -1)).collect();
            Error::undefined_function(&format!("{name}({})", types.join(", ")))
        })
    }

    /// A built-in operator by name and exact operand types.
    pub(super) fn operator(&self, name: &str, left: Oid, right: Oid) -> Result<Arc<Operator>> {
        self.catalog.operator_for(&[PG_CATALOG], None, name, left, right)?.ok_or_else(|| {
            let ty = |oid| self.catalog.type_name(oid, -1);
            Error::undefined_function(&format!("{} {name} {}", ty(left), ty(right)))
        })
    }
}

/// The array type over a type, as PostgreSQL makes it.
pub(in crate::catalog) fn array_type(element: &Type) -> Type {
    let is_record = element.oid == oid::RECORD;
    Type {
        oid: element.array,
        schema: element.schema,
        name: format!("_{}", element.name),
        owner: element.owner,
        length: -1,
        by_value: false,
        kind: if is_record { TypeKind::Pseudo } else { TypeKind::Base },
        category: if is_record { 'P' } else { 'A' },
        preferred: false,
        delimiter: element.delimiter,
        array: oid::INVALID,
        element: element.oid,
        input: "array_in".to_owned(),
        output: "array_out".to_owned(),
        receive: "array_recv".to_owned(),
        send: "array_send".to_owned(),
        typmod_in: element.typmod_in.clone(),
        typmod_out: element.typmod_out.clone(),
        subscript: String::new(),
        collation: element.collation,
        align: if element.align == 'd' { 'd' } else { 'i' },
        storage: 'x',
    }
}

fn type_length(options: &Options<'_>) -> Result<i16> {
    match options.integer("internallength") {
        Some(length) => i16::try_from(length)
            .map_err(|_| Error::syntax(format!("invalid INTERNALLENGTH {length}"))),
        None => Ok(-1),
    }
}

fn alignment(name: Option<&str>) -> char {
    match name {
        Some("char") => 'c',
        Some("int2") => 's',
        Some("double") => 'd',
        _ => 'i',
    }
}

/// The letter that stands for a word in the system catalogs: STORAGE, CATEGORY.
fn first_char(text: Option<&str>, default: char) -> char {
    match text {
        Some("extended") => 'x',
        Some(text) => text.chars().next().unwrap_or(default),
        None => default,
    }
}

impl Object {
    /// The array type that CREATE TYPE, DOMAIN and TABLE make beside a type.
    pub fn array_over(element: &Type) -> Object {
        array_type(element).into()
    }
}
