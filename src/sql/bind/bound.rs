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
use super::scope::ItemColumn;
use crate::catalog::{BoundKind, BoundName, Relation, RelationKind};
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::ir::Scan;
use crate::sql::parse::ast::RangeVar;
use crate::sql::types::{Oid, oid};

/// Names recorded, and names known.
#[derive(Default)]
pub(super) struct Names {
    recorded: Option<Vec<BoundName>>,
    /// The view whose text is being bound.
    view: Option<Arc<Relation>>,
}

impl Names {
    pub fn of_view(view: &Arc<Relation>) -> Names {
        Names { recorded: None, view: Some(view.clone()) }
    }

    pub fn are_recorded(&self) -> bool {
        self.recorded.is_some()
    }

    /// What the name at a place of the view's text was bound to.
    pub fn known(&self, location: i32) -> Option<&BoundName> {
        let RelationKind::View(view) = &self.view.as_ref()?.kind else { return None };
        view.names.iter().find(|name| name.location == location)
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

    /// The names that were recorded.
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
