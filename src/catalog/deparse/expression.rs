//! Typed expressions as SQL.

use std::fmt::Write;

use super::datum::constant;
use crate::catalog::{
    CastContext, CastMethod, Catalog, Function, PG_CATALOG, Relation, quote_identifier,
    quote_qualified,
};
use crate::sql::functions::OF_ARRAY;
use crate::sql::ir::{Call, ColumnId, Expr, ExprKind, Subquery};
use crate::sql::types::{Datum, Oid, SqlType, oid};

/// Names a column by its id.
type ColumnName<'a> = &'a dyn Fn(ColumnId) -> Option<String>;

/// An expression over one relation's columns in the form that is stored. The
/// columns' ids are their attribute numbers.
pub fn stored_expression(expr: &Expr, relation: &Relation, catalog: &Catalog) -> String {
    let name = |id: ColumnId| {
        let at = usize::try_from(id.0).ok()?.checked_sub(1)?;
        Some(quote_identifier(&relation.columns.get(at)?.name))
    };
    expression(expr, &name, catalog)
}

/// The same of an index's key, which nothing gives a length but the expression.
pub fn key_expression(expr: &Expr, relation: &Relation, catalog: &Catalog) -> String {
    let name = |id: ColumnId| {
        let at = usize::try_from(id.0).ok()?.checked_sub(1)?;
        Some(quote_identifier(&relation.columns.get(at)?.name))
    };
    let mut printer = Printer { catalog, name: &name, names: None, text: String::new() };
    match &expr.kind {
        ExprKind::Call(call) if printer.is_length_coercion(call) => printer.expr(expr),
        _ => printer.assigned(expr),
    }
    printer.text
}

/// An expression whose columns `name` names (quoted, qualified if need be).
pub fn expression(expr: &Expr, name: ColumnName<'_>, catalog: &Catalog) -> String {
    Printer { catalog, name, names: None, text: String::new() }.finish(expr)
}

/// How the parts of an expression in a query are written.
pub struct QueryNames<'a> {
    pub column: ColumnName<'a>,
    /// Prints a subquery with the test that a quantified one makes.
    pub subquery: SubqueryText<'a>,
    /// The name of a parameter, if it has one, by its position from 0.
    pub parameter: &'a dyn Fn(usize) -> Option<String>,
    /// Whether its place gives it its type.
    pub is_assigned: bool,
}

/// An expression in a query: its own type is written out.
pub fn query_expression(expr: &Expr, names: &QueryNames<'_>, catalog: &Catalog) -> String {
    let mut printer =
        Printer { catalog, name: names.column, names: Some(names), text: String::new() };
    match names.is_assigned {
        true => printer.assigned(expr),
        false => printer.expr(expr),
    }
    printer.text
}

type SubqueryText<'a> = &'a dyn Fn(&Subquery) -> String;

struct Printer<'a> {
    catalog: &'a Catalog,
    name: ColumnName<'a>,
    /// Of a query.
    names: Option<&'a QueryNames<'a>>,
    text: String,
}

impl Printer<'_> {
    fn finish(mut self, expr: &Expr) -> String {
        self.assigned(expr);
        self.text
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// An expression whose coercion to the type of its place goes without saying.
    fn assigned(&mut self, expr: &Expr) {
        match &expr.kind {
            // Its place gives it the length.
            ExprKind::Const(value) => {
                let text = constant(self.catalog, value, SqlType::new(expr.ty.oid));
                self.push(&text);
            }
            ExprKind::Call(call) if self.is_length_coercion(call) => self.assigned(&call.args[0]),
            ExprKind::Call(call) if self.is_number_coercion(call) => {
                self.assigned(&call.args[0]);
            }
            ExprKind::Relabel(inner) if !matches!(inner.kind, ExprKind::Call(_)) => {
                self.assigned(inner);
            }
            _ => self.expr(expr),
        }
    }

    fn list(&mut self, exprs: &[Expr]) {
        for (at, expr) in exprs.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Const(value) => {
                let text = constant(self.catalog, value, expr.ty);
                self.push(&text);
            }
            ExprKind::Param(at) => {
                let name = self.names.and_then(|names| (names.parameter)(*at));
                self.push(&name.unwrap_or_else(|| format!("${}", at + 1)));
            }
            ExprKind::Column(id) => {
                let name = (self.name)(*id).unwrap_or_else(|| "?column?".to_owned());
                self.push(&name);
            }
            ExprKind::Call(call) => self.call(call, expr.ty),
            ExprKind::Relabel(inner)
            | ExprKind::CoerceToDomain(inner)
            | ExprKind::CoerceViaText(inner) => self.cast(inner, expr.ty),
            ExprKind::ArrayCoerce { array, .. } => self.cast(array, expr.ty),
            ExprKind::Element | ExprKind::CaseOperand => self.push("CASE_TEST_EXPR"),
            ExprKind::And(args) => self.chain(args, " AND "),
            ExprKind::Or(args) => self.chain(args, " OR "),
            ExprKind::Not(arg) => self.wrapped("(NOT ", arg, ")"),
            ExprKind::IsNull(arg) => self.wrapped("(", arg, " IS NULL)"),
            ExprKind::IsNotNull(arg) => self.wrapped("(", arg, " IS NOT NULL)"),
            ExprKind::BoolTest { arg, value, negated } => {
                let not = if *negated { "NOT " } else { "" };
                let value = value.map_or("UNKNOWN", |value| if value { "TRUE" } else { "FALSE" });
                self.wrapped("(", arg, &format!(" IS {not}{value})"));
            }
            ExprKind::Distinct { equal, negated } => {
                let not = if *negated { "NOT " } else { "" };
                self.binary(&equal.args, &format!("IS {not}DISTINCT FROM"));
            }
            ExprKind::Case { operand, whens, otherwise } => {
                self.case(operand.as_deref(), whens, otherwise.as_deref());
            }
            ExprKind::Coalesce(args) => self.function_form("COALESCE", args),
            ExprKind::Greatest(args) => self.function_form("GREATEST", args),
            ExprKind::Least(args) => self.function_form("LEAST", args),
            ExprKind::NullIf { equal } => self.function_form("NULLIF", &equal.args),
            ExprKind::ArrayCompare { operator, left, array, all } => {
                self.array_compare(operator, left, array, *all);
            }
            ExprKind::InList { equal, left, list, negated } => {
                self.in_list(equal, left, list, *negated);
            }
            ExprKind::Array { elements, .. } => {
                self.push("ARRAY[");
                self.list(elements);
                self.push("]");
                if elements.is_empty() {
                    self.push(&format!("::{}", self.type_name(expr.ty)));
                }
            }
            ExprKind::Subscript { array, indexes } => {
                self.parenthesised_unless_simple(array);
                for index in indexes {
                    self.wrapped("[", index, "]");
                }
            }
            ExprKind::Slice { array, bounds } => self.slice(array, bounds),
            ExprKind::Row(fields) => {
                self.function_form("ROW", fields);
                if self.names.is_some() && expr.ty.oid != oid::RECORD {
                    self.push(&format!("::{}", self.type_name(expr.ty)));
                }
            }
            ExprKind::Field { record, index } => {
                self.wrapped("(", record, ")");
                let name = self.field_name(record.ty.oid, *index);
                self.push(&format!(".{name}"));
            }
            // Stored expressions cannot contain what follows: the binder refuses it.
            ExprKind::Subquery(subquery) => {
                let text = self.names.map(|names| (names.subquery)(subquery));
                self.push(text.as_deref().unwrap_or("(SubPlan)"));
            }
            ExprKind::Grouping(_) => self.push("GROUPING()"),
        }
    }

    fn wrapped(&mut self, before: &str, expr: &Expr, after: &str) {
        self.push(before);
        self.expr(expr);
        self.push(after);
    }

    fn chain(&mut self, args: &[Expr], word: &str) {
        self.push("(");
        for (at, arg) in args.iter().enumerate() {
            self.push(if at == 0 { "" } else { word });
            self.expr(arg);
        }
        self.push(")");
    }

    fn function_form(&mut self, name: &str, args: &[Expr]) {
        self.push(name);
        self.push("(");
        self.list(args);
        self.push(")");
    }

    fn call(&mut self, call: &Call, ty: SqlType) {
        // No function of the system's has capitals in its name: it is CURRENT_DATE or alike.
        let is_value = |name: &str| name.starts_with(|c: char| c.is_ascii_uppercase());
        if call.function.schema == PG_CATALOG && is_value(&call.function.name) {
            return self.push(&call.function.name);
        }
        if self.is_length_coercion(call) {
            return self.cast(&call.args[0], ty);
        }
        if self.cast_source(call).is_some() {
            return self.cast(&call.args[0], ty);
        }
        match self.operator_name(&call.function) {
            Some(operator) => match call.args.as_slice() {
                [operand] => self.wrapped(&format!("({operator} "), operand, ")"),
                args => self.binary(args, &operator),
            },
            None => self.function_call(call),
        }
    }

    fn binary(&mut self, args: &[Expr], operator: &str) {
        let [left, right] = args else { return self.function_form(operator, args) };
        self.wrapped("(", left, &format!(" {operator} "));
        self.wrapped("", right, ")");
    }

    fn function_call(&mut self, call: &Call) {
        let function = &call.function;
        if let Some(form) = sql_value_function(function) {
            return self.push(form);
        }
        if call.sql_syntax && self.sql_syntax(call) {
            return;
        }
        if let ("extract", [Expr { kind: ExprKind::Const(Datum::Text(field)), .. }, source]) =
            (function.name.as_str(), call.args.as_slice())
        {
            return self.wrapped(&format!("EXTRACT({field} FROM "), source, ")");
        }
        let name = self.function_name(function);
        self.push(&name);
        self.push("(");
        let variadic_at = match function.variadic {
            0 => None,
            oid::ANY if !function.source.ends_with(OF_ARRAY) => None,
            _ => call.args.len().checked_sub(1),
        };
        for (at, arg) in call.args.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.push(if Some(at) == variadic_at { "VARIADIC " } else { "" });
            self.expr(arg);
        }
        self.push(")");
    }

    /// A call in the form that SQL has for it (`get_func_sql_syntax`); false where it has
    /// none.
    fn sql_syntax(&mut self, call: &Call) -> bool {
        let args = call.args.as_slice();
        match (call.function.name.as_str(), args) {
            ("timezone", [zone, time]) => {
                self.wrapped("(", time, " AT TIME ZONE ");
                self.wrapped("", zone, ")");
            }
            ("overlaps", [a, b, c, d]) => {
                self.wrapped("((", a, ", ");
                self.wrapped("", b, ") OVERLAPS (");
                self.wrapped("", c, ", ");
                self.wrapped("", d, "))");
            }
            ("is_normalized", [text, form @ ..]) => {
                self.wrapped("((", text, ") IS");
                self.word(form, " ");
                self.push(" NORMALIZED)");
            }
            ("normalize", [text, form @ ..]) => {
                self.wrapped("NORMALIZE(", text, "");
                self.word(form, ", ");
                self.push(")");
            }
            ("pg_collation_for", [value]) => self.wrapped("COLLATION FOR (", value, ")"),
            ("overlay", [text, new, from, length @ ..]) => {
                self.wrapped("OVERLAY(", text, " PLACING ");
                self.wrapped("", new, " FROM ");
                self.expr(from);
                self.optional(" FOR ", length);
            }
            ("position", [text, part]) => {
                self.wrapped("POSITION((", part, ") IN (");
                self.wrapped("", text, "))");
            }
            ("substring", [text, pattern, escape]) if pattern.ty.oid == oid::TEXT => {
                self.wrapped("SUBSTRING(", text, " SIMILAR ");
                self.wrapped("", pattern, " ESCAPE ");
                self.wrapped("", escape, ")");
            }
            ("substring", [text, from, length @ ..]) if from.ty.oid == oid::INT4 => {
                self.wrapped("SUBSTRING(", text, " FROM ");
                self.expr(from);
                self.optional(" FOR ", length);
            }
            ("ltrim", [text, characters @ ..]) => self.trim("LEADING", text, characters),
            ("rtrim", [text, characters @ ..]) => self.trim("TRAILING", text, characters),
            ("btrim", [text, characters @ ..]) => self.trim("BOTH", text, characters),
            _ => return false,
        }
        true
    }

    /// A last argument that may be absent, and the end of the call.
    fn optional(&mut self, before: &str, args: &[Expr]) {
        if let [arg] = args {
            self.wrapped(before, arg, "");
        }
        self.push(")");
    }

    /// A constant that is a word of the syntax.
    fn word(&mut self, args: &[Expr], before: &str) {
        if let [Expr { kind: ExprKind::Const(Datum::Text(word)), .. }] = args {
            self.push(before);
            self.push(word);
        }
    }

    fn trim(&mut self, side: &str, text: &Expr, characters: &[Expr]) {
        self.push(&format!("TRIM({side} "));
        if let [characters] = characters {
            self.wrapped("", characters, " ");
        }
        self.wrapped("FROM ", text, ")");
    }

    /// As the function is called now: it may have been renamed since it was bound.
    fn function_name(&self, function: &Function) -> String {
        let function = self.catalog.function(function.oid).map_or(function, |now| &**now);
        let schema =
            (function.schema != PG_CATALOG).then(|| self.catalog.schema_name(function.schema));
        quote_qualified(schema, &function.name)
    }

    /// `(arg)::type`; a constant needs no parentheses and no second cast.
    fn cast(&mut self, arg: &Expr, ty: SqlType) {
        match &arg.kind {
            ExprKind::Const(value) if value.is_null() || arg.ty.oid == oid::UNKNOWN => {
                let text = constant(self.catalog, value, ty);
                self.push(&text);
            }
            _ => {
                self.wrapped("(", arg, ")");
                self.push(&format!("::{}", self.type_name(ty)));
            }
        }
    }

    fn type_name(&self, ty: SqlType) -> String {
        self.catalog.format_type(&[PG_CATALOG], ty.oid, Some(ty.typmod))
    }

    fn case(&mut self, operand: Option<&Expr>, whens: &[(Expr, Expr)], otherwise: Option<&Expr>) {
        self.push("\nCASE");
        if let Some(operand) = operand {
            self.wrapped(" ", operand, "");
        }
        for (when, then) in whens {
            self.push("\n    WHEN ");
            match (operand, &when.kind) {
                // The simple form compares the operand with each value.
                (Some(_), ExprKind::Call(equal)) if equal.args.len() == 2 => {
                    self.expr(&equal.args[1]);
                }
                _ => self.expr(when),
            }
            self.push(" THEN ");
            self.assigned(then);
        }
        self.push("\n    ELSE ");
        match otherwise {
            Some(otherwise) => self.assigned(otherwise),
            None => {
                let ty = whens.first().map_or(SqlType::new(oid::TEXT), |(_, then)| then.ty);
                let text = constant(self.catalog, &Datum::Null, ty);
                self.push(&text);
            }
        }
        self.push("\nEND");
    }

    fn array_compare(&mut self, operator: &Function, left: &Expr, array: &Expr, all: bool) {
        let name = self.operator_name(operator).unwrap_or_else(|| "=".to_owned());
        let quantifier = if all { "ALL" } else { "ANY" };
        self.wrapped("(", left, &format!(" {name} {quantifier} ("));
        self.wrapped("", array, "))");
    }

    /// PostgreSQL keeps `x IN (a, b)` as a comparison with an array.
    fn in_list(&mut self, equal: &Function, left: &Expr, list: &[Expr], negated: bool) {
        let operator = match negated {
            true => "<>".to_owned(),
            false => self.operator_name(equal).unwrap_or_else(|| "=".to_owned()),
        };
        if let [one] = list {
            self.wrapped("(", left, &format!(" {operator} "));
            return self.wrapped("", one, ")");
        }
        let quantifier = if negated { "ALL" } else { "ANY" };
        self.wrapped("(", left, &format!(" {operator} {quantifier} ("));
        match varchar_source(left).filter(|_| list.iter().all(is_text_constant)) {
            // The list has the column's type, and is coerced as a whole.
            Some(source) => {
                let element =
                    |expr: &Expr| Expr { ty: source, kind: expr.kind.clone(), location: -1 };
                let list: Vec<Expr> = list.iter().map(element).collect();
                self.push("(ARRAY[");
                self.list(&list);
                self.push("])::text[]");
            }
            None => {
                self.push("ARRAY[");
                self.list(list);
                self.push("]");
            }
        }
        self.push("))");
    }

    fn slice(&mut self, array: &Expr, bounds: &[(Option<Expr>, Option<Expr>)]) {
        self.parenthesised_unless_simple(array);
        for (lower, upper) in bounds {
            self.push("[");
            lower.iter().for_each(|lower| self.expr(lower));
            self.push(":");
            upper.iter().for_each(|upper| self.expr(upper));
            self.push("]");
        }
    }

    fn parenthesised_unless_simple(&mut self, expr: &Expr) {
        match expr.kind {
            ExprKind::Column(_) | ExprKind::Param(_) => self.expr(expr),
            _ => self.wrapped("(", expr, ")"),
        }
    }

    fn field_name(&self, record: Oid, index: usize) -> String {
        let field = self.catalog.composite_columns(record).into_iter().nth(index);
        match field {
            Some((name, _)) => quote_identifier(&name),
            None => format!("f{}", index + 1),
        }
    }

    /// The operator that a function implements, as it is written infix.
    fn operator_name(&self, function: &Function) -> Option<String> {
        let operator = self.catalog.operator_of(function)?;
        let mut name = String::new();
        match operator.schema {
            PG_CATALOG => name.push_str(&operator.name),
            schema => {
                let schema = quote_identifier(self.catalog.schema_name(schema));
                write!(name, "OPERATOR({schema}.{})", operator.name).expect("strings grow");
            }
        }
        Some(name)
    }

    /// The source type of a call that is a declared cast.
    fn cast_source(&self, call: &Call) -> Option<Oid> {
        let source = call.function.args.first().copied()?;
        let cast = self.catalog.cast_between(source, call.function.returns)?;
        (cast.method == CastMethod::Function(call.function.oid) && !call.args.is_empty())
            .then_some(source)
    }

    /// A cast from a number that happens by itself where the value is assigned.
    fn is_number_coercion(&self, call: &Call) -> bool {
        self.cast_source(call).is_some_and(|source| {
            let cast = self.catalog.cast_between(source, call.function.returns);
            is_number(source) && cast.is_some_and(|cast| cast.context != CastContext::Explicit)
        })
    }

    /// `varchar(x, 14, true)`: a coercion to a length within one type.
    fn is_length_coercion(&self, call: &Call) -> bool {
        let function = &call.function;
        function.args.first() == Some(&function.returns)
            && self.cast_source(call) == Some(function.returns)
    }
}

/// The `varchar` under a relabelling to `text`.
fn varchar_source(expr: &Expr) -> Option<SqlType> {
    match &expr.kind {
        ExprKind::Relabel(inner) if inner.ty.oid == oid::VARCHAR => {
            Some(SqlType::new(oid::VARCHAR))
        }
        _ => None,
    }
}

fn is_text_constant(expr: &Expr) -> bool {
    expr.ty.oid == oid::TEXT && matches!(expr.kind, ExprKind::Const(Datum::Text(_)))
}

fn is_number(ty: Oid) -> bool {
    matches!(ty, oid::INT2 | oid::INT4 | oid::INT8 | oid::FLOAT4 | oid::FLOAT8 | oid::NUMERIC)
}

/// Functions that SQL writes without parentheses.
fn sql_value_function(function: &Function) -> Option<&'static str> {
    if function.schema != PG_CATALOG || !function.args.is_empty() {
        return None;
    }
    Some(match function.name.as_str() {
        "current_user" => "CURRENT_USER",
        "session_user" => "SESSION_USER",
        "current_date" => "CURRENT_DATE",
        "current_timestamp" => "CURRENT_TIMESTAMP",
        "localtime" => "LOCALTIME",
        "localtimestamp" => "LOCALTIMESTAMP",
        _ => return None,
    })
}

impl Catalog {
    /// The operator whose function this is.
    fn operator_of(&self, function: &Function) -> Option<&crate::catalog::Operator> {
        self.operators().find(|operator| operator.function == function.oid).map(|o| &**o)
    }

    /// Names and types of a composite type's columns, without dropped ones.
    pub fn composite_columns(&self, composite: Oid) -> Vec<(String, SqlType)> {
        let relation = self.type_(composite).and_then(|ty| match ty.kind {
            crate::catalog::TypeKind::Composite { relation } => self.relation(relation),
            _ => None,
        });
        let columns = relation.map_or(&[][..], |relation| &relation.columns);
        columns
            .iter()
            .filter(|column| !column.dropped)
            .map(|column| (column.name.clone(), column.ty))
            .collect()
    }
}
