//! Triggers: when they fire, and with which rows.
//!
//! What a trigger function does is above this layer, so it is called through
//! [`ExpressionCompiler::fire`](super::ExpressionCompiler::fire). BEFORE triggers fire
//! while a row is on its way and may change it or leave it out; AFTER triggers are
//! queued with the other checks of the statement's end, those of deferred constraint
//! triggers with the checks of the transaction's end. A table without triggers has no
//! [`TableTriggers`], and its rows pay one look at that.
//!
//! ```text
//! BEFORE STATEMENT ─ for each row: BEFORE ROW ─ write ─ queue AFTER ROW ─ queue AFTER
//! STATEMENT ─ end of the statement: what was queued, in order
//! ```

use std::sync::{Arc, OnceLock};

use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use parking_lot::Mutex;

use super::expression::RowExpression;
use super::family::{Member, to_parent};
use super::info::TableInfo;
use super::outbox::Watch;
use super::state::PendingCheck;
use super::write::Writer;
use crate::catalog::{Catalog, Constraint, ConstraintKind, Relation, Trigger, TriggerTiming};
use crate::error::{Error, Result};
use crate::sql::run::StatementContext;
use crate::sql::types::{Datum, Oid};

/// What happens to a table or a row of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    Insert,
    Update,
    Delete,
    Truncate,
}

/// One trigger of a table.
pub struct TriggerInfo {
    pub trigger: Arc<Trigger>,
    /// WHEN, over the old row's columns followed by the new row's; compiled at first use.
    pub condition: OnceLock<Option<Arc<dyn RowExpression>>>,
}

/// The triggers of one table, in the order of their names.
pub struct TableTriggers(Vec<Arc<TriggerInfo>>);

impl std::fmt::Debug for TableTriggers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} triggers", self.0.len())
    }
}

impl TableTriggers {
    /// None for a table without triggers, but for those by which it is watched.
    pub fn of(catalog: &Catalog, table: Oid) -> Option<Arc<TableTriggers>> {
        let mut triggers = catalog.triggers_of(table);
        triggers.retain(|trigger| Watch::of(catalog, trigger).is_none());
        (!triggers.is_empty()).then(|| {
            let info = |trigger| Arc::new(TriggerInfo { trigger, condition: OnceLock::new() });
            Arc::new(TableTriggers(triggers.into_iter().map(info).collect()))
        })
    }

    /// Those that fire now.
    fn firing(
        &self,
        timing: TriggerTiming,
        row: bool,
        event: Event,
        assigned: &[i16],
        ctx: &StatementContext,
    ) -> Vec<Arc<TriggerInfo>> {
        let mut wanted: Vec<Arc<TriggerInfo>> = self
            .0
            .iter()
            .filter(|info| {
                let trigger = &info.trigger;
                let of_columns = event != Event::Update
                    || trigger.columns.is_empty()
                    || trigger.columns.iter().any(|column| assigned.contains(column));
                trigger.timing == timing
                    && trigger.row == row
                    && is_for(trigger, event)
                    && of_columns
            })
            .cloned()
            .collect();
        if !wanted.is_empty() {
            let replica = is_replica(ctx);
            wanted.retain(|info| match info.trigger.enabled {
                'D' => false,
                'A' => true,
                'R' => replica,
                _ => !replica,
            });
        }
        wanted
    }
}

pub(super) fn is_for(trigger: &Trigger, event: Event) -> bool {
    match event {
        Event::Insert => trigger.events.insert,
        Event::Update => trigger.events.update,
        Event::Delete => trigger.events.delete,
        Event::Truncate => trigger.events.truncate,
    }
}

/// `session_replication_role = replica`: only triggers for that fire.
pub(super) fn is_replica(ctx: &StatementContext) -> bool {
    let setting = ctx.eval.session.setting("session_replication_role");
    matches!(setting, Ok(Some(value)) if value == "replica")
}

/// The rows that a statement has changed, for REFERENCING.
#[derive(Clone, Default)]
pub struct Transition(Arc<Mutex<TransitionRows>>);

#[derive(Default)]
struct TransitionRows {
    old: Vec<Vec<Datum>>,
    new: Vec<Vec<Datum>>,
    reservation: Option<MemoryReservation>,
}

impl Transition {
    fn add(
        &self,
        old: Option<&[Datum]>,
        new: Option<&[Datum]>,
        ctx: &StatementContext,
    ) -> Result<()> {
        let mut rows = self.0.lock();
        let bytes: usize = old.iter().chain(&new).map(|row| size_of_val(*row) + 64).sum();
        let pool = &ctx.runtime.memory_pool;
        rows.reservation
            .get_or_insert_with(|| MemoryConsumer::new("transition table").register(pool))
            .try_grow(bytes)
            .map_err(|error| Error::out_of_memory(error.strip_backtrace()))?;
        rows.old.extend(old.map(<[Datum]>::to_vec));
        rows.new.extend(new.map(<[Datum]>::to_vec));
        Ok(())
    }
}

/// The transition tables that a trigger function sees, under their names.
pub struct TransitionTables {
    pub relation: Arc<Relation>,
    pub old: Option<String>,
    pub new: Option<String>,
    rows: Transition,
}

impl TransitionTables {
    /// The rows of a transition table, dropped columns included.
    pub fn rows(&self, name: &str) -> Option<Vec<Vec<Datum>>> {
        let rows = self.rows.0.lock();
        if self.old.as_deref() == Some(name) {
            return Some(rows.old.clone());
        }
        (self.new.as_deref() == Some(name)).then(|| rows.new.clone())
    }

    pub fn has(&self, name: &str) -> bool {
        self.old.as_deref() == Some(name) || self.new.as_deref() == Some(name)
    }
}

/// One firing of a trigger.
#[derive(Clone)]
pub struct Firing {
    pub info: Arc<TableInfo>,
    pub trigger: Arc<TriggerInfo>,
    pub event: Event,
    /// Rows by attribute number; none for a statement-level trigger.
    pub old: Option<Arc<Vec<Datum>>>,
    pub new: Option<Arc<Vec<Datum>>>,
    transition: Option<Transition>,
}

impl std::fmt::Debug for Firing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "trigger {}", self.trigger.trigger.name)
    }
}

impl Firing {
    /// What the function may read beside the row.
    pub fn transition_tables(&self) -> Option<TransitionTables> {
        let trigger = &self.trigger.trigger;
        let rows = self.transition.clone()?;
        Some(TransitionTables {
            relation: self.info.relation.clone(),
            old: trigger.old_table.clone(),
            new: trigger.new_table.clone(),
            rows,
        })
    }
}

/// What one writer has collected for REFERENCING, by table and event.
#[derive(Clone, Default)]
pub struct Transitions(Vec<(Oid, Event, Transition)>);

impl Transitions {
    fn of(&mut self, table: Oid, event: Event) -> Transition {
        let known = self.0.iter().find(|(t, e, _)| *t == table && *e == event);
        match known {
            Some((.., transition)) => transition.clone(),
            None => {
                let transition = Transition::default();
                self.0.push((table, event, transition.clone()));
                transition
            }
        }
    }
}

impl Writer<'_> {
    /// Fires the BEFORE triggers of a row: the row to write, or none to leave it out.
    pub fn before_row(
        &mut self,
        info: &Arc<TableInfo>,
        event: Event,
        old: Option<&[Datum]>,
        new: Option<Vec<Datum>>,
        assigned: &[i16],
    ) -> Result<Option<Vec<Datum>>> {
        self.row_on_its_way(info, TriggerTiming::Before, event, (old, new), assigned)
    }

    /// Fires the INSTEAD OF triggers of a view's row: the row as they leave it, or none
    /// if one of them has done nothing.
    pub fn instead_of_row(
        &mut self,
        info: &Arc<TableInfo>,
        event: Event,
        old: Option<&[Datum]>,
        new: Option<Vec<Datum>>,
    ) -> Result<Option<Vec<Datum>>> {
        self.row_on_its_way(info, TriggerTiming::InsteadOf, event, (old, new), &[])
    }

    fn row_on_its_way(
        &mut self,
        info: &Arc<TableInfo>,
        timing: TriggerTiming,
        event: Event,
        (old, new): (Option<&[Datum]>, Option<Vec<Datum>>),
        assigned: &[i16],
    ) -> Result<Option<Vec<Datum>>> {
        let row = new.or_else(|| old.map(<[Datum]>::to_vec)).unwrap_or_default();
        let Some(triggers) = &info.triggers else { return Ok(Some(row)) };
        let firing = triggers.firing(timing, true, event, assigned, self.ctx);
        let old = old.map(|old| Arc::new(old.to_vec()));
        let mut row = row;
        for trigger in firing {
            let firing = Firing {
                info: info.clone(),
                trigger,
                event,
                old: old.clone(),
                new: (event != Event::Delete).then(|| Arc::new(row.clone())),
                transition: None,
            };
            match self.fire(&firing)? {
                // WHEN was not true.
                Fired::Not => {}
                Fired::Row(returned) if event == Event::Delete => drop(returned),
                Fired::Row(returned) => {
                    row = returned;
                    if event == Event::Insert && firing.trigger.trigger.parent != 0 {
                        self.require_same_partition(&firing, &row)?;
                    }
                }
                Fired::Nothing => return Ok(None),
            }
        }
        Ok(Some(row))
    }

    /// `0A000` if a partitioned table's trigger has made a row another partition's.
    fn require_same_partition(&self, firing: &Firing, row: &[Datum]) -> Result<()> {
        let info = &firing.info;
        if self.belongs(info, row)? {
            return Ok(());
        }
        Err(Error::new(
            crate::sqlstate::FEATURE_NOT_SUPPORTED,
            "moving row to another partition during a BEFORE FOR EACH ROW trigger is not supported",
        )
        .with_detail(format!(
            "Before executing trigger \"{}\", the row was to be in partition \"{}.{}\".",
            firing.trigger.trigger.name,
            info.schema_name,
            info.name()
        )))
    }

    /// Collects a row of a partition or a child for the triggers of the table that the
    /// statement names, as that table has it.
    pub fn capture(
        &mut self,
        root: &Arc<TableInfo>,
        member: &Member,
        event: Event,
        old: Option<&[Datum]>,
        new: Option<&[Datum]>,
    ) -> Result<()> {
        let Some(triggers) = &root.triggers else { return Ok(()) };
        if root.oid() == member.info.oid() {
            // Its own triggers have it already.
            return Ok(());
        }
        let Some(transition) = self.transition(root, triggers, event) else { return Ok(()) };
        let seen = |row: Option<&[Datum]>| row.map(|row| to_parent(member.map.as_ref(), row));
        transition.add(seen(old).as_deref(), seen(new).as_deref(), self.ctx)
    }

    /// Queues the AFTER triggers of a row that was written.
    pub fn after_row(
        &mut self,
        info: &Arc<TableInfo>,
        event: Event,
        old: Option<&[Datum]>,
        new: Option<&[Datum]>,
        assigned: &[i16],
    ) -> Result<()> {
        let Some(triggers) = &info.triggers else { return Ok(()) };
        let transition = self.transition(info, triggers, event);
        if let Some(transition) = &transition {
            transition.add(old, new, self.ctx)?;
        }
        let firing = triggers.firing(TriggerTiming::After, true, event, assigned, self.ctx);
        if firing.is_empty() {
            return Ok(());
        }
        let old = old.map(|old| Arc::new(old.to_vec()));
        let new = new.map(|new| Arc::new(new.to_vec()));
        for trigger in firing {
            let firing = Firing {
                info: info.clone(),
                trigger,
                event,
                old: old.clone(),
                new: new.clone(),
                transition: transition.clone(),
            };
            self.queue_firing(firing)?;
        }
        Ok(())
    }

    fn queue_firing(&mut self, firing: Firing) -> Result<()> {
        // What WHEN excludes is never queued.
        let ctx = self.ctx;
        if firing.trigger.trigger.when.is_some() {
            // It may call functions that read.
            ctx.eval.loan.open(self.work);
        }
        if !self.lend(|| ctx.compiler.holds(&firing, ctx))? {
            return Ok(());
        }
        match constraint_of(&firing.trigger.trigger) {
            Some(constraint) => {
                let check = PendingCheck::Trigger(Box::new(firing));
                self.work.table.queue(&constraint, check)
            }
            None => self.work.table.queue_immediate(PendingCheck::Trigger(Box::new(firing))),
        }
    }

    /// The rows collected for REFERENCING, if a trigger asks for them.
    fn transition(
        &mut self,
        info: &TableInfo,
        triggers: &TableTriggers,
        event: Event,
    ) -> Option<Transition> {
        let asks = |info: &&Arc<TriggerInfo>| {
            let trigger = &info.trigger;
            is_for(trigger, event)
                && trigger.enabled != 'D'
                && (trigger.old_table.is_some() || trigger.new_table.is_some())
        };
        triggers.0.iter().find(asks)?;
        Some(self.transitions.of(info.oid(), event))
    }

    /// Fires the statement-level BEFORE triggers.
    pub fn before_statement(
        &mut self,
        info: &Arc<TableInfo>,
        event: Event,
        assigned: &[i16],
    ) -> Result<()> {
        let Some(triggers) = &info.triggers else { return Ok(()) };
        let firing = triggers.firing(TriggerTiming::Before, false, event, assigned, self.ctx);
        for trigger in firing {
            let firing = Firing {
                info: info.clone(),
                trigger,
                event,
                old: None,
                new: None,
                transition: None,
            };
            self.fire(&firing)?;
        }
        Ok(())
    }

    /// Queues the statement-level AFTER triggers.
    pub fn after_statement(
        &mut self,
        info: &Arc<TableInfo>,
        event: Event,
        assigned: &[i16],
    ) -> Result<()> {
        let Some(triggers) = &info.triggers else { return Ok(()) };
        let transition = self.transition(info, triggers, event);
        let firing = triggers.firing(TriggerTiming::After, false, event, assigned, self.ctx);
        for trigger in firing {
            let transition = transition.clone();
            let info = info.clone();
            let firing = Firing { info, trigger, event, old: None, new: None, transition };
            self.queue_firing(firing)?;
        }
        Ok(())
    }

    pub(super) fn fire(&mut self, firing: &Firing) -> Result<Fired> {
        self.ctx.compiler.fire(firing, self.work, self.ctx)
    }

    /// Inserts a row with its triggers; none if one of them left it out.
    pub async fn insert_firing(
        &mut self,
        info: &Arc<TableInfo>,
        row: Vec<Datum>,
    ) -> Result<Option<(u64, Vec<Datum>)>> {
        if info.triggers.is_none() {
            return self.insert(info, row).await.map(Some);
        }
        let Some(row) = self.before_row(info, Event::Insert, None, Some(row), &[])? else {
            return Ok(None);
        };
        let (rid, row) = self.insert(info, row).await?;
        self.after_row(info, Event::Insert, None, Some(&row), &[])?;
        Ok(Some((rid, row)))
    }

    /// Updates a locked row with its triggers; none if one of them left it out.
    pub async fn update_firing(
        &mut self,
        info: &Arc<TableInfo>,
        rid: u64,
        old: &[Datum],
        new: Vec<Datum>,
        assigned: &[i16],
    ) -> Result<Option<Vec<Datum>>> {
        if info.triggers.is_none() {
            return self.update(info, rid, old, new).await.map(Some);
        }
        let row = self.before_row(info, Event::Update, Some(old), Some(new), assigned)?;
        let Some(row) = row else { return Ok(None) };
        self.check_untouched(info, rid, old, "updated")?;
        let row = self.update(info, rid, old, row).await?;
        self.after_row(info, Event::Update, Some(old), Some(&row), assigned)?;
        Ok(Some(row))
    }

    /// Deletes a locked row with its triggers; false if one of them left it out. `doing`
    /// is what an error says was to be done with the row.
    pub async fn delete_firing(
        &mut self,
        info: &Arc<TableInfo>,
        rid: u64,
        old: &[Datum],
        doing: &str,
    ) -> Result<bool> {
        if info.triggers.is_none() {
            return self.delete(info, rid, old).await.map(|()| true);
        }
        if self.before_row(info, Event::Delete, Some(old), None, &[])?.is_none() {
            return Ok(false);
        }
        self.check_untouched(info, rid, old, doing)?;
        self.delete(info, rid, old).await?;
        self.after_row(info, Event::Delete, Some(old), None, &[])?;
        Ok(true)
    }

    /// `27000` if a BEFORE trigger has itself changed the row that it was fired for.
    /// `doing`: `updated`, `deleted`, or both.
    pub fn check_untouched(
        &self,
        info: &TableInfo,
        rid: u64,
        old: &[Datum],
        doing: &str,
    ) -> Result<()> {
        let key = crate::storage::key::row(info.storage_id(), rid);
        let now = self.work.txn.get_newest(crate::txn::Keyspace::Rows, &key)?;
        let same = match now {
            None => false,
            Some(now) => {
                let now = info.decode(&now)?;
                info.encode(&now)? == info.encode(old)?
            }
        };
        if same { Ok(()) } else { Err(already_modified(doing)) }
    }
}

/// `27000`: a trigger has changed the row that its statement is about to change.
pub fn already_modified(doing: &str) -> Error {
    Error::new(
        crate::sqlstate::TRIGGERED_DATA_CHANGE_VIOLATION,
        format!(
            "tuple to be {doing} was already modified by an operation triggered by the current \
             command"
        ),
    )
    .with_hint(
        "Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to \
         other rows.",
    )
}

/// What came of a trigger.
pub enum Fired {
    /// Its WHEN was not true.
    Not,
    Row(Vec<Datum>),
    /// It returned NULL.
    Nothing,
}

/// The constraint of a constraint trigger, as deferral knows it.
pub fn constraint_of(trigger: &Trigger) -> Option<Constraint> {
    let constraint = trigger.constraint?;
    Some(Constraint {
        oid: constraint.oid,
        schema: 0,
        name: trigger.name.clone(),
        table: trigger.table,
        kind: ConstraintKind::Check { sql: String::new(), columns: Vec::new() },
        deferrable: constraint.deferrable,
        initially_deferred: constraint.initially_deferred,
        validated: true,
        inherited: Default::default(),
        no_inherit: false,
        parent: 0,
    })
}
