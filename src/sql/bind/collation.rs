//! Collations that do not sort by bytes.
//!
//! Text is compared by its bytes here. A column may have another of PostgreSQL's
//! collations all the same: these are deterministic, so that values are equal when their
//! bytes are, and storing, finding, grouping and joining do not depend on them. What does
//! depend on one — an order, the case of letters, a pattern that asks for kinds of
//! letters — answers `0A000` and names it, rather than giving PostgreSQL's answer for
//! another collation.
//!
//! As in PostgreSQL, an expression has the collation of the columns that it is computed
//! from, if it is of a type that has collations. Which columns of a statement have which
//! is found by following them from the tables up, through subqueries and CTEs; a record
//! counts as having the collation of any of its fields.

use std::collections::HashMap;

use super::Binder;
use crate::catalog::{Catalog, Function, Relation, TypeKind};
use crate::error::{Error, Result};
use crate::sql::ir::visit::{
    self, expressions, inputs, operands, statement_expressions, statement_rel,
};
use crate::sql::ir::{
    Call, ColumnId, ConflictAction, CteBody, CteId, Expr, ExprKind, OutputColumn, PolicyChecks,
    Query, Rel, RowCheck, SortKey, Statement, SubqueryKind, WindowFunction,
};
use crate::sql::types::{Oid, SqlType, oid};

/// `pg_collation` rows that sort by bytes, by name.
const BY_BYTES: [&str; 4] = ["default", "C", "POSIX", "ucs_basic"];

/// Whether a collation sorts by bytes.
pub fn is_by_bytes(catalog: &Catalog, collation: Oid) -> bool {
    collation == 0
        || catalog.collation(collation).is_none_or(|found| BY_BYTES.contains(&found.name.as_str()))
}

impl Binder<'_> {
    /// Refuses what depends on a collation of a column.
    pub(super) fn check_collations(&self, statement: &Statement) -> Result<()> {
        match Collations::of(statement, &self.catalog) {
            Some(collations) => collations.check(&Part::Statement(statement)),
            None => Ok(()),
        }
    }
}

/// The collations of a query's columns, where they are not those of their types.
pub fn output_collations(query: &Query, catalog: &Catalog) -> Vec<Option<Oid>> {
    let found = Collations::of(&Statement::Query(query.clone()), catalog);
    let known = |column: &OutputColumn| found.as_ref()?.columns.get(&column.id).copied();
    query.output.iter().map(known).collect()
}

/// Refuses an expression over a relation's columns that depends on the collation of one;
/// its columns are numbered from 1, `copies` times over.
pub fn check_expression(
    expr: &Expr,
    relation: &Relation,
    copies: u32,
    catalog: &Catalog,
) -> Result<()> {
    let width = relation.columns.len() as u32;
    let mut collations = Collations { catalog, columns: HashMap::new(), ctes: HashMap::new() };
    for (number, column) in (1..).zip(&relation.columns) {
        if !is_by_bytes(catalog, column.collation) {
            let ids = (0..copies).map(|copy| ColumnId(number + copy * width));
            collations.columns.extend(ids.map(|id| (id, column.collation)));
        }
    }
    match collations.columns.is_empty() {
        true => Ok(()),
        false => collations.check(&Part::Expr(expr)),
    }
}

/// What a statement is made of.
enum Part<'a> {
    Statement(&'a Statement),
    Rel(&'a Rel),
    Expr(&'a Expr),
}

/// Visits a part and all that is in it.
fn walk<'a>(part: &Part<'a>, visit: &mut dyn FnMut(&Part<'a>)) {
    visit(part);
    match part {
        Part::Statement(Statement::Several(several)) => {
            several.parts.iter().for_each(|(part, _)| walk(&Part::Statement(part), visit));
        }
        Part::Statement(statement) => {
            walk(&Part::Rel(statement_rel(statement)), visit);
            statement_expressions(statement, &mut |expr| walk(&Part::Expr(expr), visit));
        }
        Part::Rel(rel) => {
            expressions(rel, &mut |expr| walk(&Part::Expr(expr), visit));
            inputs(rel, &mut |input| walk(&Part::Rel(input), visit));
            if let Rel::With { ctes, .. } = rel {
                for cte in ctes {
                    if let CteBody::Modify(statement) = &cte.body {
                        walk(&Part::Statement(statement), visit);
                    }
                }
            }
        }
        Part::Expr(expr) => {
            operands(expr, &mut |operand| walk(&Part::Expr(operand), visit));
            if let ExprKind::Subquery(subquery) = &expr.kind {
                walk(&Part::Rel(&subquery.query.rel), visit);
            }
        }
    }
}

/// The columns of a statement that have a collation which does not sort by bytes.
struct Collations<'a> {
    catalog: &'a Catalog,
    columns: HashMap<ColumnId, Oid>,
    /// By position.
    ctes: HashMap<CteId, Vec<Option<Oid>>>,
}

impl<'a> Collations<'a> {
    fn of(statement: &Statement, catalog: &'a Catalog) -> Option<Collations<'a>> {
        let mut found = Collations { catalog, columns: HashMap::new(), ctes: HashMap::new() };
        let whole = Part::Statement(statement);
        walk(&whole, &mut |part| found.begin(part));
        if found.columns.is_empty() {
            return None;
        }
        // What reads a recursive query may come before it.
        loop {
            let known = found.size();
            walk(&whole, &mut |part| {
                if let Part::Rel(rel) = part {
                    found.follow(rel);
                }
            });
            if found.size() == known {
                return Some(found);
            }
        }
    }

    fn size(&self) -> usize {
        self.columns.len() + self.ctes.values().flatten().flatten().count()
    }

    /// The columns of tables.
    fn begin(&mut self, part: &Part<'_>) {
        match part {
            Part::Rel(Rel::Scan(scan)) => self.row(&scan.relation, &scan.columns),
            Part::Statement(Statement::Insert(insert)) => {
                for checks in [&insert.checks, &insert.policies.insert] {
                    self.checked(&insert.relation, checks);
                }
                self.policies(&insert.relation, &insert.policies);
                let action = insert.on_conflict.as_ref().map(|conflict| &conflict.action);
                if let Some(ConflictAction::Update { target, excluded, .. }) = action {
                    self.row(&insert.relation, &target.columns);
                    self.row(&insert.relation, excluded);
                }
                let returning = insert.returning.as_ref();
                returning.into_iter().for_each(|r| self.row(&insert.relation, &r.row));
            }
            Part::Statement(Statement::Update(update)) => {
                let relation = &update.target.relation;
                self.row(relation, &update.target.columns);
                self.checked(relation, &update.checks);
                self.policies(relation, &update.policies);
                update.returning.iter().for_each(|r| self.row(relation, &r.row));
            }
            Part::Statement(Statement::Delete(delete)) => {
                self.row(&delete.target.relation, &delete.target.columns);
                let returning = delete.returning.as_ref();
                returning.into_iter().for_each(|r| self.row(&delete.target.relation, &r.row));
            }
            Part::Statement(Statement::Merge(merge)) => {
                self.row(&merge.target.relation, &merge.target.columns);
                self.policies(&merge.target.relation, &merge.policies);
            }
            _ => {}
        }
    }

    fn row(&mut self, relation: &Relation, columns: &[(i16, OutputColumn)]) {
        for (number, column) in columns {
            let Some(place) = usize::try_from(*number - 1).ok() else { continue };
            let Some(stored) = relation.columns.get(place) else { continue };
            if !is_by_bytes(self.catalog, stored.collation) {
                self.columns.insert(column.id, stored.collation);
            }
        }
    }

    fn checked(&mut self, relation: &Relation, checks: &[RowCheck]) {
        checks.iter().for_each(|check| self.row(relation, &check.row));
    }

    fn policies(&mut self, relation: &Relation, policies: &PolicyChecks) {
        let PolicyChecks { insert, update, update_target, delete_target } = policies;
        for checks in [insert, update, update_target, delete_target] {
            self.checked(relation, checks);
        }
    }

    /// From what a relation is over to the columns that it gives.
    fn follow(&mut self, rel: &Rel) {
        match rel {
            Rel::Project { exprs, .. } => {
                exprs.iter().for_each(|(column, expr)| self.copy(column, self.expr(expr)));
            }
            Rel::Aggregate { group_by, aggregates, .. } => {
                group_by.iter().for_each(|(column, expr)| self.copy(column, self.expr(expr)));
                for (column, call) in aggregates {
                    self.copy(column, self.any(&call.args));
                }
            }
            Rel::Window { calls, .. } => {
                calls.iter().for_each(|(column, call)| self.copy(column, self.any(&call.args)));
            }
            Rel::ProjectSet { calls, .. } => {
                calls.iter().for_each(|(column, call)| self.copy(column, self.any(&call.args)));
            }
            Rel::Functions(scan) => {
                for (call, columns) in &scan.calls {
                    let found = self.any(&call.args);
                    columns.iter().for_each(|column| self.copy(column, found));
                }
            }
            Rel::Values { columns, rows } => {
                for row in rows {
                    columns.iter().zip(row).for_each(|(c, expr)| self.copy(c, self.expr(expr)));
                }
            }
            Rel::SetOp { left, right, columns, .. } => {
                self.copy_all(columns, left);
                self.copy_all(columns, right);
            }
            Rel::RecursiveUnion { id, initial, recursive, columns, .. } => {
                self.copy_all(columns, initial);
                self.copy_all(columns, recursive);
                self.ctes.insert(*id, self.known(columns));
            }
            Rel::Cte { id, columns } => {
                let Some(found) = self.ctes.get(id).cloned() else { return };
                columns.iter().zip(found).for_each(|(column, found)| self.copy(column, found));
            }
            Rel::With { ctes, .. } => {
                for cte in ctes {
                    let produced = match &cte.body {
                        CteBody::Query(rel) => visit::columns(rel),
                        CteBody::Modify(statement) => returned(statement),
                    };
                    if let CteBody::Modify(statement) = &cte.body
                        && let Some(returning) = statement.returning()
                    {
                        let exprs = &returning.exprs;
                        exprs.iter().for_each(|(c, expr)| self.copy(c, self.expr(expr)));
                    }
                    for (column, produced) in cte.columns.iter().zip(&produced) {
                        self.copy(column, self.columns.get(&produced.id).copied());
                    }
                    self.ctes.insert(cte.id, self.known(&cte.columns));
                }
            }
            _ => {}
        }
    }

    fn known(&self, columns: &[OutputColumn]) -> Vec<Option<Oid>> {
        columns.iter().map(|column| self.columns.get(&column.id).copied()).collect()
    }

    fn copy_all(&mut self, columns: &[OutputColumn], from: &Rel) {
        for (column, from) in columns.iter().zip(visit::columns(from)) {
            self.copy(column, self.columns.get(&from.id).copied());
        }
    }

    fn copy(&mut self, column: &OutputColumn, found: Option<Oid>) {
        if let Some(found) = found.filter(|_| self.is_collatable(column.ty)) {
            self.columns.entry(column.id).or_insert(found);
        }
    }

    fn any<'e>(&self, exprs: impl IntoIterator<Item = &'e Expr>) -> Option<Oid> {
        exprs.into_iter().find_map(|expr| self.expr(expr))
    }

    /// The collation of an expression.
    fn expr(&self, expr: &Expr) -> Option<Oid> {
        if !self.is_collatable(expr.ty) {
            return None;
        }
        match &expr.kind {
            ExprKind::Column(id) => self.columns.get(id).copied(),
            ExprKind::Subquery(subquery) => match subquery.kind {
                SubqueryKind::Scalar | SubqueryKind::Array => {
                    let output = subquery.query.output.first()?;
                    self.columns.get(&output.id).copied()
                }
                SubqueryKind::Exists | SubqueryKind::Quantified { .. } => None,
            },
            _ => {
                let mut found = None;
                operands(expr, &mut |operand| found = found.or_else(|| self.expr(operand)));
                found
            }
        }
    }

    /// Whether values of a type have a collation, or parts of them have.
    fn is_collatable(&self, ty: SqlType) -> bool {
        if ty.oid == oid::RECORD || ty.oid == oid::RECORD_ARRAY {
            return true;
        }
        let Some(found) = self.catalog.type_(self.catalog.base_type(ty).oid) else { return false };
        let of_element = || self.is_collatable(SqlType::new(found.element));
        found.collation != 0
            || matches!(found.kind, TypeKind::Composite { .. })
            || found.element != 0 && found.element != ty.oid && of_element()
    }

    /// `0A000` for the first thing in it that depends on a collation.
    fn check(&self, part: &Part<'_>) -> Result<()> {
        let mut refused = Ok(());
        walk(part, &mut |part| {
            if refused.is_ok() {
                refused = match part {
                    Part::Statement(_) => Ok(()),
                    Part::Rel(rel) => self.check_rel(rel),
                    Part::Expr(expr) => self.check_expr(expr).map_err(|e| e.at(expr.location)),
                };
            }
        });
        refused
    }

    fn check_rel(&self, rel: &Rel) -> Result<()> {
        match rel {
            Rel::Sort { keys, .. } | Rel::Limit { with_ties: keys, .. } => self.check_keys(keys),
            Rel::Aggregate { aggregates, .. } => aggregates.iter().try_for_each(|(_, call)| {
                self.check_aggregate(&call.function, &call.args)?;
                self.check_keys(&call.order_by)
            }),
            Rel::Window { calls, .. } => calls.iter().try_for_each(|(_, call)| {
                if let WindowFunction::Aggregate(function, _) = &call.function {
                    self.check_aggregate(function, &call.args)?;
                }
                self.check_keys(&call.order_by)
            }),
            Rel::ProjectSet { calls, .. } => {
                calls.iter().try_for_each(|(_, call)| self.check_call(call))
            }
            Rel::Functions(scan) => {
                scan.calls.iter().try_for_each(|(call, _)| self.check_call(call))
            }
            _ => Ok(()),
        }
    }

    fn check_keys(&self, keys: &[SortKey]) -> Result<()> {
        keys.iter().try_for_each(|key| match self.expr(&key.expr) {
            Some(found) => Err(self.refused("ordering", found).at(key.expr.location)),
            None => Ok(()),
        })
    }

    fn check_expr(&self, expr: &Expr) -> Result<()> {
        match &expr.kind {
            ExprKind::Call(call) => self.check_call(call),
            ExprKind::Distinct { equal, .. } | ExprKind::NullIf { equal } => self.check_call(equal),
            ExprKind::Greatest(args) | ExprKind::Least(args) => match self.any(args) {
                Some(found) => Err(self.refused("ordering", found)),
                None => Ok(()),
            },
            ExprKind::ArrayCompare { operator, left, array, .. } => {
                self.check_function(operator, self.any([&**left, &**array]))
            }
            ExprKind::InList { equal, left, list, .. } => {
                self.check_function(equal, self.expr(left).or_else(|| self.any(list)))
            }
            _ => Ok(()),
        }
    }

    fn check_call(&self, call: &Call) -> Result<()> {
        self.check_function(&call.function, self.any(&call.args))
    }

    fn check_function(&self, function: &Function, found: Option<Oid>) -> Result<()> {
        let Some(found) = found else { return Ok(()) };
        if !function.is_native() {
            return Err(self.refused(&format!("function {}()", function.name), found));
        }
        match dependence(&function.source) {
            Some(Dependence::Order) => Err(self.refused("ordering", found)),
            Some(Dependence::Letters) => {
                Err(self.refused(&format!("function {}()", function.name), found))
            }
            None => Ok(()),
        }
    }

    fn check_aggregate(&self, function: &Function, args: &[Expr]) -> Result<()> {
        let Some(found) = self.any(args) else { return Ok(()) };
        let is_users = function.oid >= oid::FIRST_NORMAL;
        match is_users || matches!(function.name.as_str(), "min" | "max") {
            true => Err(self.refused(&format!("function {}()", function.name), found)),
            false => Ok(()),
        }
    }

    fn refused(&self, what: &str, collation: Oid) -> Error {
        let name = self.catalog.collation(collation).map_or("?", |found| found.name.as_str());
        Error::unsupported(format!("{what} by collation \"{name}\""))
    }
}

fn returned(statement: &Statement) -> Vec<OutputColumn> {
    let returning = statement.returning();
    returning.iter().flat_map(|r| &r.exprs).map(|(column, _)| column.clone()).collect()
}

/// How a built-in function depends on the collation of its arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Dependence {
    Order,
    Letters,
}

/// By the symbol of the function.
fn dependence(source: &str) -> Option<Dependence> {
    if matches!(source, "lower" | "upper" | "initcap")
        || ["regex", "iclike", "icnlike", "_to_char"].iter().any(|part| source.contains(part))
        || source.starts_with("citext")
    {
        return Some(Dependence::Letters);
    }
    let compares = ["text", "bpchar", "name", "array", "record"]
        .iter()
        .filter_map(|prefix| source.strip_prefix(prefix))
        .any(|rest| {
            let rest = rest.trim_start_matches('_');
            let rest = rest.strip_suffix("name").or(rest.strip_suffix("text")).unwrap_or(rest);
            matches!(rest, "lt" | "le" | "gt" | "ge" | "larger" | "smaller")
        });
    let is_support = matches!(
        source,
        "bttextcmp"
            | "bpcharcmp"
            | "btnamecmp"
            | "btarraycmp"
            | "btrecordcmp"
            | "width_bucket_array"
    );
    (compares || is_support).then_some(Dependence::Order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_compares_or_changes_case_depends_on_a_collation() {
        for source in ["text_lt", "bpcharge", "namegttext", "textltname", "array_le", "record_gt"] {
            assert_eq!(dependence(source), Some(Dependence::Order), "{source}");
        }
        for source in ["lower", "texticlike", "nameicnlike", "textregexeq", "citext_eq"] {
            assert_eq!(dependence(source), Some(Dependence::Letters), "{source}");
        }
        let free = ["texteq", "bpcharne", "textlike", "textcat", "textlen", "text_pattern_lt"];
        for source in free.into_iter().chain(["array_eq", "text_left", "record_ne", "btrim"]) {
            assert_eq!(dependence(source), None, "{source}");
        }
    }
}
