//! CREATE AGGREGATE.
//!
//! A user's aggregate is made of functions that exist: one that takes a row into the
//! state, one that makes the result of it, and others. What they may be is checked here
//! by PostgreSQL's rules; how they are called is in `sql::plan::transition`.
//!
//! A state of type `internal` lives in a kernel's own form: such an aggregate computes
//! with the kernel of the built-in aggregate that is made of the same functions, and
//! there must be one. COMBINEFUNC and the serialization functions are checked and shown
//! in `pg_aggregate`; no aggregate is computed by several workers here, so nothing calls
//! them.

mod options;

use super::Ddl;
use crate::catalog::{
    Aggregate, Function, FunctionKind, FunctionOptions, ObjectClass, Transition, Volatility,
};
use crate::error::{Error, Result};
use crate::sql::bind::{self, FoundFunction};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{self, Oid, SqlType, oid};
use crate::sqlstate;

use super::function::Signature;
use options::{Given, Way, invalid};
pub(super) use options::{name as name_option, type_name as type_option};

/// More arguments than this no aggregate takes.
const ARGUMENTS_MAX: usize = 99;

/// An aggregate as far as it is known before its functions are looked up.
struct Shape {
    kind: char,
    direct: usize,
    args: Vec<Oid>,
    variadic: Oid,
}

impl Ddl<'_> {
    pub async fn create_aggregate(&mut self, statement: &ast::DefineStmt) -> Result<&'static str> {
        let (schema, name) = self.split_name(&statement.defnames)?;
        let schema = self.creation_schema(schema.unwrap_or_default())?;
        let given = self.aggregate_options(&statement.definition)?;
        let (shape, signature) = self.aggregate_shape(statement, &given)?;
        let plain = given.plain.state.map(|state| self.state_type(state)).transpose()?;
        let plain = plain.ok_or_else(|| invalid("aggregate stype must be specified"))?;
        self.check_serialization(&given, plain)?;
        let moving = given.moving.state.map(|state| self.state_type(state)).transpose()?;
        for (way, state) in [(&given.plain, Some(plain)), (&given.moving, moving)] {
            self.check_initial(way, state)?;
        }
        let parallel = given.parallel()?;
        shape.check()?;
        let (plain, result) = self.plain_way(&given, &shape, plain)?;
        let moving = self.moving_way(&given, &shape, moving, result)?;
        let sort_operator = self.sort_operator(&given, &shape)?;
        let function = Function {
            oid: self.next_oid(),
            schema,
            name: name.to_owned(),
            owner: self.current_role()?.oid,
            kind: FunctionKind::Aggregate,
            language: "internal".to_owned(),
            source: "aggregate_dummy".to_owned(),
            args: shape.args.clone(),
            arg_names: signature.arg_names,
            all_args: signature.all_args,
            defaults: Vec::new(),
            returns: result,
            returns_set: false,
            variadic: shape.variadic,
            strict: false,
            volatility: Volatility::Immutable,
            options: FunctionOptions { parallel, ..FunctionOptions::default() },
        };
        let function = self.replaced(function, statement.replace)?;
        self.check_replaced_aggregate(&function, &shape)?;
        let kernel = self.kernel_for(&plain, &shape)?;
        self.put(Aggregate {
            function: function.oid,
            kind: shape.kind,
            direct_args: i16::try_from(shape.direct).unwrap_or(i16::MAX),
            kernel,
            sort_operator,
            plain,
            moving: moving.map(Box::new),
        });
        self.put_function(function);
        Ok("CREATE AGGREGATE")
    }

    /// Its kind and arguments, from the list in front or, in the old syntax, BASETYPE.
    fn aggregate_shape(
        &self,
        statement: &ast::DefineStmt,
        given: &Given<'_>,
    ) -> Result<(Shape, Signature)> {
        let mut shape = Shape { kind: 'n', direct: 0, args: Vec::new(), variadic: oid::INVALID };
        let parameters = match statement.args.first().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::List(list)) => list.items.as_slice(),
            _ => &[],
        };
        if let Some(NodeEnum::Integer(direct)) =
            statement.args.get(1).and_then(|node| node.node.as_ref())
            && !statement.oldstyle
            && let Ok(direct) = usize::try_from(direct.ival)
        {
            (shape.kind, shape.direct) = ('o', direct);
        }
        if given.hypothetical {
            if shape.kind == 'n' {
                return Err(invalid("only ordered-set aggregates can be hypothetical"));
            }
            shape.kind = 'h';
        }
        if !statement.oldstyle {
            if given.base_type.is_some() || given.takes_any {
                return Err(invalid(
                    "basetype is redundant with aggregate input type specification",
                ));
            }
            let signature = self.aggregate_parameters(parameters)?;
            (shape.args, shape.variadic) = (signature.args.clone(), signature.variadic);
            return Ok((shape, signature));
        }
        if given.takes_any {
            return Ok((shape, Signature::default()));
        }
        let base =
            given.base_type.ok_or_else(|| invalid("aggregate input type must be specified"))?;
        let is_any = matches!(super::strings(&base.names).as_slice(),
            [name] if name.eq_ignore_ascii_case("any"));
        if !is_any {
            shape.args.push(self.resolve_type(base).map_err(Error::without_position)?.oid);
        }
        Ok((shape, Signature::default()))
    }

    fn check_serialization(&self, given: &Given<'_>, state: Oid) -> Result<()> {
        match (given.serialize.is_empty(), given.deserialize.is_empty()) {
            (true, true) => Ok(()),
            (false, false) if state != oid::INTERNAL => Err(invalid(
                "serialization functions may be specified only when the aggregate transition \
                 data type is internal",
            )),
            (false, false) => Ok(()),
            _ => Err(invalid(
                "must specify both or neither of serialization and deserialization functions",
            )),
        }
    }

    /// The first state must be a value of its type, unless that depends on the call.
    fn check_initial(&self, way: &Way<'_>, state: Option<Oid>) -> Result<()> {
        let (Some(text), Some(state)) = (&way.initial, state) else { return Ok(()) };
        if bind::is_polymorphic(state) || state == oid::INTERNAL {
            return Ok(());
        }
        let eval = self.eval();
        let repr = eval.catalog.repr(state)?;
        types::text_input(text, SqlType::new(state), &repr, &eval.input()).map(drop)
    }

    fn part(&self, name: &[&str], args: &[Oid], variadic: Oid) -> Result<FoundFunction> {
        let name = match name {
            [name] => (None, *name),
            [schema, name] | [_, schema, name] => (Some(*schema), *name),
            _ => return Err(Error::syntax("improper function name")),
        };
        bind::aggregate_part(&self.eval(), name, args, variadic)
    }

    /// The functions of the plain way, and the type of the aggregate's result.
    fn plain_way(&self, given: &Given<'_>, shape: &Shape, state: Oid) -> Result<(Transition, Oid)> {
        self.require_polymorphic_input(state, shape)?;
        let way = &given.plain;
        let function = self.transition_function(way, shape, state)?;
        let (finish, result) = self.final_function(way, shape, state)?;
        let combine = self.fixed_part(&given.combine, &[state, state], state, "combine")?;
        if let Some(combine) = &combine
            && state == oid::INTERNAL
            && combine.function.strict
        {
            return Err(invalid(
                "combine function with transition type internal must not be declared STRICT",
            ));
        }
        let internal = &[oid::INTERNAL];
        let serialize = self.fixed_part(&given.serialize, internal, oid::BYTEA, "serialization")?;
        let deserialize = self.fixed_part(
            &given.deserialize,
            &[oid::BYTEA, oid::INTERNAL],
            oid::INTERNAL,
            "deserialization",
        )?;
        if let Some(words) = bind::missing_input(result, &shape.args) {
            return Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                "cannot determine result data type",
            )
            .with_detail(self.needs_input(result, words)));
        }
        super::function::check_internal(result, &shape.args)?;
        let oid_of = |part: &Option<FoundFunction>| part.as_ref().map_or(0, |f| f.function.oid);
        let transition = Transition {
            function: function.function.oid,
            state,
            state_space: way.space,
            finish: oid_of(&finish),
            finish_extra: way.finish_extra,
            finish_modify: way.finish_modify.unwrap_or(shape.usual_modify()),
            initial: way.initial.clone(),
            combine: oid_of(&combine),
            serialize: oid_of(&serialize),
            deserialize: oid_of(&deserialize),
            inverse: oid::INVALID,
        };
        Ok((transition, result))
    }

    fn moving_way(
        &self,
        given: &Given<'_>,
        shape: &Shape,
        state: Option<Oid>,
        result: Oid,
    ) -> Result<Option<Transition>> {
        let Some(state) = state else { return Ok(None) };
        self.require_polymorphic_input(state, shape)?;
        let way = &given.moving;
        let function = self.transition_function(way, shape, state)?;
        let inverse = self.part(&way.inverse, &shape.transition_args(state), shape.variadic)?;
        if inverse.result != state {
            return Err(self.wrong_result("inverse transition", &way.inverse, state));
        }
        if inverse.function.strict != function.function.strict {
            return Err(invalid(
                "strictness of aggregate's forward and inverse transition functions must match",
            ));
        }
        let (finish, own_result) = self.final_function(way, shape, state)?;
        if own_result != result {
            return Err(invalid(format!(
                "moving-aggregate implementation returns type {}, but plain implementation \
                 returns type {}",
                self.display_type(own_result),
                self.display_type(result)
            )));
        }
        Ok(Some(Transition {
            function: function.function.oid,
            state,
            state_space: way.space,
            finish: finish.map_or(0, |found| found.function.oid),
            finish_extra: way.finish_extra,
            finish_modify: way.finish_modify.unwrap_or(shape.usual_modify()),
            initial: way.initial.clone(),
            inverse: inverse.function.oid,
            ..Transition::default()
        }))
    }

    fn transition_function(
        &self,
        way: &Way<'_>,
        shape: &Shape,
        state: Oid,
    ) -> Result<FoundFunction> {
        let found = self.part(&way.function, &shape.transition_args(state), shape.variadic)?;
        if found.result != state {
            return Err(self.wrong_result("transition", &way.function, state));
        }
        let first = shape.args.first();
        let starts_with_value =
            first.is_some_and(|ty| bind::is_binary_coercible(&self.eval(), *ty, state));
        if found.function.strict && way.initial.is_none() && !starts_with_value {
            return Err(invalid(
                "must not omit initial value when transition function is strict and transition \
                 type is not compatible with input type",
            ));
        }
        Ok(found)
    }

    /// The final function if there is one, and the type of what comes out.
    fn final_function(
        &self,
        way: &Way<'_>,
        shape: &Shape,
        state: Oid,
    ) -> Result<(Option<FoundFunction>, Oid)> {
        if way.finish.is_empty() {
            return Ok((None, state));
        }
        let count = if way.finish_extra { shape.args.len() } else { shape.direct };
        let mut args = vec![state];
        args.extend(&shape.args[..count]);
        let variadic = if count == shape.args.len() { shape.variadic } else { oid::INVALID };
        let found = self.part(&way.finish, &args, variadic)?;
        if way.finish_extra && found.function.strict {
            return Err(invalid("final function with extra arguments must not be declared STRICT"));
        }
        let result = found.result;
        Ok((Some(found), result))
    }

    /// A function that must answer exactly this type.
    fn fixed_part(
        &self,
        name: &[&str],
        args: &[Oid],
        result: Oid,
        what: &str,
    ) -> Result<Option<FoundFunction>> {
        if name.is_empty() {
            return Ok(None);
        }
        let found = self.part(name, args, oid::INVALID)?;
        match found.result == result {
            true => Ok(Some(found)),
            false => Err(self.wrong_result(what, name, result)),
        }
    }

    fn wrong_result(&self, what: &str, name: &[&str], wanted: Oid) -> Error {
        Error::new(
            sqlstate::DATATYPE_MISMATCH,
            format!(
                "return type of {what} function {} is not {}",
                name.join("."),
                self.display_type(wanted)
            ),
        )
    }

    fn require_polymorphic_input(&self, state: Oid, shape: &Shape) -> Result<()> {
        match bind::missing_input(state, &shape.args) {
            Some(words) => Err(invalid("cannot determine transition data type")
                .with_detail(self.needs_input(state, words))),
            None => Ok(()),
        }
    }

    fn needs_input(&self, ty: Oid, words: &str) -> String {
        let name = self.display_type(ty);
        format!("A result of type {name} requires at least one input of type {words}.")
    }

    fn sort_operator(&self, given: &Given<'_>, shape: &Shape) -> Result<Oid> {
        let name = match given.sort_operator.as_slice() {
            [] => return Ok(oid::INVALID),
            [name] => (None, *name),
            [schema, name] | [_, schema, name] => (Some(*schema), *name),
            _ => return Err(Error::syntax("improper operator name")),
        };
        let [only] = shape.args[..] else {
            return Err(invalid(
                "sort operator can only be specified for single-argument aggregates",
            ));
        };
        bind::find_operator(&self.eval(), name, Some(only), only).map(|operator| operator.oid)
    }

    fn check_replaced_aggregate(&self, function: &Function, shape: &Shape) -> Result<()> {
        let Some(old) = self.work.catalog.aggregate(function.oid) else { return Ok(()) };
        if old.kind != shape.kind {
            let what = match old.kind {
                'n' => "an ordinary aggregate function",
                'o' => "an ordered-set aggregate",
                _ => "a hypothetical-set aggregate",
            };
            return Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, "cannot change routine kind")
                .with_detail(format!("\"{}\" is {what}.", function.name)));
        }
        match usize::try_from(old.direct_args) == Ok(shape.direct) {
            true => Ok(()),
            false => {
                Err(invalid("cannot change number of direct arguments of an aggregate function"))
            }
        }
    }

    /// The kernel that computes it; none where its functions are called.
    fn kernel_for(&self, plain: &Transition, shape: &Shape) -> Result<String> {
        if plain.state != oid::INTERNAL {
            return Ok(String::new());
        }
        let catalog = &self.work.catalog;
        let same = |known: &&std::sync::Arc<Aggregate>| {
            known.function < oid::FIRST_NORMAL
                && known.kind == shape.kind
                && (known.plain.function, known.plain.finish) == (plain.function, plain.finish)
        };
        let name = |function| catalog.function(function).map_or("-", |found| found.name.as_str());
        match catalog.aggregates().find(same) {
            Some(known) => Ok(known.kernel.clone()),
            None => Err(Error::unsupported(format!(
                "an aggregate with transition type internal of {} and {}",
                name(plain.function),
                name(plain.finish)
            ))),
        }
    }

    /// An aggregate's own row goes with its function.
    pub(super) fn remove_aggregate(&mut self, function: Oid) {
        if self.work.catalog.aggregate(function).is_some() {
            self.remove(ObjectClass::Aggregate, function);
        }
    }
}

impl Shape {
    /// What the transition function is given: the state, and the arguments that come
    /// from rows. One VARIADIC argument at the end may be both direct and aggregated.
    fn transition_args(&self, state: Oid) -> Vec<Oid> {
        let from = match self.kind {
            'n' => 0,
            _ => self.direct.min(self.args.len().saturating_sub(1)),
        };
        std::iter::once(state).chain(self.args[from..].iter().copied()).collect()
    }

    fn usual_modify(&self) -> char {
        if self.kind == 'n' { 'r' } else { 'w' }
    }

    fn check(&self) -> Result<()> {
        if self.args.len() > ARGUMENTS_MAX {
            return Err(Error::new(
                sqlstate::TOO_MANY_ARGUMENTS,
                format!("aggregates cannot have more than {ARGUMENTS_MAX} arguments"),
            ));
        }
        if self.kind != 'n' && self.variadic != oid::INVALID && self.variadic != oid::ANY {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "a variadic ordered-set aggregate must use VARIADIC type ANY",
            ));
        }
        let aggregated = &self.args[self.direct.min(self.args.len())..];
        let matches = self
            .direct
            .checked_sub(aggregated.len())
            .is_some_and(|start| self.args[start..].starts_with(aggregated));
        if self.kind == 'h' && !matches {
            return Err(invalid(
                "a hypothetical-set aggregate must have direct arguments matching its aggregated \
                 arguments",
            ));
        }
        Ok(())
    }
}
