//! Writing through views: which views are automatically updatable, and what a
//! statement that names one does to the table below.
//!
//! A view's rows are a table's rows when its query is a plain selection from one
//! relation. That is decided once, when the view is made ([`updatable`]). A statement
//! on such a view writes the table: its columns become the table's, its conditions
//! are added, and WITH CHECK OPTION is tested on every row that is written.
//!
//! ```text
//! CREATE VIEW v AS SELECT id, name AS n FROM t WHERE id > 0 WITH CHECK OPTION
//! UPDATE v SET n = 'x' WHERE id = 1
//!   UPDATE t SET name = 'x' WHERE id > 0 AND id = 1, then check id > 0
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use super::Binder;
use super::dml::column_of;
use super::node::{all_of, column_expr, typed};
use super::opened::Verb;
use super::policy::barrier;
use super::scope::{Item, ItemColumn};
use crate::catalog::{CheckOption, Relation, RelationKind, TriggerTiming, Updatable, View};
use crate::error::{Error, Result};
use crate::sql::ir::visit::{columns_of, has_subquery, rewrite_deep};
use crate::sql::ir::{
    CheckKind, ColumnId, Expr, ExprKind, OutputColumn, Query, Rel, RowCheck, Scan,
};
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{RangeVar, SelectStmt, SetOperation};
use crate::sql::types::{Oid, oid};
use crate::sqlstate;

const NOT_A_COLUMN: &str =
    "View columns that are not columns of their base relation are not updatable.";
const SYSTEM_COLUMN: &str = "View columns that refer to system columns are not updatable.";
const WHOLE_ROW: &str = "View columns that return whole-row references are not updatable.";
const NO_COLUMNS: &str = "Views that have no updatable columns are not automatically updatable.";
const NOT_ONE: &str =
    "Views that do not select from a single table or view are not automatically updatable.";

/// Whether a view of this query is automatically updatable. `query` is bound over the
/// relations that it names, views not expanded.
pub fn updatable(node: &NodeEnum, query: &Query) -> Updatable {
    let NodeEnum::SelectStmt(select) = node else { return Updatable::No(NOT_ONE.to_owned()) };
    if let Some(reason) = refusal(select, &query.rel) {
        return Updatable::No(reason.to_owned());
    }
    let mut below = Below::default();
    let Some(scan) = below.collapse(&query.rel) else { return Updatable::No(NOT_ONE.to_owned()) };
    let column = |output: &OutputColumn| {
        let expr = below.columns.get(&output.id).ok_or(NOT_A_COLUMN)?;
        match &expr.kind {
            ExprKind::Row(_) if expr.ty.oid != oid::RECORD => Err(WHOLE_ROW),
            ExprKind::Column(id) => match scan.columns.iter().find(|(_, known)| known.id == *id) {
                Some((number, _)) if *number > 0 => Ok(*number),
                Some(_) => Err(SYSTEM_COLUMN),
                None => Err(NOT_A_COLUMN),
            },
            _ => Err(NOT_A_COLUMN),
        }
    };
    Updatable::Yes {
        relation: scan.relation.oid,
        columns: query.output.iter().map(|output| column(output).map_err(str::to_owned)).collect(),
        is_filtered: select.where_clause.is_some(),
    }
}

/// PostgreSQL's reasons, in its order.
fn refusal(select: &SelectStmt, rel: &Rel) -> Option<&'static str> {
    let is_set_operation = select.op != SetOperation::SetopNone as i32;
    let (mut aggregates, mut windows, mut sets) = (false, false, false);
    let mut rel = rel;
    loop {
        rel = match rel {
            Rel::Aggregate { input, .. } => {
                aggregates = true;
                input
            }
            Rel::Window { input, .. } => {
                windows = true;
                input
            }
            Rel::ProjectSet { input, .. } => {
                sets = true;
                input
            }
            Rel::Project { input, .. }
            | Rel::Filter { input, .. }
            | Rel::Sort { input, .. }
            | Rel::LockRows { input, .. } => input,
            _ => break,
        };
    }
    let reasons = [
        (
            !select.distinct_clause.is_empty(),
            "Views containing DISTINCT are not automatically updatable.",
        ),
        (
            !select.group_clause.is_empty(),
            "Views containing GROUP BY are not automatically updatable.",
        ),
        (
            select.having_clause.is_some(),
            "Views containing HAVING are not automatically updatable.",
        ),
        (
            is_set_operation,
            "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.",
        ),
        (select.with_clause.is_some(), "Views containing WITH are not automatically updatable."),
        (
            select.limit_count.is_some() || select.limit_offset.is_some(),
            "Views containing LIMIT or OFFSET are not automatically updatable.",
        ),
        (aggregates, "Views that return aggregate functions are not automatically updatable."),
        (windows, "Views that return window functions are not automatically updatable."),
        (sets, "Views that return set-returning functions are not automatically updatable."),
    ];
    if let Some((_, reason)) = reasons.iter().find(|(present, _)| *present) {
        return Some(reason);
    }
    match select.from_clause.as_slice() {
        [only] => match only.node.as_ref() {
            Some(NodeEnum::RangeVar(_)) => match rel {
                Rel::Scan(scan) if is_writable_kind(&scan.relation) => None,
                _ => Some(NOT_ONE),
            },
            Some(NodeEnum::RangeTableSample(_)) => {
                Some("Views containing TABLESAMPLE are not automatically updatable.")
            }
            _ => Some(NOT_ONE),
        },
        _ => Some(NOT_ONE),
    }
}

fn is_writable_kind(relation: &Relation) -> bool {
    match relation.kind {
        RelationKind::Table | RelationKind::Virtual => !relation.is_materialized_view(),
        RelationKind::View(_) => true,
        _ => false,
    }
}

/// A view's query taken apart: each column over the scan at the bottom, and the
/// conditions on the way, innermost first.
#[derive(Default)]
pub(super) struct Below {
    pub columns: HashMap<ColumnId, Expr>,
    pub conditions: Vec<Expr>,
}

impl Below {
    pub fn collapse<'r>(&mut self, rel: &'r Rel) -> Option<&'r Scan> {
        match rel {
            Rel::Scan(scan) => {
                for (_, column) in &scan.columns {
                    let expr = typed(ExprKind::Column(column.id), column.ty, -1);
                    self.columns.insert(column.id, expr);
                }
                Some(scan)
            }
            Rel::Filter { input, predicate } => {
                let scan = self.collapse(input)?;
                self.conditions.push(self.over_scan(predicate));
                Some(scan)
            }
            Rel::Project { input, exprs } => {
                let scan = self.collapse(input)?;
                for (column, expr) in exprs {
                    let expr = self.over_scan(expr);
                    self.columns.insert(column.id, expr);
                }
                Some(scan)
            }
            // The order of a view's rows, and their locks, are for those who read it.
            Rel::Sort { input, .. } | Rel::LockRows { input, .. } | Rel::Barrier { input } => {
                self.collapse(input)
            }
            _ => None,
        }
    }

    /// The columns of one scan as those of another of the same table.
    pub fn renumbered(from: &Scan, to: &Scan) -> HashMap<ColumnId, Expr> {
        let mut columns = HashMap::with_capacity(from.columns.len());
        for (number, column) in &from.columns {
            if let Some((_, own)) = to.columns.iter().find(|(known, _)| known == number) {
                columns.insert(column.id, typed(ExprKind::Column(own.id), own.ty, -1));
            }
        }
        columns
    }

    fn over_scan(&self, expr: &Expr) -> Expr {
        let mut expr = expr.clone();
        substitute(&mut expr, &self.columns);
        expr
    }
}

/// Replaces columns by what they are.
pub(super) fn substitute(expr: &mut Expr, columns: &HashMap<ColumnId, Expr>) {
    rewrite_deep(expr, &mut |expr| {
        if let ExprKind::Column(id) = expr.kind
            && let Some(known) = columns.get(&id)
        {
            *expr = Expr { location: -1, ..known.clone() };
        }
    });
}

/// What a statement writes to.
pub(super) struct Target {
    /// The table whose rows are written.
    pub relation: Arc<Relation>,
    /// The views on the way to it, the one that the statement names first.
    pub(super) views: Vec<Arc<Relation>>,
}

/// A target's rows: the table's scan, and what the statement sees of it.
pub(super) struct TargetRows {
    pub scan: Scan,
    /// The namespace entry, its columns over the scan's; no alias applied yet.
    pub item: Item,
    /// The views' conditions, innermost first.
    pub conditions: Vec<Expr>,
}

impl Target {
    pub fn of_table(relation: Arc<Relation>) -> Target {
        Target { relation, views: Vec::new() }
    }

    /// The relation that the statement names.
    pub fn named(&self) -> &Arc<Relation> {
        self.views.first().unwrap_or(&self.relation)
    }

    /// The table's column behind a column of the named relation; `words` are "insert
    /// into" or "update".
    pub fn base_column(&self, mut number: i16, words: &str) -> Result<i16> {
        for view in &self.views {
            number = match column_below(view, number) {
                Ok(number) => number,
                Err(detail) => {
                    return Err(Error::new(
                        sqlstate::FEATURE_NOT_SUPPORTED,
                        format!(
                            "cannot {words} column \"{}\" of view \"{}\"",
                            column_of(view, number).name,
                            view.name
                        ),
                    )
                    .with_detail(detail));
                }
            };
        }
        Ok(number)
    }

    /// The default that a view has for a column of the table, as SQL; the outermost
    /// view's comes first.
    pub fn view_default(&self, number: i16) -> Option<&str> {
        for (depth, view) in self.views.iter().enumerate() {
            for (column, own) in view.columns.iter().zip(1i16..) {
                let Some(default) = &column.default else { continue };
                let inner =
                    Target { relation: self.relation.clone(), views: self.views[depth..].to_vec() };
                if inner.base_column(own, "").is_ok_and(|base| base == number) {
                    return Some(&default.sql);
                }
            }
        }
        None
    }

    /// A view's default for a column that is no column of the table cannot be stored.
    pub fn check_defaults(&self) -> Result<()> {
        for (depth, view) in self.views.iter().enumerate() {
            let defaults = view.columns.iter().zip(1i16..).filter(|(c, _)| c.default.is_some());
            let below =
                Target { relation: self.relation.clone(), views: self.views[depth..].to_vec() };
            for (_, number) in defaults {
                below.base_column(number, "insert into")?;
            }
        }
        Ok(())
    }

    /// Each relation that is written, from the named one down, with whose rights and
    /// which of its columns.
    pub fn written(
        &self,
        check_as: Option<Oid>,
        columns: &[i16],
    ) -> Vec<(Oid, Option<Oid>, Vec<i16>)> {
        let mut found = Vec::new();
        let (mut role, mut columns) = (check_as, columns.to_vec());
        for view in &self.views {
            found.push((view.oid, role, columns.clone()));
            if !view_of(view).is_some_and(View::security_invoker) {
                role = Some(view.owner);
            }
            columns = columns.iter().filter_map(|n| column_below(view, *n).ok()).collect();
        }
        found.push((self.relation.oid, role, columns));
        found
    }

    fn has_barrier(&self) -> bool {
        self.views.iter().filter_map(|view| view_of(view)).any(View::security_barrier)
    }

    pub fn is_view(&self) -> bool {
        !self.views.is_empty()
    }
}

fn column_below(view: &Relation, number: i16) -> std::result::Result<i16, String> {
    let refused = || NOT_A_COLUMN.to_owned();
    let Some(Updatable::Yes { columns, .. }) = updatable_of(view) else { return Err(refused()) };
    let at = usize::try_from(number - 1).map_err(|_| refused())?;
    columns.get(at).cloned().unwrap_or_else(|| Err(refused()))
}

fn view_of(relation: &Relation) -> Option<&View> {
    match &relation.kind {
        RelationKind::View(view) => Some(view),
        _ => None,
    }
}

fn updatable_of(relation: &Relation) -> Option<&Updatable> {
    view_of(relation)?.updatable.as_ref()
}

impl Binder<'_> {
    /// The table below a view, with the views in between.
    pub(super) fn view_target(
        &mut self,
        table: &RangeVar,
        view: Arc<Relation>,
        verb: Verb,
    ) -> Result<Target> {
        let mut views: Vec<Arc<Relation>> = Vec::new();
        let mut relation = view;
        while matches!(relation.kind, RelationKind::View(_)) {
            if views.len() >= super::INLINE_DEPTH_MAX {
                return Err(Error::statement_too_deep());
            }
            self.opened.written(relation.oid);
            let is_bare = self.bare_target.take_if(|bare| *bare == relation.oid).is_some();
            if is_bare || self.has_instead_trigger(&relation, verb) {
                self.opened.target(&self.catalog, relation.oid, verb)?;
                return Ok(Target { relation, views });
            }
            let inner = match updatable_of(&relation) {
                Some(Updatable::Yes { relation: inner, columns, .. }) => {
                    if verb != Verb::Delete && columns.iter().all(|column| column.is_err()) {
                        return Err(not_updatable(verb, &relation, NO_COLUMNS));
                    }
                    *inner
                }
                Some(Updatable::No(reason)) => return Err(not_updatable(verb, &relation, reason)),
                None => return Err(not_updatable(verb, &relation, NOT_ONE)),
            };
            let inner = self.catalog.relation(inner).cloned();
            let inner = inner.ok_or_else(|| Error::undefined_table(&relation.name))?;
            views.push(std::mem::replace(&mut relation, inner));
        }
        self.check_target_kind(table, &relation)?;
        self.opened.target(&self.catalog, relation.oid, verb)?;
        let below = self.catalog.with_descendants(relation.oid).split_off(1);
        self.open_family(&relation, &below, verb)?;
        Ok(Target { relation, views })
    }

    /// Whether an INSTEAD OF trigger does what a statement asks of a view.
    pub(super) fn has_instead_trigger(&self, view: &Relation, verb: Verb) -> bool {
        let triggers = self.catalog.triggers_of(view.oid);
        triggers.iter().any(|trigger| {
            let events = trigger.events;
            trigger.timing == TriggerTiming::InsteadOf
                && match verb {
                    Verb::Insert => events.insert,
                    Verb::Update => events.update,
                    Verb::Delete => events.delete,
                }
        })
    }

    /// The rows of a view that its triggers write to, as a scan of it would give them.
    fn rows_of_view(&mut self, scan: &Scan) -> Result<Rel> {
        let query = self.view_query(&scan.relation)?;
        let columns = scan.columns.iter().map(|(_, column)| column.clone());
        let values = query.output.iter().map(|output| column_expr(output, -1));
        let exprs = columns.zip(values).collect();
        Ok(Rel::Project { input: Box::new(query.rel), exprs })
    }

    /// A target's scan under its policies' and its views' conditions. `stands_alone`: it
    /// is joined with nothing.
    pub(super) fn filtered_target(
        &mut self,
        target: &Target,
        scan: &Scan,
        policies: Vec<Expr>,
        conditions: Vec<Expr>,
        stands_alone: bool,
    ) -> Result<Rel> {
        let plain = match scan.relation.view() {
            None => Rel::Scan(scan.clone()),
            Some(_) => self.rows_of_view(scan)?,
        };
        Ok(filtered_scan(target, plain, policies, conditions, stands_alone))
    }

    /// The rows of a target, with column ids of their own.
    pub(super) fn target_rows(&mut self, target: &Target) -> Result<TargetRows> {
        let mut scan = self.scan(&target.relation);
        let Some(view) = target.views.first() else {
            let item = self.scan_item(&scan);
            return Ok(TargetRows { scan, item, conditions: Vec::new() });
        };
        // A view that triggers write to is what the views above it are updatable over.
        let is_view = target.relation.view().is_some();
        self.unexpanded = is_view.then_some(target.relation.oid);
        // The table's own policies depend on what is done to it.
        let outer = self.unsecured.replace(target.relation.oid);
        let query = self.view_query(view);
        self.unsecured = outer;
        let query = query?;
        let mut below = Below::default();
        let found = below.collapse(&query.rel);
        let found = found.ok_or_else(|| Error::internal("an updatable view that is not plain"))?;
        scan.descendants = found.descendants;
        let fresh = Below::renumbered(found, &scan);
        let Below { mut columns, mut conditions } = below;
        columns.values_mut().for_each(|expr| substitute(expr, &fresh));
        conditions.iter_mut().for_each(|expr| substitute(expr, &fresh));
        let mut entries = Vec::with_capacity(query.output.len());
        for ((output, declared), number) in query.output.iter().zip(&view.columns).zip(1i16..) {
            let expr = columns.remove(&output.id);
            entries.push(ItemColumn {
                name: declared.name.clone(),
                expr: expr.ok_or_else(|| Error::internal("a view's column without a source"))?,
                origin: Some((view.oid, number)),
            });
        }
        let mut item = Item::new(view.name.clone(), entries);
        item.relation = Some(view.clone());
        item.row_type = match self.catalog.row_type(view) {
            oid::INVALID => oid::RECORD,
            row_type => row_type,
        };
        item.aliased = false;
        Ok(TargetRows { scan, item, conditions })
    }

    /// The conditions that WITH CHECK OPTION asks of written rows, those of inner
    /// views first.
    pub(super) fn view_checks(&mut self, target: &Target) -> Result<Vec<RowCheck>> {
        let mut cascaded = false;
        let mut checked: Vec<(Arc<Relation>, bool)> = Vec::new();
        for view in &target.views {
            let option = view_of(view).and_then(View::check_option);
            checked.push((view.clone(), cascaded || option.is_some()));
            cascaded |= option == Some(CheckOption::Cascaded);
        }
        if !checked.iter().any(|(_, is_checked)| *is_checked) {
            return Ok(Vec::new());
        }
        let rows = self.target_rows(target)?;
        let mut conditions = rows.conditions.into_iter();
        let mut checks = Vec::new();
        for (view, is_checked) in checked.into_iter().rev() {
            if !is_filtered(&view) {
                continue;
            }
            let Some(predicate) = conditions.next() else { break };
            if is_checked {
                let read = columns_of(&predicate);
                let mut row = rows.scan.columns.clone();
                row.retain(|(_, column)| read.contains(&column.id));
                let kind = CheckKind::View(view.name.clone());
                checks.push(RowCheck { kind, row, predicate });
            }
        }
        Ok(checks)
    }
}

fn is_filtered(view: &Relation) -> bool {
    matches!(updatable_of(view), Some(Updatable::Yes { is_filtered: true, .. }))
}

/// A target's rows under its policies' and its views' conditions.
fn filtered_scan(
    target: &Target,
    plain: Rel,
    policies: Vec<Expr>,
    mut conditions: Vec<Expr>,
    stands_alone: bool,
) -> Rel {
    // An outer view's condition sees no row that a security barrier within hides.
    if !target.has_barrier() {
        conditions.reverse();
    }
    // The conjuncts of one filter are tested in their order, but for those that read
    // other rows.
    let is_plain = stands_alone && !policies.iter().any(has_subquery);
    if is_plain || policies.is_empty() {
        let all = policies.into_iter().chain(conditions).collect();
        return match all_of(all) {
            Some(predicate) => super::select::filter(plain, predicate),
            None => plain,
        };
    }
    let secured = match all_of(policies) {
        Some(predicate) => barrier(plain, predicate),
        None => plain,
    };
    match all_of(conditions) {
        Some(predicate) => super::select::filter(secured, predicate),
        None => secured,
    }
}

/// A condition after those that a target's scan has already: one filter, so that the
/// rows are still found without a plan.
pub(super) fn filtered_further(rel: Rel, predicate: Expr) -> Rel {
    match rel {
        Rel::Filter { input, predicate: first } if matches!(*input, Rel::Scan(_)) => {
            let both = all_of(vec![first, predicate]);
            match both {
                Some(both) => Rel::Filter { input, predicate: both },
                None => *input,
            }
        }
        rel => super::select::filter(rel, predicate),
    }
}

/// `55000`: with the reason, and how it could be made possible.
pub(super) fn not_updatable(verb: Verb, view: &Relation, reason: &str) -> Error {
    let (doing, event) = match verb {
        Verb::Insert => ("inserting into the view", "INSERT"),
        Verb::Update => ("updating the view", "UPDATE"),
        Verb::Delete => ("deleting from the view", "DELETE"),
    };
    Error::new(
        sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("cannot {} view \"{}\"", verb.words(), view.name),
    )
    .with_detail(reason)
    .with_hint(format!(
        "To enable {doing}, provide an INSTEAD OF {event} trigger or an unconditional ON {event} \
         DO INSTEAD rule."
    ))
}
