//! What a WHERE clause says about single columns of the target.
//!
//! Conjuncts that compare a column with a value known before the scan (constant,
//! parameter, or a cast of one) become conditions. Their values are computed once
//! per execution; the whole predicate is still evaluated on every row found.

use crate::catalog::{Catalog, Function, Volatility};
use crate::error::Result;
use crate::index::{KeyColumn, ordered, parts};
use crate::sql::functions::EvalContext;
use crate::sql::ir::{Call, ColumnId, Expr, ExprKind};
use crate::sql::run::eval::Evaluator;
use crate::sql::types::{Datum, Repr, SqlType, oid};
use crate::table::TableInfo;
use crate::table::scan::Comparison;

/// The conditions of one predicate, by column position.
#[derive(Default)]
pub struct Conditions {
    conditions: Vec<Condition>,
}

struct Condition {
    position: usize,
    relation: Relation,
    value: Value,
}

/// What a column is compared with.
enum Value {
    /// Nothing: a test for NULL.
    None,
    One(Evaluator),
    /// The values of IN.
    List(Vec<Evaluator>),
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Relation {
    Equal,
    /// Equal to an element of the array that the value is.
    EqualAny,
    Below {
        included: bool,
    },
    Above {
        included: bool,
    },
    IsNull,
    IsNotNull,
    /// A condition on parts of the column's value.
    Parts(parts::Operator),
}

impl Relation {
    /// The relation with its sides exchanged.
    fn swapped(self) -> Relation {
        match self {
            Relation::Below { included } => Relation::Above { included },
            Relation::Above { included } => Relation::Below { included },
            equal => equal,
        }
    }
}

impl Conditions {
    /// Finds the conditions of `predicate`; `columns` names the target's columns by
    /// attribute number.
    pub fn new(
        predicate: &Expr,
        columns: &[(i16, ColumnId)],
        catalog: &Catalog,
    ) -> Result<Conditions> {
        Conditions::over(predicate, &|expr| position(expr, columns), catalog)
    }

    /// The same of whatever `position` gives a number.
    pub fn over(
        predicate: &Expr,
        position: &dyn Fn(&Expr) -> Option<usize>,
        catalog: &Catalog,
    ) -> Result<Conditions> {
        let mut found = Conditions::default();
        found.collect(predicate, position, catalog)?;
        Ok(found)
    }

    fn collect(
        &mut self,
        expr: &Expr,
        position: &dyn Fn(&Expr) -> Option<usize>,
        catalog: &Catalog,
    ) -> Result<()> {
        match &expr.kind {
            ExprKind::And(args) => {
                for arg in args {
                    self.collect(arg, position, catalog)?;
                }
            }
            ExprKind::Call(Call { function, args, .. }) if args.len() == 2 => {
                if let Some((at, operator)) = parts_operator(function, args, position) {
                    let relation = Relation::Parts(operator);
                    return match position(&args[at]) {
                        Some(position) => self.add(position, relation, &args[1 - at], catalog),
                        None => Ok(()),
                    };
                }
                let Some(relation) = relation_of(function) else { return Ok(()) };
                if let Some(position) = position(&args[0]) {
                    self.add(position, relation, &args[1], catalog)?;
                } else if let Some(position) = position(&args[1]) {
                    self.add(position, relation.swapped(), &args[0], catalog)?;
                }
            }
            ExprKind::InList { equal, left, list, negated: false } => {
                if relation_of(equal) == Some(Relation::Equal)
                    && let Some(position) = position(left)
                    && list.iter().all(is_known_before)
                {
                    let compile = |value| Evaluator::compile(value, &[], catalog);
                    let values = list.iter().map(compile).collect::<Result<Vec<_>>>()?;
                    let (relation, value) = (Relation::EqualAny, Value::List(values));
                    self.conditions.push(Condition { position, relation, value });
                }
            }
            ExprKind::Column(_) => self.add_truth(expr, true, position, catalog)?,
            ExprKind::Not(arg) => self.add_truth(arg, false, position, catalog)?,
            ExprKind::BoolTest { arg, value: Some(value), negated: false } => {
                self.add_truth(arg, *value, position, catalog)?;
            }
            ExprKind::IsNull(arg) | ExprKind::IsNotNull(arg) => {
                if let Some(position) = position(arg) {
                    let is_null = matches!(expr.kind, ExprKind::IsNull(_));
                    let relation = if is_null { Relation::IsNull } else { Relation::IsNotNull };
                    self.conditions.push(Condition { position, relation, value: Value::None });
                }
            }
            ExprKind::ArrayCompare { operator, left, array, all: false } => {
                if relation_of(operator) == Some(Relation::Equal)
                    && let Some(position) = position(left)
                {
                    self.add(position, Relation::EqualAny, array, catalog)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn add(
        &mut self,
        position: usize,
        relation: Relation,
        value: &Expr,
        catalog: &Catalog,
    ) -> Result<()> {
        if is_known_before(value) {
            let value = Evaluator::compile(value, &[], catalog)?;
            self.conditions.push(Condition { position, relation, value: Value::One(value) });
        }
        Ok(())
    }

    /// A boolean column by itself, or its negation.
    fn add_truth(
        &mut self,
        arg: &Expr,
        value: bool,
        position: &dyn Fn(&Expr) -> Option<usize>,
        catalog: &Catalog,
    ) -> Result<()> {
        let Some(position) = position(arg) else { return Ok(()) };
        let kind = ExprKind::Const(Datum::Bool(value));
        let constant = Expr { kind, ty: SqlType::new(oid::BOOL), location: -1 };
        self.add(position, Relation::Equal, &constant, catalog)
    }

    /// Whether a column, by position, is compared with anything that an order knows.
    pub fn binds(&self, position: usize) -> bool {
        let is_compared = |condition: &Condition| {
            !matches!(condition.value, Value::None)
                && !matches!(condition.relation, Relation::Parts(_))
        };
        self.conditions.iter().any(|one| one.position == position && is_compared(one))
    }

    /// The conditions with their values; `None` if one can hold for no row.
    pub fn evaluate(
        &self,
        info: &TableInfo,
        ctx: &EvalContext,
        params: &[Datum],
    ) -> Result<Option<Vec<(usize, Comparison)>>> {
        let knows = |position: usize| {
            let keys = info.indexes.iter().flat_map(|index| &index.keys);
            let of = |column: i16| usize::try_from(column).ok() == Some(position + 1);
            keys.filter(|key| of(key.column)).any(|key| key.parts == Some(parts::Parts::Trigrams))
        };
        self.evaluate_where(&|position| &info.columns[position].repr, &knows, ctx, params)
    }

    /// The same of a key that is an expression.
    pub fn evaluate_for(
        &self,
        key: &KeyColumn,
        ctx: &EvalContext,
        params: &[Datum],
    ) -> Result<Option<Vec<(usize, Comparison)>>> {
        let knows = key.parts == Some(parts::Parts::Trigrams);
        self.evaluate_where(&|_| &key.repr, &|_| knows, ctx, params)
    }

    /// `knows_patterns`: of which columns an index has trigrams; patterns for others are
    /// nobody's business.
    fn evaluate_where<'r>(
        &self,
        repr: &dyn Fn(usize) -> &'r Repr,
        knows_patterns: &dyn Fn(usize) -> bool,
        ctx: &EvalContext,
        params: &[Datum],
    ) -> Result<Option<Vec<(usize, Comparison)>>> {
        let mut comparisons = Vec::with_capacity(self.conditions.len());
        for condition in &self.conditions {
            if let Relation::Parts(operator) = condition.relation
                && operator.is_pattern()
                && !knows_patterns(condition.position)
            {
                continue;
            }
            let column = repr(condition.position);
            let value = match &condition.value {
                Value::None => {
                    let comparison = match condition.relation {
                        Relation::IsNull => Comparison::IsNull,
                        _ => Comparison::IsNotNull,
                    };
                    comparisons.push((condition.position, comparison));
                    continue;
                }
                Value::List(values) => {
                    let values = values
                        .iter()
                        .map(|value| value.eval(ctx, params, &[]))
                        .collect::<Result<Vec<_>>>()?;
                    match one_of(&values, column) {
                        Known::Some(found) => comparisons.push((condition.position, found)),
                        Known::Unusable => {}
                        Known::Never => return Ok(None),
                    }
                    continue;
                }
                Value::One(value) => value.eval(ctx, params, &[])?,
            };
            if value.is_null() {
                return Ok(None);
            }
            match comparison(resolved(condition.relation, ctx)?, value, column) {
                Known::Some(comparison) => comparisons.push((condition.position, comparison)),
                Known::Unusable => {}
                Known::Never => return Ok(None),
            }
        }
        Ok(Some(comparisons))
    }
}

/// What is asked of similarity depends on the session's parameters.
fn resolved(relation: Relation, ctx: &EvalContext) -> Result<Relation> {
    match relation {
        Relation::Parts(operator) => match operator.threshold() {
            Some(name) => {
                let value = crate::sql::functions::similarity_threshold(ctx, name)?;
                Ok(Relation::Parts(operator.with_threshold(value)))
            }
            None => Ok(relation),
        },
        other => Ok(other),
    }
}

enum Known {
    Some(Comparison),
    /// The index cannot serve it; the predicate decides.
    Unusable,
    /// No value of the column fulfils it.
    Never,
}

fn comparison(relation: Relation, value: Datum, column: &Repr) -> Known {
    let integral = matches!(column, Repr::Int2 | Repr::Int4 | Repr::Int8);
    match relation {
        Relation::Equal => match ordered::coerce(&value, column) {
            Some(value) => Known::Some(Comparison::Equal(value)),
            None if integral => Known::Never,
            None => Known::Unusable,
        },
        Relation::EqualAny => {
            let Datum::Array(array) = value else { return Known::Unusable };
            one_of(&array.elements, column)
        }
        Relation::Below { included } => match ordered::coerce(&value, column) {
            Some(bound) => Known::Some(Comparison::Below { bound, included }),
            None => Known::Unusable,
        },
        Relation::Above { included } => match ordered::coerce(&value, column) {
            Some(bound) => Known::Some(Comparison::Above { bound, included }),
            None => Known::Unusable,
        },
        Relation::Parts(operator) => Known::Some(Comparison::Parts(operator, value)),
        Relation::IsNull | Relation::IsNotNull => Known::Unusable,
    }
}

/// The argument that is a column, and what is asked of its parts.
fn parts_operator(
    function: &Function,
    args: &[Expr],
    position: &dyn Fn(&Expr) -> Option<usize>,
) -> Option<(usize, parts::Operator)> {
    if !function.is_native() {
        return None;
    }
    let at = args.iter().position(|arg| position(arg).is_some())?;
    Some((at, parts::Operator::of_function(&function.source, at == 1)?))
}

/// Equal to one of these; NULLs equal nothing.
fn one_of(values: &[Datum], column: &Repr) -> Known {
    let values = values.iter().filter(|value| !value.is_null());
    let coerced: Option<Vec<Datum>> = values.map(|value| ordered::coerce(value, column)).collect();
    match coerced {
        Some(values) if values.is_empty() => Known::Never,
        Some(values) => Known::Some(Comparison::OneOf(values)),
        None => Known::Unusable,
    }
}

/// The position of the target's column that an expression is.
fn position(expr: &Expr, columns: &[(i16, ColumnId)]) -> Option<usize> {
    match &expr.kind {
        ExprKind::Column(id) => columns
            .iter()
            .find(|(attnum, column)| column == id && *attnum > 0)
            .map(|(attnum, _)| *attnum as usize - 1),
        ExprKind::Relabel(inner) => position(inner, columns),
        _ => None,
    }
}

/// Whether an expression has one value for the whole statement.
fn is_known_before(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Param(_) => true,
        ExprKind::Relabel(inner) | ExprKind::CoerceViaText(inner) => is_known_before(inner),
        ExprKind::Call(call) => {
            call.function.volatility != Volatility::Volatile
                && call.args.iter().all(is_known_before)
        }
        ExprKind::Array { elements, .. } => elements.iter().all(is_known_before),
        _ => false,
    }
}

/// The families of comparison functions whose order is that of index keys. Names
/// are `int4eq` or `date_eq`; both sides have one type, or are integers.
const FAMILIES: [&str; 29] = [
    "bool",
    "bpchar",
    "bytea",
    "char",
    "date_",
    "enum_",
    "float4",
    "float8",
    "int2",
    "int24",
    "int28",
    "int4",
    "int42",
    "int48",
    "int8",
    "int82",
    "int84",
    "interval_",
    "name",
    "numeric_",
    "oid",
    "text_",
    "text",
    "time_",
    "timestamp_",
    "timestamptz_",
    "timetz_",
    "uuid_",
    "jsonb_",
];

fn relation_of(function: &Function) -> Option<Relation> {
    if !function.is_native() || !function.source.is_ascii() {
        return None;
    }
    let (family, relation) =
        function.source.split_at_checked(function.source.len().checked_sub(2)?)?;
    let relation = match relation {
        "eq" => Relation::Equal,
        "lt" => Relation::Below { included: false },
        "le" => Relation::Below { included: true },
        "gt" => Relation::Above { included: false },
        "ge" => Relation::Above { included: true },
        _ => return None,
    };
    FAMILIES.contains(&family).then_some(relation)
}
