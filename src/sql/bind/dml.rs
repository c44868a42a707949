//! INSERT, UPDATE and DELETE: target columns, assignment, defaults, RETURNING.

use std::sync::Arc;

use super::Binder;
use super::from::{cannot_open, cross_join, exact};
use super::node::{boxed, column_expr, constant, inner, list, null, required, typed};
use super::opened::Verb;
use super::policy::Writes;
use super::row_star::values_for_each;
use super::scope::{Clause, Item};
use super::select::project_sets;
use super::set_operation::output_location;
use super::updatable::{Target, TargetRows, filtered_further};
use super::values::is_default;
use crate::catalog::{Column, Identity, PolicyCommand, Relation, RelationKind, acl, relation_oid};
use crate::error::{Error, Result};
use crate::sql::ir::visit::{Walk, each_expr_mut};
use crate::sql::ir::{
    ConflictAction, Delete, Expr, ExprKind, Insert, OutputColumn, Query, Rel, Returning, Scan,
    Subquery, SubqueryKind, Update,
};
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{
    Alias, DeleteStmt, InsertStmt, MultiAssignRef, Node, OverridingKind, RangeVar, ResTarget,
    ReturningClause, SelectStmt, SetOperation, UpdateStmt,
};
use crate::sql::privilege;
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
        let target = self.target_relation(table, Verb::Insert)?;
        let columns = self.insert_columns(stmt, &target)?;
        let named = self.named_columns(stmt, &target);
        self.note_written(&target, Verb::Insert, &named);
        let overriding =
            OverridingKind::try_from(stmt.r#override).unwrap_or(OverridingKind::OverridingNotSet);
        let (mut source, columns) = self.insert_source(stmt, &target, columns, overriding)?;
        let with = self.written_with(stmt.with_clause.as_ref(), &ctes);
        source.rel = self.with_ctes(ctes, source.rel);
        target.check_defaults()?;
        let defaults = self.insert_defaults(&target, &columns)?;
        let alias = table.alias.as_ref();
        let read_before = self.forget_reads(&target);
        let on_conflict = match &stmt.on_conflict_clause {
            Some(clause) => self.on_conflict(clause, &target, alias)?,
            None => None,
        };
        let checks = self.view_checks(&target)?;
        let returning = self.returning(stmt.returning_clause.as_ref(), &target, alias, &[])?;
        let updates =
            on_conflict.as_ref().is_some_and(|c| matches!(c.action, ConflictAction::Update { .. }));
        let reads = self.recall_reads(&target, read_before);
        let writes = Writes { insert: true, conflict: updates, reads, ..Writes::default() };
        let policies = self.policy_checks(&target, writes)?;
        let written = (columns.as_slice(), on_conflict.as_ref());
        self.note_insert(stmt, &target, with, written, returning.as_ref());
        let relation = target.relation;
        Ok(Insert { relation, source, columns, defaults, on_conflict, checks, policies, returning })
    }

    /// From here on it is noted anew whether a statement reads its target: answers
    /// whether something did so far.
    pub(super) fn forget_reads(&mut self, target: &Target) -> bool {
        let entry = self.permissions.of(target.named().oid, self.check_as);
        let read = entry.required & acl::SELECT != 0;
        entry.required &= !acl::SELECT;
        read
    }

    /// Whether the target was read since [`Binder::forget_reads`], whose answer this takes.
    pub(super) fn recall_reads(&mut self, target: &Target, before: bool) -> bool {
        let entry = self.permissions.of(target.named().oid, self.check_as);
        let read = entry.required & acl::SELECT != 0;
        if before {
            entry.required |= acl::SELECT;
        }
        read
    }

    /// The table that a statement writes to, through views or not.
    pub(super) fn target_relation(&mut self, table: &RangeVar, verb: Verb) -> Result<Target> {
        let relation = self.relation(table)?;
        self.record_relation(table, &relation);
        if matches!(relation.kind, RelationKind::View(_)) {
            return self.view_target(table, relation, verb);
        }
        self.check_target_kind(table, &relation)?;
        self.opened.target(&self.catalog, relation.oid, verb)?;
        let below = self.descendants(&relation, table);
        self.open_family(&relation, &below, verb)?;
        Ok(Target::of_table(relation))
    }

    /// The tables below a target that are written to, too.
    pub(super) fn open_family(
        &mut self,
        relation: &Relation,
        below: &[crate::sql::types::Oid],
        verb: Verb,
    ) -> Result<()> {
        // An INSERT goes to one partition, which is not known yet.
        if verb != Verb::Insert || relation.is_partitioned() {
            for oid in below {
                self.opened.target(&self.catalog, *oid, verb)?;
            }
        }
        Ok(())
    }

    /// What rows are written to is a table.
    pub(super) fn check_target_kind(&self, table: &RangeVar, relation: &Relation) -> Result<()> {
        let wrong = |what: &str| {
            Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("cannot change {what} \"{}\"", relation.name),
            ))
        };
        match &relation.kind {
            RelationKind::Table if relation.is_materialized_view() => wrong("materialized view"),
            RelationKind::Table => Ok(()),
            RelationKind::View(_) => Err(Error::internal("a view has no rows of its own")),
            RelationKind::Sequence(_) => wrong("sequence"),
            RelationKind::Composite => Err(cannot_open(relation).at(table.location)),
            RelationKind::Virtual if !privilege::current_role(self.eval)?.superuser => {
                Err(privilege::denied("table", &relation.name))
            }
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

    /// The numbers of the columns that an INSERT names: all, if it has no list.
    fn named_columns(&self, stmt: &InsertStmt, target: &Target) -> Vec<i16> {
        match stmt.cols.is_empty() {
            true => live_columns(target.named()).map(|(number, _)| number).collect(),
            false => assigned_names(&stmt.cols, target.named()),
        }
    }

    /// Notes the privileges that writing takes: on the relation that is named, and on
    /// those below it with the rights of the views' owners.
    /// The functions that a table's checks and generated columns call for new rows.
    fn note_called_by_table(&mut self, relation: &Relation) {
        let generated = relation.columns.iter().filter_map(|column| column.default.as_ref());
        let generated = generated.filter(|default| default.generated).map(|default| default.oid);
        for dependent in relation.constraints.iter().copied().chain(generated) {
            let Some(references) = self.catalog.references(dependent).cloned() else { continue };
            for edge in &references.edges {
                if edge.referenced.class == relation_oid::PG_PROC {
                    self.note_call(edge.referenced.oid);
                }
            }
        }
    }

    pub(super) fn note_written(&mut self, target: &Target, verb: Verb, columns: &[i16]) {
        if verb != Verb::Delete {
            self.note_called_by_table(&target.relation);
        }
        for (relation, role, columns) in target.written(self.check_as, columns) {
            let entry = self.permissions.of(relation, role);
            match verb {
                Verb::Insert => {
                    entry.required |= acl::INSERT;
                    entry.inserted.extend(columns);
                }
                Verb::Update => {
                    entry.required |= acl::UPDATE;
                    entry.updated.extend(columns);
                }
                Verb::Delete => entry.required |= acl::DELETE,
            }
        }
    }

    fn insert_columns<'n>(
        &mut self,
        stmt: &'n InsertStmt,
        target: &Target,
    ) -> Result<Vec<Assigned<'n>>> {
        let relation = target.named();
        if stmt.cols.is_empty() {
            // Those that get no value need not be writable: see `check_written`.
            let base = |number| target.base_column(number, "insert into").unwrap_or(-number);
            return Ok(live_columns(relation)
                .map(|(number, _)| base(number))
                .map(|number| Assigned { number, location: -1, indirection: &[] })
                .collect());
        }
        let mut columns: Vec<Assigned<'n>> = Vec::with_capacity(stmt.cols.len());
        for node in &stmt.cols {
            let NodeEnum::ResTarget(column) = inner(node)? else { continue };
            let number = target_column(relation, column, false)?;
            let indirection = column.indirection.as_slice();
            let clashes = |known: &Assigned<'_>| {
                known.number == number && (known.indirection.is_empty() || indirection.is_empty())
            };
            if columns.iter().any(clashes) {
                return Err(Error::new(
                    sqlstate::DUPLICATE_COLUMN,
                    format!("column \"{}\" specified more than once", column.name),
                )
                .at(column.location));
            }
            columns.push(Assigned { number, location: column.location, indirection });
        }
        if target.is_view() {
            for column in &mut columns {
                column.number = target.base_column(column.number, "insert into")?;
            }
        }
        Ok(columns)
    }

    /// What is inserted, and into which columns.
    fn insert_source(
        &mut self,
        stmt: &InsertStmt,
        target: &Target,
        columns: Vec<Assigned<'_>>,
        overriding: OverridingKind,
    ) -> Result<(Query, Vec<i16>)> {
        let explicit = !stmt.cols.is_empty();
        match boxed(&stmt.select_stmt) {
            None => Ok((self.default_rows(), Vec::new())),
            Some(NodeEnum::SelectStmt(select)) => {
                let written_out = self.without_row_stars(select)?;
                let select = written_out.as_deref().unwrap_or(select);
                match is_plain_values(select) {
                    true => self.insert_values(select, target, columns, explicit, overriding),
                    false => self.insert_select(select, target, columns, explicit, overriding),
                }
            }
            Some(_) => Err(Error::internal("INSERT from something that is no query")),
        }
    }

    /// DEFAULT VALUES: a row, or one for each of those that a rule's action is for.
    fn default_rows(&mut self) -> Query {
        let Some(rows) = self.take_rule_source() else {
            return Query { rel: Rel::OneRow, output: Vec::new() };
        };
        let column = self.new_column("row", super::node::INT8);
        let row = constant(Datum::Int8(1), super::node::INT8);
        let exprs = vec![(column.clone(), row)];
        Query { rel: Rel::Project { input: Box::new(rows), exprs }, output: vec![column] }
    }

    fn insert_values(
        &mut self,
        select: &SelectStmt,
        target: &Target,
        columns: Vec<Assigned<'_>>,
        explicit: bool,
        overriding: OverridingKind,
    ) -> Result<(Query, Vec<i16>)> {
        let relation = &target.relation;
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
        check_written(target, &columns, width)?;
        let mut kept = Vec::with_capacity(width);
        for (index, column) in columns.iter().take(width).enumerate() {
            let values = rows.iter().map(|row| &row[index]);
            let given = values.filter(|node| !is_default(node)).count();
            let definition = column_of(relation, column.number);
            if self.takes_value(definition, given > 0, overriding, -1)? {
                kept.push((index, *column));
            }
        }
        let rule_rows = self.take_rule_source();
        let clause = if rows.len() == 1 { Clause::SingleValues } else { Clause::Values };
        let mut bound = Vec::with_capacity(rows.len());
        for row in &rows {
            let row = self.insert_row(row, target, &kept, clause)?;
            bound.push(row);
        }
        if self.is_describing()
            && let Some(written) = written_rows(&rows, width, &kept, &bound)
        {
            let numbers = columns.iter().take(width).map(|column| column.number);
            self.note_values(numbers.collect(), written);
        }
        let sets = std::mem::take(&mut self.level().set_calls);
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
        let rel = match (output.is_empty(), rule_rows) {
            (true, None) if bound.len() == 1 => Rel::OneRow,
            (false, None) if !sets.is_empty() => {
                let values = bound.into_iter().flatten();
                let exprs = output.iter().cloned().zip(values).collect();
                Rel::Project { input: Box::new(project_sets(Rel::OneRow, sets)), exprs }
            }
            (_, None) => Rel::Values { columns: output.clone(), rows: bound },
            (_, Some(rule_rows)) => values_for_each(rule_rows, output.clone(), bound),
        };
        Ok((Query { rel, output }, numbers))
    }

    /// One row of values for the columns that an INSERT names, or all.
    pub(super) fn inserted_row(
        &mut self,
        stmt: &InsertStmt,
        row: &[Node],
        target: &Target,
    ) -> Result<(Vec<i16>, Vec<Expr>)> {
        let columns = self.insert_columns(stmt, target)?;
        let overriding =
            OverridingKind::try_from(stmt.r#override).unwrap_or(OverridingKind::OverridingNotSet);
        let location_of = |index: usize| -> Result<i32> {
            row.get(index).map_or(Ok(-1), |node| inner(node).map(super::node::location))
        };
        check_width(row.len(), &columns, !stmt.cols.is_empty(), &location_of)?;
        let mut kept = Vec::with_capacity(row.len());
        let mut places = Places::default();
        for (index, column) in columns.iter().take(row.len()).enumerate() {
            let definition = column_of(&target.relation, column.number);
            if self.takes_value(definition, !is_default(&row[index]), overriding, -1)? {
                places.of(column.number);
                kept.push((index, *column));
            }
        }
        Ok((places.numbers, self.insert_row(row, target, &kept, Clause::Values)?))
    }

    fn insert_row(
        &mut self,
        row: &[Node],
        target: &Target,
        kept: &[(usize, Assigned<'_>)],
        clause: Clause,
    ) -> Result<Vec<Expr>> {
        let mut places = Places::default();
        let mut exprs: Vec<Expr> = Vec::with_capacity(kept.len());
        for (index, column) in kept {
            let node = &row[*index];
            let place = places.of(column.number);
            let before = exprs.get(place).cloned();
            let value = match is_default(node) {
                true => self.inserted_default(target, *column)?,
                false => {
                    let node = inner(node)?;
                    let expr = self.within(clause, |binder| binder.expr(node))?;
                    self.inserted(&target.relation, *column, before, expr)?
                }
            };
            match exprs.get_mut(place) {
                Some(slot) => *slot = value,
                None => exprs.push(value),
            }
        }
        Ok(exprs)
    }

    fn inserted_default(&mut self, target: &Target, column: Assigned<'_>) -> Result<Expr> {
        if !column.indirection.is_empty() {
            return Err(default_of_part(column.indirection, column.location));
        }
        let ty = column_of(&target.relation, column.number).ty;
        Ok(self.default_value(target, column.number)?.unwrap_or_else(|| null(ty)))
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
        target: &Target,
        columns: Vec<Assigned<'_>>,
        explicit: bool,
        overriding: OverridingKind,
    ) -> Result<(Query, Vec<i16>)> {
        let mut query = self.select_undecided(select)?;
        self.note_inserted_query(&query.output);
        let width = query.output.len();
        let location_of = |_| Ok(-1);
        check_width(width, &columns, explicit, &location_of)?;
        check_written(target, &columns, width)?;
        let relation = &target.relation;
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
                self.forget_inserted();
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

    pub(super) fn insert_defaults(
        &mut self,
        target: &Target,
        given: &[i16],
    ) -> Result<Vec<(i16, Expr)>> {
        let mut defaults = Vec::new();
        for (number, _) in live_columns(&target.relation) {
            if given.contains(&number) {
                continue;
            }
            if let Some(value) = self.default_value(target, number)? {
                defaults.push((number, value));
            }
        }
        Ok(defaults)
    }

    /// A column's default, a view's before the table's, converted to the column's
    /// type; `None` is NULL.
    pub(super) fn default_value(&mut self, target: &Target, number: i16) -> Result<Option<Expr>> {
        let relation = &target.relation;
        let column = column_of(relation, number);
        if let Some(sql) = target.view_default(number) {
            return self.stored_default(sql, column).map(Some);
        }
        match &column.default {
            Some(default) if default.generated => Ok(None),
            Some(default) => self.stored_default(&default.sql, column).map(Some),
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
        match self.catalog.domain_default(column.ty.oid).map(str::to_owned) {
            Some(sql) => self.stored_default(&sql, column).map(Some),
            None => {
                let value = self.null_of(column.ty);
                Ok((!super::node::is_null_constant(&value)).then_some(value))
            }
        }
    }

    fn stored_default(&mut self, sql: &str, column: &Column) -> Result<Expr> {
        let expr = self.isolated(|binder| binder.stored_text(sql))?;
        let mut value = self.assign(expr, column)?;
        forget_locations(&mut value);
        Ok(value)
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
        let written = self.target_relation(table, Verb::Update)?;
        let named = assigned_names(&stmt.target_list, written.named());
        self.note_written(&written, Verb::Update, &named);
        let source = self.target_and_from(&written, table, &stmt.from_clause)?;
        let read_before = self.forget_reads(&written);
        let target = source.target();
        let mut assignments = self.assignments(&stmt.target_list, &written, &target, "update")?;
        let (current_of, condition) = self.chosen_rows(boxed(&stmt.where_clause), &written)?;
        let alias = table.alias.as_ref();
        let from_items = source.from_items.clone();
        let returning =
            self.returning(stmt.returning_clause.as_ref(), &written, alias, &from_items)?;
        let parts =
            (assignments.as_slice(), source.from.as_ref(), condition.as_ref(), returning.as_ref());
        let with = self.written_with(stmt.with_clause.as_ref(), &ctes);
        self.note_update(stmt, &written, &target, with, parts);
        let reads = self.recall_reads(&written, read_before);
        let writes = Writes { update: true, reads, ..Writes::default() };
        let policies = self.policy_checks(&written, writes)?;
        let mut input = self.changed_rows(&written, source, PolicyCommand::Update, reads)?;
        if let Some(predicate) = condition {
            input = filtered_further(input, predicate);
        }
        if !ctes.is_empty() {
            input = self.assigned_below(input, &target, &from_items, &mut assignments);
        }
        let checks = self.view_checks(&written)?;
        let input = self.with_ctes(ctes, input);
        Ok(Update { target, input, assignments, current_of, checks, policies, returning })
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
        let written = self.target_relation(table, Verb::Delete)?;
        self.note_written(&written, Verb::Delete, &[]);
        let source = self.target_and_from(&written, table, &stmt.using_clause)?;
        let read_before = self.forget_reads(&written);
        let target = source.target();
        let (current_of, condition) = self.chosen_rows(boxed(&stmt.where_clause), &written)?;
        let alias = table.alias.as_ref();
        let from_items = source.from_items.clone();
        let returning =
            self.returning(stmt.returning_clause.as_ref(), &written, alias, &from_items)?;
        let parts = (source.from.as_ref(), condition.as_ref(), returning.as_ref());
        let with = self.written_with(stmt.with_clause.as_ref(), &ctes);
        self.note_delete(stmt, &written, &target, with, parts);
        let reads = self.recall_reads(&written, read_before);
        let mut input = self.changed_rows(&written, source, PolicyCommand::Delete, reads)?;
        if let Some(predicate) = condition {
            input = filtered_further(input, predicate);
        }
        let input = self.with_ctes(ctes, input);
        Ok(Delete { target, input, current_of, returning })
    }

    /// The target's scan and FROM (or USING); the target comes first in the namespace,
    /// as `*` shows it.
    fn target_and_from(
        &mut self,
        target: &Target,
        table: &RangeVar,
        from: &[Node],
    ) -> Result<ChangeSource> {
        let TargetRows { mut scan, item, conditions } = self.target_rows(target)?;
        scan.rid = Some(self.new_id());
        scan.alias = table.alias.as_ref().map_or_else(String::new, |a| a.aliasname.clone());
        if target.views.is_empty() {
            scan.descendants = !self.descendants(&target.relation, table).is_empty();
        }
        let mut item = self.finish_item(item, table.alias.as_ref())?;
        // LATERAL items see it, and may not refer to it.
        (item.lateral_only, item.lateral_ok) = (true, false);
        self.level().add(vec![item]);
        let from = self.from_clause(from)?;
        let from_items: Vec<Item> = self.level().items.iter().skip(1).cloned().collect();
        Ok(ChangeSource { scan, conditions, from, from_items })
    }

    /// The rows that UPDATE or DELETE may change: the target's, joined with FROM.
    /// `reads`: the statement reads the target, too.
    fn changed_rows(
        &mut self,
        target: &Target,
        source: ChangeSource,
        command: PolicyCommand,
        reads: bool,
    ) -> Result<Rel> {
        let ChangeSource { scan, conditions, from, .. } = source;
        let commands = match reads {
            true => vec![PolicyCommand::Select, command],
            false => vec![command],
        };
        let policies = self.target_conditions(target, &scan, &commands)?;
        let rel = self.filtered_target(target, &scan, policies, conditions, from.is_none())?;
        Ok(match from {
            Some(from) => cross_join(rel, from, false),
            None => rel,
        })
    }

    /// SET: each column once (or its parts, one after the other), values converted.
    pub(super) fn assignments(
        &mut self,
        nodes: &[Node],
        written: &Target,
        scan: &Scan,
        words: &str,
    ) -> Result<Vec<(i16, Expr)>> {
        let relation = &written.relation;
        let mut assignments: Vec<(i16, Expr)> = Vec::with_capacity(nodes.len());
        let mut whole: Vec<i16> = Vec::new();
        for node in nodes {
            let NodeEnum::ResTarget(target) = inner(node)? else { continue };
            let number = target_column(written.named(), target, true)?;
            let number = written.base_column(number, words)?;
            let place = assignments.iter().position(|(known, _)| *known == number);
            if place.is_some() && (target.indirection.is_empty() || whole.contains(&number)) {
                return Err(assigned_twice(&column_of(relation, number).name));
            }
            let value = match target.indirection.is_empty() {
                true => {
                    whole.push(number);
                    self.assignment(target, written, number)?
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
                Some(NodeEnum::String(field)) => {
                    self.composite_columns(under.oid).and_then(|all| {
                        all.into_iter().find(|(name, _)| *name == field.sval).map(|(_, ty)| ty)
                    })
                }
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

    fn assignment(&mut self, target: &ResTarget, written: &Target, number: i16) -> Result<Expr> {
        let column = column_of(&written.relation, number);
        let item = Multiple::of_target(target)?;
        let is_default = matches!(item, Multiple::Expr(NodeEnum::SetToDefault(_)));
        self.check_updatable(column, is_default)?;
        if is_default {
            // A view without a default for the column has NULL, whatever the table has.
            let hidden = written.is_view() && written.view_default(number).is_none();
            let value = if hidden { None } else { self.default_value(written, number)? };
            return Ok(value.unwrap_or_else(|| null(column.ty)));
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
        target: &Target,
        alias: Option<&Alias>,
        others: &[Item],
    ) -> Result<Option<Returning>> {
        let Some(clause) = clause.filter(|clause| !clause.exprs.is_empty()) else {
            return Ok(None);
        };
        if !clause.options.is_empty() {
            return Err(Error::unsupported("RETURNING WITH"));
        }
        let TargetRows { scan: row, item, .. } = self.target_rows(target)?;
        let outer = std::mem::take(&mut self.level().items);
        let item = self.finish_item(item, alias)?;
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

/// What UPDATE and DELETE find their rows in.
struct ChangeSource {
    scan: Scan,
    /// Of the views on the way to the table.
    conditions: Vec<Expr>,
    from: Option<Rel>,
    from_items: Vec<Item>,
}

impl ChangeSource {
    /// The target as it is changed: its columns, and what else a row is known by.
    fn target(&self) -> Scan {
        let mut scan = self.scan.clone();
        let family = scan.descendants;
        scan.columns.retain(|(number, _)| {
            *number > 0 || family && *number == crate::sql::ir::system_column::TABLEOID
        });
        scan
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

/// Every column of a view that gets a value must be a column of the table.
fn check_written(target: &Target, columns: &[Assigned<'_>], width: usize) -> Result<()> {
    let columns = &columns[..width.min(columns.len())];
    if let Some(column) = columns.iter().find(|column| column.number < 0) {
        return target.base_column(-column.number, "insert into").map(drop);
    }
    for (at, column) in columns.iter().enumerate() {
        let before = &columns[..at];
        let is_whole = column.indirection.is_empty();
        if is_whole && before.iter().any(|known| known.number == column.number) {
            return Err(assigned_twice(&column_of(&target.relation, column.number).name));
        }
    }
    Ok(())
}

/// The numbers of the columns that a list of targets names.
pub(super) fn assigned_names(nodes: &[Node], relation: &Relation) -> Vec<i16> {
    nodes
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::ResTarget(target)) => {
                live_columns(relation).find(|(_, column)| column.name == target.name)
            }
            _ => None,
        })
        .map(|(number, _)| number)
        .collect()
}

fn assigned_twice(column: &str) -> Error {
    Error::syntax(format!("multiple assignments to same column \"{column}\""))
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

/// The rows of VALUES as they were written, a column by its place: none is a default. None at
/// all where a value is not used, or is only a part of one.
fn written_rows(
    rows: &[&[Node]],
    width: usize,
    kept: &[(usize, Assigned<'_>)],
    bound: &[Vec<Expr>],
) -> Option<Vec<Vec<Option<Expr>>>> {
    let row = |(row, values): (&&[Node], &Vec<Expr>)| {
        if values.len() != kept.len() {
            return None;
        }
        let value = |index: usize| match is_default(&row[index]) {
            true => Some(None),
            false => {
                let at = kept.iter().position(|(kept, _)| *kept == index)?;
                Some(Some(values[at].clone()))
            }
        };
        (0..width).map(value).collect()
    };
    rows.iter().zip(bound).map(row).collect()
}

/// The columns that are not dropped, with their numbers.
pub fn live_columns(relation: &Relation) -> impl Iterator<Item = (i16, &Column)> {
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
