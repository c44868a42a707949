//! INSERT, UPDATE and DELETE: target columns, assignment, defaults, RETURNING.

use std::sync::Arc;

use super::Binder;
use super::from::{cannot_open, cross_join, exact};
use super::node::{boxed, column_expr, constant, inner, list, null, required, typed};
use super::opened::Verb;
use super::scope::{Clause, Item};
use super::select::filter;
use super::set_operation::output_location;
use super::values::is_default;
use crate::catalog::{Column, Identity, Relation, RelationKind};
use crate::error::{Error, Result};
use crate::sql::ir::visit::{Walk, each_expr_mut};
use crate::sql::ir::{
    Delete, Expr, ExprKind, Insert, OutputColumn, Query, Rel, Returning, Scan, Subquery,
    SubqueryKind, Update,
};
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{
    Alias, DeleteStmt, InsertStmt, MultiAssignRef, Node, OverridingKind, RangeVar, ResTarget,
    ReturningClause, SelectStmt, SetOperation, UpdateStmt,
};
use crate::sql::types::{Datum, SqlType, oid};
use crate::sqlstate;

/// `nextval(regclass)`: what an identity column's default calls.
const NEXTVAL: u32 = 1574;

/// A column that a statement assigns to, or a part of one.
#[derive(Clone, Copy)]
struct Assigned<'n> {
    number: i16,
    location: i32,
    /// Subscripts after the name; empty for the whole column.
    indirection: &'n [Node],
}

/// The columns that INSERT gives values, in order; parts of one column share a place.
#[derive(Default)]
struct Places {
    numbers: Vec<i16>,
}

impl Places {
    fn of(&mut self, number: i16) -> usize {
        match self.numbers.iter().position(|known| *known == number) {
            Some(place) => place,
            None => {
                self.numbers.push(number);
                self.numbers.len() - 1
            }
        }
    }
}

impl Binder<'_> {
    pub(super) fn insert(&mut self, stmt: &InsertStmt) -> Result<Insert> {
        let ctes = match &stmt.with_clause {
            Some(with) => self.with_clause(with)?,
            None => Vec::new(),
        };
        let table = stmt.relation.as_ref().ok_or_else(|| Error::internal("INSERT INTO nothing"))?;
        let relation = self.target_relation(table, Verb::Insert)?;
        let columns = self.insert_columns(stmt, &relation)?;
        let overriding =
            OverridingKind::try_from(stmt.r#override).unwrap_or(OverridingKind::OverridingNotSet);
        let (mut source, columns) = self.insert_source(stmt, &relation, columns, overriding)?;
        source.rel = self.with_ctes(ctes, source.rel);
        let defaults = self.insert_defaults(&relation, &columns)?;
        let alias = table.alias.as_ref();
        let on_conflict = match &stmt.on_conflict_clause {
            Some(clause) => self.on_conflict(clause, &relation, alias)?,
            None => None,
        };
        let returning = self.returning(stmt.returning_clause.as_ref(), &relation, alias, &[])?;
        Ok(Insert { relation, source, columns, defaults, on_conflict, returning })
    }

    /// The table that a statement writes to.
    fn target_relation(&mut self, table: &RangeVar, verb: Verb) -> Result<Arc<Relation>> {
        if table.schemaname.is_empty()
            && self.levels.iter().any(|level| level.ctes.iter().any(|c| c.name == table.relname))
            && crate::catalog::find_relation(&self.catalog, &self.search_path, None, &table.relname)
                .is_none()
        {
            return Err(Error::new(
                sqlstate::UNDEFINED_TABLE,
                format!(
                    "relation \"{}\" cannot be the target of a modifying statement",
                    table.relname
                ),
            ));
        }
        let relation = self.relation(table)?;
        let wrong = |what: &str| {
            Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("cannot change {what} \"{}\"", relation.name),
            ))
        };
        match &relation.kind {
            RelationKind::Table => {
                self.opened.target(&self.catalog, relation.oid, verb)?;
                Ok(relation)
            }
            RelationKind::View(_) => {
                Err(Error::unsupported(format!("{} view \"{}\"", verb.words(), relation.name)))
            }
            RelationKind::Sequence(_) => wrong("sequence"),
            RelationKind::Composite => Err(cannot_open(&relation).at(table.location)),
            RelationKind::Virtual => Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!("permission denied: \"{}\" is a system catalog", relation.name),
            )),
            RelationKind::Index(_) => Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("\"{}\" is an index", relation.name),
            )
            .at(table.location)),
        }
    }

    fn insert_columns<'n>(
        &mut self,
        stmt: &'n InsertStmt,
        relation: &Arc<Relation>,
    ) -> Result<Vec<Assigned<'n>>> {
        if stmt.cols.is_empty() {
            return Ok(live_columns(relation)
                .map(|(number, _)| Assigned { number, location: -1, indirection: &[] })
                .collect());
        }
        let mut columns: Vec<Assigned<'n>> = Vec::with_capacity(stmt.cols.len());
        for node in &stmt.cols {
            let NodeEnum::ResTarget(target) = inner(node)? else { continue };
            let number = target_column(relation, target, false)?;
            let indirection = target.indirection.as_slice();
            let clashes = |known: &Assigned<'_>| {
                known.number == number && (known.indirection.is_empty() || indirection.is_empty())
            };
            if columns.iter().any(clashes) {
                return Err(Error::new(
                    sqlstate::DUPLICATE_COLUMN,
                    format!("column \"{}\" specified more than once", target.name),
                )
                .at(target.location));
            }
            columns.push(Assigned { number, location: target.location, indirection });
        }
        Ok(columns)
    }

    /// What is inserted, and into which columns.
    fn insert_source(
        &mut self,
        stmt: &InsertStmt,
        relation: &Arc<Relation>,
        columns: Vec<Assigned<'_>>,
        overriding: OverridingKind,
    ) -> Result<(Query, Vec<i16>)> {
        let explicit = !stmt.cols.is_empty();
        match boxed(&stmt.select_stmt) {
            None => Ok((Query { rel: Rel::OneRow, output: Vec::new() }, Vec::new())),
            Some(NodeEnum::SelectStmt(select)) if is_plain_values(select) => {
                self.insert_values(select, relation, columns, explicit, overriding)
            }
            Some(NodeEnum::SelectStmt(select)) => {
                self.insert_select(select, relation, columns, explicit, overriding)
            }
            Some(_) => Err(Error::internal("INSERT from something that is no query")),
        }
    }

    fn insert_values(
        &mut self,
        select: &SelectStmt,
        relation: &Arc<Relation>,
        columns: Vec<Assigned<'_>>,
        explicit: bool,
        overriding: OverridingKind,
    ) -> Result<(Query, Vec<i16>)> {
        let mut rows: Vec<&[Node]> = Vec::with_capacity(select.values_lists.len());
        for node in &select.values_lists {
            rows.push(list(inner(node)?).ok_or_else(|| Error::internal("VALUES without rows"))?);
        }
        let width = rows.first().map_or(0, |row| row.len());
        if let Some(row) = rows.iter().find(|row| row.len() != width) {
            let location = row.first().map_or(Ok(-1), |n| inner(n).map(super::node::location))?;
            return Err(Error::syntax("VALUES lists must all be the same length").at(location));
        }
        let location_of = |index: usize| -> Result<i32> {
            rows[0].get(index).map_or(Ok(-1), |node| inner(node).map(super::node::location))
        };
        check_width(width, &columns, explicit, &location_of)?;
        let mut kept = Vec::with_capacity(width);
        for (index, column) in columns.iter().take(width).enumerate() {
            let values = rows.iter().map(|row| &row[index]);
            let given = values.filter(|node| !is_default(node)).count();
            let definition = column_of(relation, column.number);
            if self.takes_value(definition, given > 0, overriding, -1)? {
                kept.push((index, *column));
            }
        }
        let mut bound = Vec::with_capacity(rows.len());
        for row in rows {
            let row = self.insert_row(row, relation, &kept)?;
            bound.push(row);
        }
        let mut places = Places::default();
        kept.iter().for_each(|(_, column)| {
            places.of(column.number);
        });
        let numbers = places.numbers;
        let output: Vec<OutputColumn> = numbers
            .iter()
            .map(|number| {
                let definition = column_of(relation, *number);
                self.new_column(definition.name.clone(), definition.ty)
            })
            .collect();
        let rel = match output.is_empty() {
            true if bound.len() == 1 => Rel::OneRow,
            _ => Rel::Values { columns: output.clone(), rows: bound },
        };
        Ok((Query { rel, output }, numbers))
    }

    fn insert_row(
        &mut self,
        row: &[Node],
        relation: &Arc<Relation>,
        kept: &[(usize, Assigned<'_>)],
    ) -> Result<Vec<Expr>> {
        let mut places = Places::default();
        let mut exprs: Vec<Expr> = Vec::with_capacity(kept.len());
        for (index, column) in kept {
            let node = &row[*index];
            let place = places.of(column.number);
            let before = exprs.get(place).cloned();
            let value = match is_default(node) {
                true => self.inserted_default(relation, *column)?,
                false => {
                    let node = inner(node)?;
                    let expr = self.within(Clause::Values, |binder| binder.expr(node))?;
                    self.inserted(relation, *column, before, expr)?
                }
            };
            match exprs.get_mut(place) {
                Some(slot) => *slot = value,
                None => exprs.push(value),
            }
        }
        Ok(exprs)
    }

    fn inserted_default(&mut self, relation: &Arc<Relation>, column: Assigned<'_>) -> Result<Expr> {
        if !column.indirection.is_empty() {
            return Err(default_of_part(column.indirection, column.location));
        }
        let ty = column_of(relation, column.number).ty;
        Ok(self.default_value(relation, column.number)?.unwrap_or_else(|| null(ty)))
    }

    /// A value for a column, or what the column is once a part of it has the value.
    fn inserted(
        &mut self,
        relation: &Arc<Relation>,
        column: Assigned<'_>,
        before: Option<Expr>,
        value: Expr,
    ) -> Result<Expr> {
        let definition = column_of(relation, column.number);
        if column.indirection.is_empty() {
            return self.assign(value, definition);
        }
        let base = before.unwrap_or_else(|| null(definition.ty));
        self.assign_part(base, definition, column.indirection, value, column.location)
    }

    fn insert_select(
        &mut self,
        select: &SelectStmt,
        relation: &Arc<Relation>,
        columns: Vec<Assigned<'_>>,
        explicit: bool,
        overriding: OverridingKind,
    ) -> Result<(Query, Vec<i16>)> {
        let mut query = self.select_undecided(select)?;
        let width = query.output.len();
        let location_of = |_| Ok(-1);
        check_width(width, &columns, explicit, &location_of)?;
        let types: Vec<SqlType> = columns
            .iter()
            .take(width)
            .map(|column| self.assigned_type(column_of(relation, column.number).ty, column))
            .collect();
        self.read_literals(&mut query, &types)?;
        let locations: Vec<i32> =
            (0..width).map(|index| output_location(&query.rel, index)).collect();
        let query = exact(self, query);
        let Rel::Project { input, exprs } = query.rel else {
            return Err(Error::internal("a query without projection"));
        };
        let mut kept: Vec<(OutputColumn, Expr)> = Vec::with_capacity(width);
        let mut places = Places::default();
        for (((mut output, mut expr), column), location) in
            exprs.into_iter().zip(&columns).zip(locations)
        {
            expr.location = location;
            let definition = column_of(relation, column.number);
            if !self.takes_value(definition, true, overriding, column.location)? {
                continue;
            }
            let place = places.of(column.number);
            let before = kept.get(place).map(|(_, expr)| expr.clone());
            let expr = self.inserted(relation, *column, before, expr)?;
            (output.ty, output.name) = (expr.ty, definition.name.clone());
            match kept.get_mut(place) {
                Some((_, slot)) => *slot = expr,
                None => kept.push((output, expr)),
            }
        }
        let numbers = places.numbers;
        let output = kept.iter().map(|(column, _)| column.clone()).collect();
        Ok((Query { rel: Rel::Project { input, exprs: kept }, output }, numbers))
    }

    /// Whether a column takes the statement's values; if not, its default.
    fn takes_value(
        &self,
        column: &Column,
        given: bool,
        overriding: OverridingKind,
        _location: i32,
    ) -> Result<bool> {
        let generated = column.default.as_ref().is_some_and(|default| default.generated);
        if generated && given {
            return Err(not_default(column)
                .with_detail(format!("Column \"{}\" is a generated column.", column.name)));
        }
        if generated {
            return Ok(false);
        }
        match column.identity {
            Some(_) if overriding == OverridingKind::OverridingUserValue => Ok(false),
            Some(Identity::Always)
                if given && overriding != OverridingKind::OverridingSystemValue =>
            {
                Err(not_default(column)
                    .with_detail(format!(
                        "Column \"{}\" is an identity column defined as GENERATED ALWAYS.",
                        column.name
                    ))
                    .with_hint("Use OVERRIDING SYSTEM VALUE to override."))
            }
            _ => Ok(true),
        }
    }

    fn insert_defaults(
        &mut self,
        relation: &Arc<Relation>,
        given: &[i16],
    ) -> Result<Vec<(i16, Expr)>> {
        let mut defaults = Vec::new();
        for (number, _) in live_columns(relation) {
            if given.contains(&number) {
                continue;
            }
            if let Some(value) = self.default_value(relation, number)? {
                defaults.push((number, value));
            }
        }
        Ok(defaults)
    }

    /// A column's default, converted to its type; `None` is NULL.
    pub(super) fn default_value(
        &mut self,
        relation: &Arc<Relation>,
        number: i16,
    ) -> Result<Option<Expr>> {
        let column = column_of(relation, number);
        match &column.default {
            Some(default) if default.generated => Ok(None),
            Some(default) => {
                let expr = self.isolated(|binder| binder.expression_text(&default.sql))?;
                let mut value = self.assign(expr, column)?;
                forget_locations(&mut value);
                Ok(Some(value))
            }
            None if column.identity.is_some() => {
                let sequence = self.identity_sequence(relation, number)?;
                let argument = constant(Datum::Oid(sequence), SqlType::new(oid::REGCLASS));
                let next = self.builtin_call(NEXTVAL, vec![argument], -1)?;
                self.assign(next, column).map(Some)
            }
            None if self.is_domain(column.ty.oid) => self.domain_default(column),
            None => Ok(None),
        }
    }

    /// What a column without a default of its own takes from its type, a domain.
    fn domain_default(&mut self, column: &Column) -> Result<Option<Expr>> {
        let Some(sql) = self.catalog.domain_default(column.ty.oid).map(str::to_owned) else {
            let value = self.null_of(column.ty);
            return Ok((!super::node::is_null_constant(&value)).then_some(value));
        };
        let expr = self.isolated(|binder| binder.expression_text(&sql))?;
        let mut value = self.assign(expr, column)?;
        forget_locations(&mut value);
        Ok(Some(value))
    }

    fn identity_sequence(&self, relation: &Relation, number: i16) -> Result<u32> {
        self.catalog
            .owned_sequence(relation.oid, number)
            .map(|sequence| sequence.oid)
            .ok_or_else(|| Error::internal("no owned sequence found"))
    }

    pub(super) fn update(&mut self, stmt: &UpdateStmt) -> Result<Update> {
        let ctes = match &stmt.with_clause {
            Some(with) => self.with_clause(with)?,
            None => Vec::new(),
        };
        let table = stmt.relation.as_ref().ok_or_else(|| Error::internal("UPDATE of nothing"))?;
        let relation = self.target_relation(table, Verb::Update)?;
        let (target, rel, from_items) =
            self.target_and_from(&relation, table, &stmt.from_clause)?;
        let mut assignments = self.assignments(&stmt.target_list, &relation, &target)?;
        let condition = self.condition(boxed(&stmt.where_clause), Clause::Where, "WHERE")?;
        let mut input = match condition {
            Some(predicate) => filter(rel, predicate),
            None => rel,
        };
        if !ctes.is_empty() {
            input = self.assigned_below(input, &target, &from_items, &mut assignments);
        }
        let alias = table.alias.as_ref();
        let returning =
            self.returning(stmt.returning_clause.as_ref(), &relation, alias, &from_items)?;
        let input = self.with_ctes(ctes, input);
        Ok(Update { target, input, assignments, returning })
    }

    /// Computes SET expressions below, where the statement's CTEs are in scope.
    fn assigned_below(
        &mut self,
        input: Rel,
        target: &Scan,
        from_items: &[Item],
        assignments: &mut [(i16, Expr)],
    ) -> Rel {
        let mut exprs: Vec<(OutputColumn, Expr)> = target
            .columns
            .iter()
            .map(|(_, column)| (column.clone(), column_expr(column, -1)))
            .collect();
        if let Some(id) = target.rid {
            let ty = super::node::INT8;
            let column = OutputColumn { id, name: "rid".into(), ty, origin: None };
            exprs.push((column.clone(), column_expr(&column, -1)));
        }
        for column in from_items.iter().flat_map(|item| item.columns.iter().chain(&item.system)) {
            let ExprKind::Column(id) = column.expr.kind else { continue };
            if exprs.iter().any(|(known, _)| known.id == id) {
                continue;
            }
            let (name, ty) = (column.name.clone(), column.expr.ty);
            let column = OutputColumn { id, name, ty, origin: column.origin };
            exprs.push((column.clone(), column_expr(&column, -1)));
        }
        for (_, value) in assignments {
            let column = self.new_column("value", value.ty);
            let below = std::mem::replace(value, column_expr(&column, value.location));
            exprs.push((column, below));
        }
        Rel::Project { input: Box::new(input), exprs }
    }

    pub(super) fn delete(&mut self, stmt: &DeleteStmt) -> Result<Delete> {
        let ctes = match &stmt.with_clause {
            Some(with) => self.with_clause(with)?,
            None => Vec::new(),
        };
        let table = stmt.relation.as_ref().ok_or_else(|| Error::internal("DELETE FROM nothing"))?;
        let relation = self.target_relation(table, Verb::Delete)?;
        let (target, rel, from_items) =
            self.target_and_from(&relation, table, &stmt.using_clause)?;
        let condition = self.condition(boxed(&stmt.where_clause), Clause::Where, "WHERE")?;
        let input = match condition {
            Some(predicate) => filter(rel, predicate),
            None => rel,
        };
        let alias = table.alias.as_ref();
        let returning =
            self.returning(stmt.returning_clause.as_ref(), &relation, alias, &from_items)?;
        let input = self.with_ctes(ctes, input);
        Ok(Delete { target, input, returning })
    }

    /// The target's scan joined with FROM (or USING); the target comes first in
    /// the namespace, as `*` shows it.
    fn target_and_from(
        &mut self,
        relation: &Arc<Relation>,
        table: &RangeVar,
        from: &[Node],
    ) -> Result<(Scan, Rel, Vec<Item>)> {
        let mut scan = self.scan(relation);
        scan.rid = Some(self.new_id());
        let item = self.table_item(&scan, table.alias.as_ref())?;
        let from = self.from_clause(from)?;
        let from_items = std::mem::take(&mut self.level().items);
        self.level().add(vec![item]);
        self.check_conflicts(&from_items)?;
        self.level().add(from_items.clone());
        let rel = match from {
            Some(from) => cross_join(Rel::Scan(scan.clone()), from, false),
            None => Rel::Scan(scan.clone()),
        };
        scan.columns.retain(|(number, _)| *number > 0);
        Ok((scan, rel, from_items))
    }

    /// SET: each column once (or its parts, one after the other), values converted.
    pub(super) fn assignments(
        &mut self,
        nodes: &[Node],
        relation: &Arc<Relation>,
        scan: &Scan,
    ) -> Result<Vec<(i16, Expr)>> {
        let mut assignments: Vec<(i16, Expr)> = Vec::with_capacity(nodes.len());
        let mut whole: Vec<i16> = Vec::new();
        for node in nodes {
            let NodeEnum::ResTarget(target) = inner(node)? else { continue };
            let number = target_column(relation, target, true)?;
            let place = assignments.iter().position(|(known, _)| *known == number);
            if place.is_some() && (target.indirection.is_empty() || whole.contains(&number)) {
                return Err(Error::syntax(format!(
                    "multiple assignments to same column \"{}\"",
                    target.name
                )));
            }
            let value = match target.indirection.is_empty() {
                true => {
                    whole.push(number);
                    self.assignment(target, relation, number)?
                }
                false => {
                    let before = match place {
                        Some(place) => assignments[place].1.clone(),
                        None => scanned_column(scan, number)?,
                    };
                    self.part_assignment(target, relation, number, before)?
                }
            };
            match place {
                Some(place) => assignments[place].1 = value,
                None => assignments.push((number, value)),
            }
        }
        Ok(assignments)
    }

    fn part_assignment(
        &mut self,
        target: &ResTarget,
        relation: &Arc<Relation>,
        number: i16,
        before: Expr,
    ) -> Result<Expr> {
        let column = column_of(relation, number);
        self.check_updatable(column, false)?;
        let item = Multiple::of_target(target)?;
        if matches!(item, Multiple::Expr(NodeEnum::SetToDefault(_))) {
            return Err(default_of_part(&target.indirection, target.location));
        }
        let value = self.assigned_value(item)?;
        self.assign_part(before, column, &target.indirection, value, target.location)
    }

    fn assigned_value(&mut self, item: Multiple<'_>) -> Result<Expr> {
        self.within(Clause::UpdateSource, |binder| match item {
            Multiple::Expr(node) => binder.expr(node),
            Multiple::Subquery(select, index, count, location) => {
                binder.multiple_subquery(select, index, count, location)
            }
        })
    }

    /// The type that a literal for a column, or for a part of it, is read as.
    fn assigned_type(&self, column: SqlType, assigned: &Assigned<'_>) -> SqlType {
        let mut ty = column;
        for step in assigned.indirection {
            let under = self.catalog.base_type(ty);
            let next = match &step.node {
                Some(NodeEnum::AIndices(indices)) if !indices.is_slice => {
                    self.element(under.oid).map(|oid| SqlType::with_typmod(oid, under.typmod))
                }
                Some(NodeEnum::String(field)) => self.composite_columns(under.oid).and_then(|all| {
                    all.into_iter().find(|(name, _)| *name == field.sval).map(|(_, ty)| ty)
                }),
                _ => None,
            };
            // `a[1][2]` is one element of one array.
            match next {
                Some(next) => ty = next,
                None if matches!(step.node, Some(NodeEnum::AIndices(_))) => {}
                None => return column,
            }
        }
        ty
    }

    fn assignment(
        &mut self,
        target: &ResTarget,
        relation: &Arc<Relation>,
        number: i16,
    ) -> Result<Expr> {
        let column = column_of(relation, number);
        let item = Multiple::of_target(target)?;
        let is_default = matches!(item, Multiple::Expr(NodeEnum::SetToDefault(_)));
        self.check_updatable(column, is_default)?;
        if is_default {
            return Ok(match self.default_value(relation, number)? {
                Some(value) => value,
                None => null(column.ty),
            });
        }
        let expr = self.assigned_value(item)?;
        self.assign(expr, column)
    }

    fn check_updatable(&self, column: &Column, is_default: bool) -> Result<()> {
        if is_default {
            return Ok(());
        }
        let only_default = |detail: String| {
            Err(Error::new(
                sqlstate::GENERATED_ALWAYS,
                format!("column \"{}\" can only be updated to DEFAULT", column.name),
            )
            .with_detail(detail))
        };
        if column.default.as_ref().is_some_and(|default| default.generated) {
            return only_default(format!("Column \"{}\" is a generated column.", column.name));
        }
        if column.identity == Some(Identity::Always) {
            return only_default(format!(
                "Column \"{}\" is an identity column defined as GENERATED ALWAYS.",
                column.name
            ));
        }
        Ok(())
    }

    /// One column of `(a, b) = (SELECT …)`, as a subquery of its own.
    fn multiple_subquery(
        &mut self,
        select: &SelectStmt,
        index: usize,
        count: usize,
        location: i32,
    ) -> Result<Expr> {
        let mut query = self.select(select)?;
        if query.output.len() != count {
            return Err(
                Error::syntax("number of columns does not match number of values").at(location)
            );
        }
        let column = query.output.swap_remove(index);
        let ty = column.ty;
        query.output = vec![column];
        let query = exact(self, query);
        let subquery = Subquery { kind: SubqueryKind::Scalar, query };
        Ok(typed(ExprKind::Subquery(Box::new(subquery)), ty, location))
    }

    /// RETURNING sees the new row under the target's name, and the other items.
    pub(super) fn returning(
        &mut self,
        clause: Option<&ReturningClause>,
        relation: &Arc<Relation>,
        alias: Option<&Alias>,
        others: &[Item],
    ) -> Result<Option<Returning>> {
        let Some(clause) = clause.filter(|clause| !clause.exprs.is_empty()) else {
            return Ok(None);
        };
        if !clause.options.is_empty() {
            return Err(Error::unsupported("RETURNING WITH"));
        }
        let row = self.scan(relation);
        let outer = std::mem::take(&mut self.level().items);
        let item = self.table_item(&row, alias)?;
        self.level().add(vec![item]);
        self.level().add(others.to_vec());
        let targets = self.within(Clause::Returning, |binder| binder.targets(&clause.exprs));
        self.level().items = outer;
        let mut exprs = Vec::new();
        for target in targets? {
            let mut expr = self.decide(target.expr)?;
            let mut column = self.new_column(target.name, expr.ty);
            column.origin = target.origin;
            each_expr_mut(&mut expr, &mut |_| Walk::Inside);
            exprs.push((column, expr));
        }
        let used = used_columns(&mut exprs);
        let row = row
            .columns
            .into_iter()
            .filter(|(number, column)| *number > 0 || used.contains(&column.id))
            .collect();
        Ok(Some(Returning { row, exprs }))
    }
}

/// The source of one column in a multi-column assignment.
enum Multiple<'n> {
    Expr(&'n NodeEnum),
    /// The query, the column's index, the number of columns, the location.
    Subquery(&'n SelectStmt, usize, usize, i32),
}

impl<'n> Multiple<'n> {
    fn of_target(target: &'n ResTarget) -> Result<Multiple<'n>> {
        match required(&target.val)? {
            NodeEnum::MultiAssignRef(multiple) => Multiple::of(multiple),
            other => Ok(Multiple::Expr(other)),
        }
    }

    fn of(node: &'n MultiAssignRef) -> Result<Multiple<'n>> {
        let index = usize::try_from(node.colno - 1).unwrap_or(0);
        let count = usize::try_from(node.ncolumns).unwrap_or(0);
        match required(&node.source)? {
            NodeEnum::RowExpr(row) if row.args.len() == count => {
                Ok(Multiple::Expr(inner(&row.args[index])?))
            }
            NodeEnum::RowExpr(row) => {
                Err(Error::syntax("number of columns does not match number of values")
                    .at(row.location))
            }
            NodeEnum::SubLink(link) => match required(&link.subselect)? {
                NodeEnum::SelectStmt(select) => {
                    Ok(Multiple::Subquery(select, index, count, link.location))
                }
                _ => Err(Error::internal("subquery is no SELECT")),
            },
            other if count == 1 => Ok(Multiple::Expr(other)),
            other => Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression",
            )
            .at(super::node::location(other))),
        }
    }
}

fn used_columns(
    exprs: &mut [(OutputColumn, Expr)],
) -> std::collections::HashSet<crate::sql::ir::ColumnId> {
    let mut used = std::collections::HashSet::new();
    for (_, expr) in exprs {
        used.extend(crate::sql::ir::visit::columns_of(expr));
    }
    used
}

/// A default's locations are offsets into another text.
fn forget_locations(expr: &mut Expr) {
    each_expr_mut(expr, &mut |expr| {
        expr.location = -1;
        Walk::Inside
    });
}

fn is_plain_values(select: &SelectStmt) -> bool {
    let is_star = |node: &Node| match &node.node {
        Some(NodeEnum::AIndirection(record)) => super::target::ends_in_star(record),
        Some(NodeEnum::ColumnRef(column)) => super::target::is_star(column),
        _ => false,
    };
    let mut rows = select.values_lists.iter().filter_map(|row| list(row.node.as_ref()?));
    !select.values_lists.is_empty()
        && !rows.any(|row| row.iter().any(is_star))
        && select.op == SetOperation::SetopNone as i32
        && select.sort_clause.is_empty()
        && select.limit_count.is_none()
        && select.limit_offset.is_none()
        && select.with_clause.is_none()
        && select.locking_clause.is_empty()
}

fn check_width(
    width: usize,
    columns: &[Assigned<'_>],
    explicit: bool,
    location_of: &dyn Fn(usize) -> Result<i32>,
) -> Result<()> {
    if width > columns.len() {
        return Err(Error::syntax("INSERT has more expressions than target columns")
            .at(location_of(columns.len())?));
    }
    if explicit && width < columns.len() {
        return Err(Error::syntax("INSERT has more target columns than expressions")
            .at(columns[width].location));
    }
    Ok(())
}

fn not_default(column: &Column) -> Error {
    Error::new(
        sqlstate::GENERATED_ALWAYS,
        format!("cannot insert a non-DEFAULT value into column \"{}\"", column.name),
    )
}

fn default_of_part(indirection: &[Node], location: i32) -> Error {
    let is_element =
        matches!(indirection.first().map(|n| &n.node), Some(Some(NodeEnum::AIndices(_))));
    let message = match is_element {
        true => "cannot set an array element to DEFAULT",
        false => "cannot set a subfield to DEFAULT",
    };
    Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message).at(location)
}

/// The target's column as its scan gives it.
fn scanned_column(scan: &Scan, number: i16) -> Result<Expr> {
    let found = scan.columns.iter().find(|(known, _)| *known == number);
    found
        .map(|(_, column)| column_expr(column, -1))
        .ok_or_else(|| Error::internal("the target's columns are all read"))
}

/// The columns that are not dropped, with their numbers.
pub(super) fn live_columns(relation: &Relation) -> impl Iterator<Item = (i16, &Column)> {
    relation
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| !column.dropped)
        .map(|(index, column)| (i16::try_from(index + 1).unwrap_or(i16::MAX), column))
}

pub(super) fn column_of(relation: &Relation, number: i16) -> &Column {
    let index = usize::try_from(number - 1).expect("attribute numbers of columns count from 1");
    &relation.columns[index]
}

/// The number of the column a target names.
fn target_column(relation: &Relation, target: &ResTarget, updates: bool) -> Result<i16> {
    let found = live_columns(relation).find(|(_, column)| column.name == target.name);
    let Some((number, _)) = found else {
        let system = ["ctid", "xmin", "cmin", "xmax", "cmax", "tableoid"];
        if updates && system.contains(&target.name.as_str()) {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("cannot assign to system column \"{}\"", target.name),
            )
            .at(target.location));
        }
        return Err(Error::new(
            sqlstate::UNDEFINED_COLUMN,
            format!("column \"{}\" of relation \"{}\" does not exist", target.name, relation.name),
        )
        .at(target.location));
    };
    Ok(number)
}
