//! What the names in a view's text mean.
//!
//! A view is kept as text, but it means the objects that its names stood for when it
//! was made, whatever these are called later. So its text is bound once more when it
//! is made, with every name of a user's object recorded by its place in the text
//! ([`Binder::for_definition`]); when the view is used, the same text is bound with
//! those names known.
//!
//! While names are recorded, views are not expanded: the view depends on the views it
//! names, not on what these read.

use std::sync::Arc;

use super::Binder;
use super::scope::{Item, ItemColumn};
use super::target::Target;
use crate::catalog::{BoundKind, BoundName, Relation, quote_identifier};
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::ir::{ExprKind, Scan};
use crate::sql::parse::ast::{ColumnRef, RangeVar};
use crate::sql::types::{Oid, oid};

/// Names recorded, and names known.
#[derive(Default)]
pub(super) struct Names {
    recorded: Option<Vec<BoundName>>,
    /// Where a `*` stands in the text, and the columns it means.
    stars: Vec<(i32, String)>,
    /// Those of the view or the rule whose text is being bound.
    bound: Option<Arc<[BoundName]>>,
}

impl Names {
    pub fn of_view(view: &Arc<Relation>) -> Names {
        Names::of(view.view().map(|view| view.names.as_slice()).unwrap_or_default())
    }

    pub fn of(bound: &[BoundName]) -> Names {
        Names { bound: Some(bound.into()), ..Names::default() }
    }

    pub fn are_recorded(&self) -> bool {
        self.recorded.is_some()
    }

    /// What the name at a place of the view's text was bound to.
    pub fn known(&self, location: i32) -> Option<&BoundName> {
        self.bound.as_ref()?.iter().find(|name| name.location == location)
    }

    /// Keeps the name of a user's object; others keep their names.
    pub fn record(&mut self, location: i32, oid: Oid, kind: impl FnOnce() -> BoundKind) {
        if let Some(recorded) = &mut self.recorded
            && oid >= oid::FIRST_NORMAL
            && location >= 0
            && !recorded.iter().any(|known| known.location == location)
        {
            recorded.push(BoundName { location, oid, kind: kind() });
        }
    }
}

impl<'a> Binder<'a> {
    /// A binder for the text of a view that is being made.
    pub fn for_definition(eval: &'a EvalContext) -> Binder<'a> {
        let mut binder = Binder::with_fixed_params(eval, &[]);
        binder.names.recorded = Some(Vec::new());
        binder
    }

    /// The text with every `*` written out, if it had any: a view has the columns that
    /// there were when it was made.
    pub fn without_stars(&mut self, sql: &str) -> Option<String> {
        let mut stars = std::mem::take(&mut self.names.stars);
        stars.sort_by_key(|(location, _)| std::cmp::Reverse(*location));
        let mut text = sql.to_owned();
        for (location, columns) in &stars {
            let start = usize::try_from(*location).ok()?;
            let length = text.get(start..)?.find('*')? + 1;
            text.replace_range(start..start + length, columns);
        }
        (!stars.is_empty()).then_some(text)
    }

    /// Notes what a `*` of the text means; `qualifier` is what was written before it.
    pub(super) fn note_star(&mut self, column: &ColumnRef, targets: &[Target]) {
        if !self.names.are_recorded() || targets.is_empty() || column.location < 0 {
            return;
        }
        let qualifier: Vec<String> = column
            .fields
            .iter()
            .filter_map(super::node::string)
            .map(|part| format!("{}.", quote_identifier(part)))
            .collect();
        let qualifier = qualifier.concat();
        let mut columns = Vec::with_capacity(targets.len());
        for target in targets {
            let name = quote_identifier(&target.name);
            columns.push(match qualifier.is_empty() {
                true => format!("{}{name}", self.needed_qualifier(target)),
                false => format!("{qualifier}{name}"),
            });
        }
        self.names.stars.push((column.location, columns.join(", ")));
    }

    /// The item's name with a dot, if the column's alone does not tell it.
    fn needed_qualifier(&mut self, target: &Target) -> String {
        if matches!(self.find_column(&target.name, -1), Ok(Some(_))) {
            return String::new();
        }
        let ExprKind::Column(wanted) = target.expr.kind else { return String::new() };
        let produces = |item: &&Item| {
            item.columns
                .iter()
                .any(|column| matches!(column.expr.kind, ExprKind::Column(id) if id == wanted))
        };
        match self.level().items.iter().find(produces) {
            Some(item) if !item.alias.is_empty() => format!("{}.", quote_identifier(&item.alias)),
            _ => String::new(),
        }
    }

    /// The names that were recorded.
    pub fn recorded_keys(&mut self) -> Vec<Oid> {
        std::mem::take(&mut self.grouping_keys)
    }

    pub fn recorded_names(&mut self) -> Vec<BoundName> {
        self.names.recorded.take().unwrap_or_default()
    }

    /// The relation that a name of the view's text was bound to.
    pub(super) fn known_relation(&self, table: &RangeVar) -> Result<Option<Arc<Relation>>> {
        let Some(known) = self.names.known(table.location) else { return Ok(None) };
        let relation = self.catalog.relation(known.oid).cloned();
        relation.map(Some).ok_or_else(|| Error::undefined_table(&table.relname))
    }

    pub(super) fn record_relation(&mut self, table: &RangeVar, relation: &Relation) {
        self.names.record(table.location, relation.oid, || {
            let columns = super::dml::live_columns(relation);
            let alias = table.alias.as_ref().filter(|alias| !alias.aliasname.is_empty());
            BoundKind::Relation {
                columns: columns.map(|(number, column)| (number, column.name.clone())).collect(),
                alias: alias.map(|alias| alias.aliasname.clone()),
                alias_columns: alias
                    .map(|alias| super::node::strings(&alias.colnames))
                    .unwrap_or_default(),
            }
        });
    }

    /// The columns that the relation at this place had, under their names then.
    fn known_columns(&self, location: i32) -> Option<&[(i16, String)]> {
        match &self.names.known(location)?.kind {
            BoundKind::Relation { columns, .. } => Some(columns),
            _ => None,
        }
    }

    /// Leaves in a scan the columns that there were, under their names then.
    pub(super) fn keep_known_columns(&self, scan: &mut Scan, location: i32) {
        let Some(known) = self.known_columns(location) else { return };
        scan.columns.retain_mut(|(number, column)| {
            let name = known.iter().find(|(known, _)| known == number).map(|(_, name)| name);
            if let Some(name) = name {
                column.name.clone_from(name);
            }
            *number < 0 || name.is_some()
        });
    }

    /// As [`Binder::keep_known_columns`], for the columns of a view.
    pub(super) fn keep_known_view_columns(&self, columns: &mut Vec<ItemColumn>, location: i32) {
        let Some(known) = self.known_columns(location) else { return };
        let kept = known.iter().filter_map(|(number, name)| {
            let column = columns.get(usize::try_from(number - 1).ok()?)?;
            Some(ItemColumn { name: name.clone(), ..column.clone() })
        });
        *columns = kept.collect();
    }
}
