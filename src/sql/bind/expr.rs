//! Scalar expressions: one arm per node of the grammar.

use std::sync::Arc;

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{
    AExpr, AExprKind, BoolExpr, BoolExprType, BoolTestType, BooleanTest, CollateClause, NullTest,
    NullTestType, SqlValueFunction, SqlValueFunctionOp, TypeCast,
};

use super::Binder;
use super::node::{BOOL, bool_expr, constant, inner, is_null_constant, required, typed};
use super::operator::OperatorName;
use crate::catalog::{self, CastContext, Function};
use crate::error::{Error, Result};
use crate::sql::ir::{Call, Expr, ExprKind};
use crate::sql::types::{Datum, Oid, SqlType, oid};
use crate::sqlstate;

/// Built-in functions that SQL's value functions stand for.
mod builtin {
    use crate::sql::types::Oid;

    pub const NOW: Oid = 1299;
    pub const DATE_OF_TIMESTAMPTZ: Oid = 1178;
    pub const TIMETZ_OF_TIMESTAMPTZ: Oid = 1388;
    pub const TIME_OF_TIMESTAMPTZ: Oid = 2019;
    pub const TIMESTAMP_OF_TIMESTAMPTZ: Oid = 2027;
    pub const CURRENT_USER: Oid = 745;
    pub const SESSION_USER: Oid = 746;
    pub const CURRENT_DATABASE: Oid = 861;
    pub const CURRENT_SCHEMA: Oid = 1402;
}

impl Binder<'_> {
    /// Binds an expression; literals and parameters may stay `unknown`.
    pub(super) fn expr(&mut self, node: &NodeEnum) -> Result<Expr> {
        self.deeper(|binder| binder.expr_here(node))
    }

    /// Binds an expression whose type is decided: `unknown` became text.
    pub(super) fn decided(&mut self, node: &NodeEnum) -> Result<Expr> {
        let expr = self.expr(node)?;
        self.decide(expr)
    }

    fn expr_here(&mut self, node: &NodeEnum) -> Result<Expr> {
        match node {
            NodeEnum::AConst(n) => self.constant(n),
            NodeEnum::ColumnRef(n) => self.column_ref(n),
            NodeEnum::ParamRef(n) => self.param(n.number, n.location),
            NodeEnum::AExpr(n) => self.a_expr(n),
            NodeEnum::BoolExpr(n) => self.bool_expr(n),
            NodeEnum::FuncCall(n) => self.func_call(n),
            NodeEnum::TypeCast(n) => self.type_cast(n),
            NodeEnum::SubLink(n) => self.sublink(n),
            NodeEnum::CaseExpr(n) => self.case(n),
            NodeEnum::CoalesceExpr(n) => self.coalesce(n),
            NodeEnum::MinMaxExpr(n) => self.min_max(n),
            NodeEnum::NullTest(n) => self.null_test(n),
            NodeEnum::BooleanTest(n) => self.boolean_test(n),
            NodeEnum::RowExpr(n) => self.row_expr(&n.args, n.location),
            NodeEnum::AArrayExpr(n) => self.array_constructor(n, None),
            NodeEnum::AIndirection(n) => self.indirection(n),
            NodeEnum::CollateClause(n) => self.collate(n),
            NodeEnum::SqlvalueFunction(n) => self.value_function(n),
            NodeEnum::GroupingFunc(n) => self.grouping_call(n),
            NodeEnum::SetToDefault(n) => {
                Err(Error::syntax("DEFAULT is not allowed in this context").at(n.location))
            }
            NodeEnum::CurrentOfExpr(_) => Err(Error::unsupported("WHERE CURRENT OF")),
            NodeEnum::XmlExpr(n) => Err(Error::unsupported("XML").at(n.location)),
            NodeEnum::XmlSerialize(n) => Err(Error::unsupported("XML").at(n.location)),
            NodeEnum::NamedArgExpr(n) => {
                Err(Error::syntax("named argument outside of a function call").at(n.location))
            }
            other => Err(unsupported_node(other)),
        }
    }

    fn a_expr(&mut self, node: &AExpr) -> Result<Expr> {
        use AExprKind::*;
        match AExprKind::try_from(node.kind).unwrap_or(Undefined) {
            AexprOp | AexprLike | AexprIlike | AexprSimilar => self.binary_or_prefix(node),
            AexprOpAny => self.array_compare(node, false),
            AexprOpAll => self.array_compare(node, true),
            AexprDistinct => self.distinct(node, false),
            AexprNotDistinct => self.distinct(node, true),
            AexprNullif => self.null_if(node),
            AexprIn => self.in_list(node),
            AexprBetween => self.between(node, false, false),
            AexprNotBetween => self.between(node, true, false),
            AexprBetweenSym => self.between(node, false, true),
            AexprNotBetweenSym => self.between(node, true, true),
            Undefined => Err(Error::internal("unknown kind of operator expression")),
        }
    }

    fn binary_or_prefix(&mut self, node: &AExpr) -> Result<Expr> {
        let name = OperatorName::of(&node.name)?;
        let right_node = required(&node.rexpr)?;
        let Some(left_node) = super::node::boxed(&node.lexpr) else {
            let right = self.expr(right_node)?;
            return self.operator(name, None, right, node.location);
        };
        if let (NodeEnum::RowExpr(left), NodeEnum::RowExpr(right)) = (left_node, right_node) {
            let left = self.exprs(&left.args)?;
            let right = self.exprs(&right.args)?;
            return self.row_comparison(name, left, right, node.location);
        }
        if let (NodeEnum::RowExpr(left), NodeEnum::SubLink(link)) = (left_node, right_node) {
            return self.row_subquery_comparison(name, left, link, node.location);
        }
        let left = self.expr(left_node)?;
        let right = self.expr(right_node)?;
        self.operator(name, Some(left), right, node.location)
    }

    pub(super) fn exprs(&mut self, nodes: &[crate::sql::parse::ast::Node]) -> Result<Vec<Expr>> {
        nodes.iter().map(|node| self.expr(inner(node)?)).collect()
    }

    /// `x op ANY (array)`.
    fn array_compare(&mut self, node: &AExpr, all: bool) -> Result<Expr> {
        let name = OperatorName::of(&node.name)?;
        let left = self.expr(required(&node.lexpr)?)?;
        let right = self.expr(required(&node.rexpr)?)?;
        self.compare_with_array(name, left, right, all, node.location)
    }

    pub(super) fn compare_with_array(
        &mut self,
        name: OperatorName<'_>,
        left: Expr,
        right: Expr,
        all: bool,
        location: i32,
    ) -> Result<Expr> {
        let (left_type, right_type) = (left.ty.oid, right.ty.oid);
        let element = match right_type {
            oid::UNKNOWN => oid::UNKNOWN,
            other => self.element(self.base(other)).ok_or_else(|| {
                Error::new(
                    sqlstate::WRONG_OBJECT_TYPE,
                    "op ANY/ALL (array) requires array on right side",
                )
                .at(location)
            })?,
        };
        let operator = self.find_operator(name, Some(left_type), element, location)?;
        let function = self.function(operator.function)?;
        if function.returns != oid::BOOL {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                "op ANY/ALL (array) requires operator to yield boolean",
            )
            .at(location));
        }
        let declared = [operator.left, operator.right];
        let (types, _) =
            self.resolve_polymorphic(&[left_type, element], &declared, operator.result)?;
        let array_type = match right_type {
            // An operator over anyarray elements keeps the array as it is.
            other if element != oid::UNKNOWN && types[1] == element => other,
            _ => self.array_of(types[1]).ok_or_else(|| {
                Error::new(
                    sqlstate::UNDEFINED_OBJECT,
                    format!(
                        "could not find array type for data type {}",
                        self.display_type(types[1])
                    ),
                )
                .at(location)
            })?,
        };
        let left = self.coerce_type(left, SqlType::new(types[0]), CastContext::Implicit)?;
        let array = self.coerce_type(right, SqlType::new(array_type), CastContext::Implicit)?;
        let kind = ExprKind::ArrayCompare {
            operator: function,
            left: Box::new(left),
            array: Box::new(array),
            all,
        };
        Ok(bool_expr(kind, location))
    }

    fn distinct(&mut self, node: &AExpr, negated: bool) -> Result<Expr> {
        let (left_node, right_node) = (required(&node.lexpr)?, required(&node.rexpr)?);
        if let (NodeEnum::RowExpr(left), NodeEnum::RowExpr(right)) = (left_node, right_node) {
            let left = self.exprs(&left.args)?;
            let right = self.exprs(&right.args)?;
            return self.row_distinct(left, right, negated, node.location);
        }
        let left = self.expr(left_node)?;
        let right = self.expr(right_node)?;
        self.distinct_from(left, right, negated, node.location)
    }

    pub(super) fn distinct_from(
        &mut self,
        left: Expr,
        right: Expr,
        negated: bool,
        location: i32,
    ) -> Result<Expr> {
        if is_null_constant(&right) || is_null_constant(&left) {
            let tested = if is_null_constant(&right) { left } else { right };
            let tested = Box::new(self.decide(tested)?);
            let kind = if negated { ExprKind::IsNull(tested) } else { ExprKind::IsNotNull(tested) };
            return Ok(bool_expr(kind, location));
        }
        let equal = self.operator_call(OperatorName::plain("="), Some(left), right, location)?;
        if equal.ty.oid != oid::BOOL {
            return Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                "IS DISTINCT FROM requires = operator to yield boolean",
            )
            .at(location));
        }
        Ok(bool_expr(ExprKind::Distinct { equal: Box::new(equal), negated }, location))
    }

    fn null_if(&mut self, node: &AExpr) -> Result<Expr> {
        let left = self.expr(required(&node.lexpr)?)?;
        let right = self.expr(required(&node.rexpr)?)?;
        let name = OperatorName::of(&node.name)?;
        let equal = self.operator_call(name, Some(left), right, node.location)?;
        if equal.ty.oid != oid::BOOL {
            return Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                "NULLIF requires = operator to yield boolean",
            )
            .at(node.location));
        }
        let ty = equal.args[0].ty;
        Ok(typed(ExprKind::NullIf { equal: Box::new(equal) }, ty, node.location))
    }

    /// `x BETWEEN a AND b` is two comparisons; SYMMETRIC tries both orders.
    fn between(&mut self, node: &AExpr, negated: bool, symmetric: bool) -> Result<Expr> {
        let bounds = super::node::list(required(&node.rexpr)?)
            .ok_or_else(|| Error::internal("BETWEEN without bounds"))?;
        let [low, high] = bounds else {
            return Err(Error::internal("BETWEEN without two bounds"));
        };
        let value = required(&node.lexpr)?;
        let (low, high) = (inner(low)?, inner(high)?);
        let inside = self.range_test(value, low, high, negated, node.location)?;
        if !symmetric {
            return Ok(inside);
        }
        let swapped = self.range_test(value, high, low, negated, node.location)?;
        let both = vec![inside, swapped];
        let kind = if negated { ExprKind::And(both) } else { ExprKind::Or(both) };
        Ok(bool_expr(kind, node.location))
    }

    fn range_test(
        &mut self,
        value: &NodeEnum,
        low: &NodeEnum,
        high: &NodeEnum,
        negated: bool,
        location: i32,
    ) -> Result<Expr> {
        let (first, second) = if negated { ("<", ">") } else { (">=", "<=") };
        let mut compare = |name, bound| {
            let value = self.expr(value)?;
            let bound = self.expr(bound)?;
            self.operator(OperatorName::plain(name), Some(value), bound, location)
        };
        let tests = vec![compare(first, low)?, compare(second, high)?];
        let kind = if negated { ExprKind::Or(tests) } else { ExprKind::And(tests) };
        Ok(bool_expr(kind, location))
    }

    /// `x IN (a, b, …)`: values without columns are compared as one list.
    fn in_list(&mut self, node: &AExpr) -> Result<Expr> {
        let name = OperatorName::of(&node.name)?;
        let negated = name.name == "<>";
        let items = super::node::list(required(&node.rexpr)?)
            .ok_or_else(|| Error::internal("IN without a list"))?;
        let left_node = required(&node.lexpr)?;
        if let NodeEnum::RowExpr(row) = left_node {
            return self.row_in_list(name, &row.args, items, negated, node.location);
        }
        let left = self.expr(left_node)?;
        let items = self.exprs(items)?;
        let (constants, others): (Vec<Expr>, Vec<Expr>) =
            items.into_iter().partition(|item| crate::sql::ir::visit::columns_of(item).is_empty());
        let mut tests = Vec::new();
        let leftover = match self.constant_list(&left, constants, negated, node.location)? {
            Ok(test) => {
                tests.push(test);
                Vec::new()
            }
            Err(constants) => constants,
        };
        for item in leftover.into_iter().chain(others) {
            tests.push(self.operator(name, Some(left.clone()), item, node.location)?);
        }
        if tests.len() == 1 {
            return tests.pop().ok_or_else(|| Error::internal("IN without a test"));
        }
        let kind = if negated { ExprKind::And(tests) } else { ExprKind::Or(tests) };
        Ok(bool_expr(kind, node.location))
    }

    /// The list form, when there are several values of one common type; else the
    /// values back.
    fn constant_list(
        &mut self,
        left: &Expr,
        constants: Vec<Expr>,
        negated: bool,
        location: i32,
    ) -> Result<Result<Expr, Vec<Expr>>> {
        let types: Vec<Oid> =
            [left.ty.oid].into_iter().chain(constants.iter().map(|c| c.ty.oid)).collect();
        let common = match self.common_of(&types) {
            Ok(common) if constants.len() > 1 && common != oid::RECORD => common,
            _ => return Ok(Err(constants)),
        };
        let equal = OperatorName::plain("=");
        let operator = self.find_operator(equal, Some(left.ty.oid), common, location)?;
        let declared = [operator.left, operator.right];
        let (wanted, _) =
            self.resolve_polymorphic(&[left.ty.oid, common], &declared, operator.result)?;
        let function = self.function(operator.function)?;
        let mut list = Vec::with_capacity(constants.len());
        for item in constants {
            let item = self.to_common(item, common, "IN")?;
            list.push(self.coerce_type(item, SqlType::new(wanted[1]), CastContext::Implicit)?);
        }
        let left =
            self.coerce_type(left.clone(), SqlType::new(wanted[0]), CastContext::Implicit)?;
        let kind = ExprKind::InList { equal: function, left: Box::new(left), list, negated };
        Ok(Ok(bool_expr(kind, location)))
    }

    /// AND, OR, NOT; chains of one kind become one list.
    fn bool_expr(&mut self, node: &BoolExpr) -> Result<Expr> {
        let (construct, is_and) = match BoolExprType::try_from(node.boolop) {
            Ok(BoolExprType::AndExpr) => ("AND", true),
            Ok(BoolExprType::OrExpr) => ("OR", false),
            _ => {
                let arg = node.args.first().ok_or_else(|| Error::internal("NOT of nothing"))?;
                let arg = self.expr(inner(arg)?)?;
                let arg = self.to_boolean(arg, "NOT")?;
                return Ok(bool_expr(ExprKind::Not(Box::new(arg)), node.location));
            }
        };
        let mut args = Vec::with_capacity(node.args.len());
        for arg in &node.args {
            let arg = self.expr(inner(arg)?)?;
            let arg = self.to_boolean(arg, construct)?;
            match arg.kind {
                ExprKind::And(list) if is_and => args.extend(list),
                ExprKind::Or(list) if !is_and => args.extend(list),
                kind => args.push(Expr { kind, ..arg }),
            }
        }
        let kind = if is_and { ExprKind::And(args) } else { ExprKind::Or(args) };
        Ok(bool_expr(kind, node.location))
    }

    fn null_test(&mut self, node: &NullTest) -> Result<Expr> {
        let is_null = node.nulltesttype == NullTestType::IsNull as i32;
        let arg = self.expr(required(&node.arg)?)?;
        // A parameter gets no type from this; it needs one from elsewhere.
        let arg = match arg.kind {
            ExprKind::Param(_) => arg,
            _ => self.decide(arg)?,
        };
        let test = |arg: Expr| {
            let arg = Box::new(arg);
            let kind = if is_null { ExprKind::IsNull(arg) } else { ExprKind::IsNotNull(arg) };
            bool_expr(kind, node.location)
        };
        match arg.kind {
            // A row is (not) null when all of its fields are.
            ExprKind::Row(fields) if !fields.is_empty() => {
                let tests: Vec<Expr> = fields.into_iter().map(test).collect();
                super::node::all_of(tests).ok_or_else(|| Error::internal("row without fields"))
            }
            kind => Ok(test(Expr { kind, ..arg })),
        }
    }

    fn boolean_test(&mut self, node: &BooleanTest) -> Result<Expr> {
        let (value, negated, words) = match BoolTestType::try_from(node.booltesttype) {
            Ok(BoolTestType::IsTrue) => (Some(true), false, "IS TRUE"),
            Ok(BoolTestType::IsNotTrue) => (Some(true), true, "IS NOT TRUE"),
            Ok(BoolTestType::IsFalse) => (Some(false), false, "IS FALSE"),
            Ok(BoolTestType::IsNotFalse) => (Some(false), true, "IS NOT FALSE"),
            Ok(BoolTestType::IsNotUnknown) => (None, true, "IS NOT UNKNOWN"),
            _ => (None, false, "IS UNKNOWN"),
        };
        let arg = self.expr(required(&node.arg)?)?;
        let arg = Box::new(self.to_boolean(arg, words)?);
        Ok(bool_expr(ExprKind::BoolTest { arg, value, negated }, node.location))
    }

    fn type_cast(&mut self, node: &TypeCast) -> Result<Expr> {
        let name = node.type_name.as_ref().ok_or_else(|| Error::internal("cast to no type"))?;
        let target = self.resolve_type_name(name)?;
        let arg_node = required(&node.arg)?;
        // ARRAY[…]::t[] reads its elements as t.
        let arg = match arg_node {
            NodeEnum::AArrayExpr(array) if self.element(self.base(target.oid)).is_some() => {
                let array_type = self.base(target.oid);
                self.array_constructor(
                    array,
                    Some(SqlType::with_typmod(array_type, target.typmod)),
                )?
            }
            other => self.expr(other)?,
        };
        let location = if node.location >= 0 { node.location } else { arg.location };
        let mut cast = self.cast(arg, target, location)?;
        if cast.location < 0 {
            cast.location = location;
        }
        Ok(cast)
    }

    /// Text sorts by bytes: only the collations that do so are accepted.
    fn collate(&mut self, node: &CollateClause) -> Result<Expr> {
        let arg = self.decided(required(&node.arg)?)?;
        let (schema, name) = super::node::qualified_name(&node.collname)?;
        let collation = catalog::resolve_collation(&self.catalog, &self.search_path, schema, name)
            .map_err(|error| error.at(node.location))?;
        if !matches!(collation.name.as_str(), "C" | "POSIX" | "default" | "ucs_basic") {
            return Err(
                Error::unsupported(format!("collation \"{}\"", collation.name)).at(node.location)
            );
        }
        let collatable = self.type_of(self.base(arg.ty.oid))?.collation != 0
            || self
                .element(arg.ty.oid)
                .is_some_and(|e| self.catalog.type_(e).is_some_and(|ty| ty.collation != 0));
        if !collatable {
            return Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!("collations are not supported by type {}", self.display_type(arg.ty.oid)),
            )
            .at(node.location));
        }
        Ok(arg)
    }

    /// CURRENT_DATE and its like. The call goes by that name, which is how it is printed.
    fn value_function(&mut self, node: &SqlValueFunction) -> Result<Expr> {
        let mut value = self.value_of_function(node)?;
        if let (ExprKind::Call(call), Some(name)) = (&mut value.kind, value_function_name(node)) {
            call.function = Arc::new(Function { name, ..(*call.function).clone() });
        }
        Ok(value)
    }

    fn value_of_function(&mut self, node: &SqlValueFunction) -> Result<Expr> {
        use SqlValueFunctionOp::*;
        let op = SqlValueFunctionOp::try_from(node.op).unwrap_or(SqlvalueFunctionOpUndefined);
        let location = node.location;
        let (function, with_precision) = match op {
            SvfopCurrentDate => (Some(builtin::DATE_OF_TIMESTAMPTZ), false),
            SvfopCurrentTime => (Some(builtin::TIMETZ_OF_TIMESTAMPTZ), false),
            SvfopCurrentTimeN => (Some(builtin::TIMETZ_OF_TIMESTAMPTZ), true),
            SvfopCurrentTimestamp => (None, false),
            SvfopCurrentTimestampN => (None, true),
            SvfopLocaltime => (Some(builtin::TIME_OF_TIMESTAMPTZ), false),
            SvfopLocaltimeN => (Some(builtin::TIME_OF_TIMESTAMPTZ), true),
            SvfopLocaltimestamp => (Some(builtin::TIMESTAMP_OF_TIMESTAMPTZ), false),
            SvfopLocaltimestampN => (Some(builtin::TIMESTAMP_OF_TIMESTAMPTZ), true),
            SvfopCurrentRole | SvfopCurrentUser | SvfopUser => {
                return self.builtin_call(builtin::CURRENT_USER, Vec::new(), location);
            }
            SvfopSessionUser => {
                return self.builtin_call(builtin::SESSION_USER, Vec::new(), location);
            }
            SvfopCurrentCatalog => {
                return self.builtin_call(builtin::CURRENT_DATABASE, Vec::new(), location);
            }
            SvfopCurrentSchema => {
                return self.builtin_call(builtin::CURRENT_SCHEMA, Vec::new(), location);
            }
            SqlvalueFunctionOpUndefined => {
                return Err(Error::internal("unknown SQL value function"));
            }
        };
        let now = self.builtin_call(builtin::NOW, Vec::new(), location)?;
        let value = match function {
            Some(function) => self.builtin_call(function, vec![now], location)?,
            None => now,
        };
        if !with_precision {
            return Ok(value);
        }
        let target = SqlType::with_typmod(value.ty.oid, node.typmod.clamp(0, 6));
        self.coerce_typmod(value, target, false)
    }

    pub(super) fn builtin_call(
        &mut self,
        function: Oid,
        args: Vec<Expr>,
        location: i32,
    ) -> Result<Expr> {
        let function = self.function(function)?;
        let ty = SqlType::new(function.returns);
        Ok(typed(ExprKind::Call(Call { function, args, ty, sql_syntax: false }), ty, location))
    }

    pub(super) fn bool_constant(&self, value: bool) -> Expr {
        constant(Datum::Bool(value), BOOL)
    }
}

fn value_function_name(node: &SqlValueFunction) -> Option<String> {
    use SqlValueFunctionOp::*;
    let precision = node.typmod.clamp(0, 6);
    Some(match SqlValueFunctionOp::try_from(node.op).ok()? {
        SvfopCurrentDate => "CURRENT_DATE".to_owned(),
        SvfopCurrentTime => "CURRENT_TIME".to_owned(),
        SvfopCurrentTimeN => format!("CURRENT_TIME({precision})"),
        SvfopCurrentTimestamp => "CURRENT_TIMESTAMP".to_owned(),
        SvfopCurrentTimestampN => format!("CURRENT_TIMESTAMP({precision})"),
        SvfopLocaltime => "LOCALTIME".to_owned(),
        SvfopLocaltimeN => format!("LOCALTIME({precision})"),
        SvfopLocaltimestamp => "LOCALTIMESTAMP".to_owned(),
        SvfopLocaltimestampN => format!("LOCALTIMESTAMP({precision})"),
        SvfopCurrentRole => "CURRENT_ROLE".to_owned(),
        SvfopCurrentUser => "CURRENT_USER".to_owned(),
        SvfopUser => "USER".to_owned(),
        SvfopSessionUser => "SESSION_USER".to_owned(),
        SvfopCurrentCatalog => "CURRENT_CATALOG".to_owned(),
        SvfopCurrentSchema => "CURRENT_SCHEMA".to_owned(),
        SqlvalueFunctionOpUndefined => return None,
    })
}

fn unsupported_node(node: &NodeEnum) -> Error {
    let debug = format!("{node:?}");
    let name = debug.split(['(', ' ', '{']).next().unwrap_or("expression");
    Error::unsupported(format!("expression {name}")).at(super::node::location(node))
}
