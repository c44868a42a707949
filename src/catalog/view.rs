//! What a view says about itself beyond its query: options, and whether rows can be
//! written through it.

use serde::{Deserialize, Serialize};

use super::{Catalog, Persistence, Relation, RelationKind, RuleEvent, TriggerTiming, View};
use crate::sql::types::{Oid, oid};

/// Whether a view is automatically updatable, decided when it is made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Updatable {
    /// Why it is not: PostgreSQL's DETAIL.
    No(String),
    /// The view's rows are those of one relation, all or some of them.
    Yes {
        /// The table or view that it reads.
        relation: Oid,
        /// By position: the relation's column, or why the view's cannot be written.
        columns: Vec<Result<i16, String>>,
        /// The query has a WHERE clause.
        is_filtered: bool,
    },
}

/// Views within views that are followed.
const VIEW_DEPTH_MAX: usize = 64;

/// Bits of `pg_relation_is_updatable`.
const UPDATE: i32 = 1 << 2;
const INSERT: i32 = 1 << 3;
const DELETE: i32 = 1 << 4;
const ALL: i32 = UPDATE | INSERT | DELETE;

/// WITH CHECK OPTION.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckOption {
    Local,
    Cascaded,
}

impl View {
    /// The value of an option as it was given.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn check_option(&self) -> Option<CheckOption> {
        match self.option("check_option")? {
            value if value.eq_ignore_ascii_case("local") => Some(CheckOption::Local),
            _ => Some(CheckOption::Cascaded),
        }
    }

    /// The view's conditions hold before a caller's functions see a row.
    pub fn security_barrier(&self) -> bool {
        self.is_on("security_barrier")
    }

    /// What the view reads is read with the rights of who reads the view.
    pub fn security_invoker(&self) -> bool {
        self.is_on("security_invoker")
    }

    fn is_on(&self, name: &str) -> bool {
        self.option(name).and_then(boolean).unwrap_or(false)
    }
}

impl Relation {
    /// The query of a view or of a materialized view.
    pub fn view(&self) -> Option<&View> {
        match &self.kind {
            RelationKind::View(view) => Some(view),
            _ => self.materialized.as_ref().map(|materialized| &materialized.view),
        }
    }

    /// Whether it is of one session.
    pub fn is_temporary(&self) -> bool {
        matches!(self.persistence, Persistence::Temporary(..))
    }

    /// A system relation or one of its indexes: nobody changes those.
    pub fn is_system_catalog(&self) -> bool {
        match self.kind {
            RelationKind::Virtual => true,
            RelationKind::Index(_) => self.oid < oid::FIRST_NORMAL,
            _ => false,
        }
    }

    pub fn is_table(&self) -> bool {
        matches!(self.kind, RelationKind::Table) && self.materialized.is_none()
    }

    pub fn is_index(&self) -> bool {
        matches!(self.kind, RelationKind::Index(_))
    }

    pub fn is_materialized_view(&self) -> bool {
        self.materialized.is_some()
    }

    /// A materialized view that has no rows to show yet.
    pub fn is_unpopulated(&self) -> bool {
        self.materialized.as_ref().is_some_and(|materialized| !materialized.populated)
    }

    /// What PostgreSQL calls a relation of this kind.
    pub fn kind_word(&self) -> &'static str {
        match &self.kind {
            RelationKind::Table if self.materialized.is_some() => "materialized view",
            RelationKind::Table | RelationKind::Virtual => "table",
            RelationKind::Composite => "composite type",
            RelationKind::View(_) => "view",
            RelationKind::Index(_) => "index",
            RelationKind::Sequence(_) => "sequence",
        }
    }
}

/// A boolean as PostgreSQL reads one: a unique prefix of a word, or a digit.
pub fn boolean(text: &str) -> Option<bool> {
    let text = text.trim().to_ascii_lowercase();
    let starts = |word: &str, at_least: usize| text.len() >= at_least && word.starts_with(&text);
    if starts("true", 1) || starts("yes", 1) || starts("on", 2) || text == "1" {
        return Some(true);
    }
    if starts("false", 1) || starts("no", 1) || starts("off", 2) || text == "0" {
        return Some(false);
    }
    None
}

impl Catalog {
    /// `pg_relation_is_updatable`: what can be done to the rows of a relation.
    /// `triggers`: INSTEAD OF triggers count.
    pub fn updatable_events(&self, relation: &Relation, triggers: bool) -> i32 {
        self.events_on(relation, None, triggers, 0)
    }

    /// What can be done if only some columns are wanted, numbered from 1.
    fn events_on(
        &self,
        relation: &Relation,
        wanted: Option<&[i16]>,
        triggers: bool,
        depth: usize,
    ) -> i32 {
        if relation.is_table() && matches!(relation.kind, RelationKind::Table) {
            return ALL;
        }
        let RelationKind::View(view) = &relation.kind else { return 0 };
        let mut events = self.events_of_rules(relation.oid);
        if triggers {
            events |= self.events_of_triggers(relation.oid);
        }
        let Some(Updatable::Yes { relation: inner, columns, .. }) = &view.updatable else {
            return events;
        };
        let Some(inner) = self.relation(*inner).filter(|_| depth < VIEW_DEPTH_MAX) else {
            return events;
        };
        let below: Vec<i16> = columns
            .iter()
            .zip(1i16..)
            .filter(|(_, number)| wanted.is_none_or(|wanted| wanted.contains(number)))
            .filter_map(|(column, _)| column.as_ref().ok().copied())
            .collect();
        let own = if below.is_empty() { DELETE } else { ALL };
        events | own & self.events_on(inner, Some(&below), triggers, depth + 1)
    }

    /// What unconditional INSTEAD rules stand in for.
    fn events_of_rules(&self, relation: Oid) -> i32 {
        let rules = self.rules_of(relation).into_iter();
        let replacing = rules.filter(|rule| rule.instead && rule.condition.is_none());
        replacing.fold(0, |events, rule| {
            events
                | match rule.event {
                    RuleEvent::Insert => INSERT,
                    RuleEvent::Update => UPDATE,
                    RuleEvent::Delete => DELETE,
                }
        })
    }

    fn events_of_triggers(&self, relation: Oid) -> i32 {
        let triggers = self.triggers_of(relation).into_iter();
        let instead = triggers.filter(|trigger| trigger.timing == TriggerTiming::InsteadOf);
        let bit = |set: bool, bit: i32| if set { bit } else { 0 };
        instead.fold(0, |events, trigger| {
            events
                | bit(trigger.events.insert, INSERT)
                | bit(trigger.events.update, UPDATE)
                | bit(trigger.events.delete, DELETE)
        })
    }

    /// Whether a column can be written, by number.
    pub fn column_is_updatable(&self, relation: &Relation, number: i16, triggers: bool) -> bool {
        let wanted = UPDATE | DELETE;
        number > 0 && self.events_on(relation, Some(&[number]), triggers, 0) & wanted == wanted
    }
}

#[cfg(test)]
mod tests {
    use super::boolean;

    #[test]
    fn booleans_are_prefixes_of_words() {
        for (text, expected) in [
            ("t", Some(true)),
            ("ON", Some(true)),
            ("o", None),
            ("of", Some(false)),
            ("0", Some(false)),
            ("100", None),
            ("", None),
        ] {
            assert_eq!(boolean(text), expected, "{text}");
        }
    }
}
