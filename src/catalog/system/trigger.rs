//! `pg_trigger`.

use super::cell::*;
use crate::catalog::{Catalog, Trigger, TriggerTiming};
use crate::sql::types::Datum;

// Bits of `tgtype`.
const ROW: i16 = 1;
const BEFORE: i16 = 2;
const INSERT: i16 = 4;
const DELETE: i16 = 8;
const UPDATE: i16 = 16;
const TRUNCATE: i16 = 32;
const INSTEAD: i16 = 64;

pub(super) fn pg_trigger(catalog: &Catalog) -> Vec<Row> {
    catalog.triggers().map(|trigger| row(trigger)).collect()
}

fn type_bits(trigger: &Trigger) -> i16 {
    let timing = match trigger.timing {
        TriggerTiming::Before => BEFORE,
        TriggerTiming::After => 0,
        TriggerTiming::InsteadOf => INSTEAD,
    };
    let bit = |set: bool, bit: i16| if set { bit } else { 0 };
    let events = trigger.events;
    timing
        | bit(trigger.row, ROW)
        | bit(events.insert, INSERT)
        | bit(events.delete, DELETE)
        | bit(events.update, UPDATE)
        | bit(events.truncate, TRUNCATE)
}

fn row(trigger: &Trigger) -> Row {
    let constraint = trigger.constraint;
    let mut args = Vec::new();
    for arg in &trigger.args {
        args.extend_from_slice(arg.as_bytes());
        args.push(0);
    }
    vec![
        oid(trigger.oid),
        oid(trigger.table),
        oid(trigger.parent),
        text(&trigger.name),
        oid(trigger.function),
        int2(type_bits(trigger)),
        char(trigger.enabled),
        boolean(false),
        oid(constraint.map_or(0, |constraint| constraint.from)),
        oid(0),
        oid(constraint.map_or(0, |constraint| constraint.oid)),
        boolean(constraint.is_some_and(|constraint| constraint.deferrable)),
        boolean(constraint.is_some_and(|constraint| constraint.initially_deferred)),
        count(trigger.args.len()),
        int2_vector(trigger.columns.iter().copied()),
        Datum::Bytea(args.into()),
        text_or_null(trigger.when.clone()),
        text_or_null(trigger.old_table.clone()),
        text_or_null(trigger.new_table.clone()),
    ]
}
