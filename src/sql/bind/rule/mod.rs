//! Rules: a statement whose relation has some becomes several.
//!
//! The statement's rows, as they were and as they are to be, become a relation with two
//! items, `old` and `new`. An action of a rule is bound from its text with that relation
//! before its own FROM, so that it is carried out for each of these rows; actions whose
//! targets have rules are rewritten in turn. What PostgreSQL does with range tables
//! (`rewriteHandler.c`), this does while names are resolved.
//!
//! | file | what it is |
//! |---|---|
//! | [`rows`] | `old` and `new` |
//! | [`piece`] | conditions and actions, bound |
//!
//! ```text
//! CREATE RULE log AS ON UPDATE TO t WHERE new.a > 9 DO ALSO INSERT INTO l VALUES (old.a)
//! UPDATE t SET a = a + 1
//!   INSERT INTO l SELECT old.a FROM (t with a + 1 as new.a) WHERE new.a > 9
//!   UPDATE t SET a = a + 1
//! ```

mod piece;
mod rows;

use std::collections::HashMap;
use std::sync::Arc;

use super::Binder;
use super::dml::live_columns;
use super::node::{all_of, bool_expr};
use super::opened::Verb;
use super::scope::{Item, Level};
use super::select::filter;
use super::updatable::not_updatable;
use crate::catalog::{Relation, RelationKind, Rule, RuleEvent, Updatable, View};
use crate::error::{Error, Result};
use crate::sql::ir::visit::{self, rewrite_deep};
use crate::sql::ir::{ColumnId, Expr, ExprKind, Rel, Returning, RuleSource, Several, Statement};
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::RangeVar;
use crate::sqlstate;
use rows::{known_rows, read_through};

/// The rows that an action is carried out for.
#[derive(Clone)]
pub(super) struct Source {
    rel: Rel,
    /// `old` and `new`.
    items: Vec<Item>,
}

/// The rules of one event that fire.
struct Firing {
    relation: Arc<Relation>,
    event: RuleEvent,
    rules: Vec<Arc<Rule>>,
}

impl Firing {
    /// Whether the statement itself is not carried out.
    fn replaces(&self) -> bool {
        self.rules.iter().any(|rule| rule.instead && rule.condition.is_none())
    }

    fn verb(&self) -> Verb {
        verb_for(self.event)
    }
}

fn verb_for(event: RuleEvent) -> Verb {
    match event {
        RuleEvent::Insert => Verb::Insert,
        RuleEvent::Update => Verb::Update,
        RuleEvent::Delete => Verb::Delete,
    }
}

impl Binder<'_> {
    /// INSERT, UPDATE or DELETE, with what the rules of its relation make of it.
    pub(super) fn rewritten(&mut self, node: &NodeEnum) -> Result<Statement> {
        let firing = match self.firing(node)? {
            Some(firing) if self.names.are_recorded() => {
                // A rule's text names a view that may not be updatable.
                self.bare_target = firing.relation.view().map(|_| firing.relation.oid);
                return self.modification_as_written(node);
            }
            Some(firing) if !firing.rules.is_empty() => firing,
            _ => return self.modification_as_written(node),
        };
        let key = (firing.relation.oid, firing.event);
        if self.rewriting.contains(&key) {
            return Err(unfit(format!(
                "infinite recursion detected in rules for relation \"{}\"",
                firing.relation.name
            )));
        }
        let source = self.rule_source.clone();
        self.bare_target = firing.relation.view().map(|_| firing.relation.oid);
        let mut base = self.modification_as_written(node)?;
        self.bare_target = None;
        self.rewriting.push(key);
        let parts = self.rule_parts(&firing, &mut base);
        self.rewriting.pop();
        let (mut parts, negated) = parts?;
        if !firing.replaces() {
            let original = self.original(&firing, node, base, source, negated)?;
            match firing.event {
                RuleEvent::Insert => parts.insert(0, (original, RuleSource::Original)),
                _ => parts.push((original, RuleSource::Original)),
            }
        }
        self.several(&firing, node, parts).map(Statement::Several)
    }

    /// The relation that a statement writes to, and the rules for that.
    fn firing(&mut self, node: &NodeEnum) -> Result<Option<Firing>> {
        let (table, event): (&Option<RangeVar>, RuleEvent) = match node {
            NodeEnum::InsertStmt(insert) => (&insert.relation, RuleEvent::Insert),
            NodeEnum::UpdateStmt(update) => (&update.relation, RuleEvent::Update),
            NodeEnum::DeleteStmt(delete) => (&delete.relation, RuleEvent::Delete),
            _ => return Ok(None),
        };
        // Whatever is wrong with it is told by who binds the statement.
        let Some(Ok(relation)) = table.as_ref().map(|table| self.relation(table)) else {
            return Ok(None);
        };
        let relation = self.ruled_below(relation, event);
        let mut rules = self.catalog.rules_of(relation.oid);
        let upserts = matches!(node, NodeEnum::InsertStmt(i) if i.on_conflict_clause.is_some());
        if upserts && rules.iter().any(|rule| rule.event != RuleEvent::Delete) {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "INSERT with ON CONFLICT clause cannot be used with table that has INSERT or \
                 UPDATE rules",
            ));
        }
        rules.retain(|rule| rule.event == event);
        if !rules.is_empty() {
            let setting = self.eval.session.setting("session_replication_role");
            let replica = matches!(setting, Ok(Some(value)) if value == "replica");
            rules.retain(|rule| match rule.enabled {
                'D' => false,
                'A' => true,
                'R' => replica,
                _ => !replica,
            });
        }
        Ok(Some(Firing { relation, event, rules }))
    }

    /// The relation whose rules apply: a view that is written through stands for the
    /// relation below it.
    fn ruled_below(&self, mut relation: Arc<Relation>, event: RuleEvent) -> Arc<Relation> {
        let named = relation.clone();
        for _ in 0..super::INLINE_DEPTH_MAX {
            let rules = self.catalog.rules_of(relation.oid);
            if rules.iter().any(|rule| rule.event == event) {
                return relation;
            }
            let is_view = matches!(relation.kind, RelationKind::View(_));
            if !is_view || self.has_instead_trigger(&relation, verb_for(event)) {
                break;
            }
            let RelationKind::View(View {
                updatable: Some(Updatable::Yes { relation: inner, .. }),
                ..
            }) = &relation.kind
            else {
                break;
            };
            match self.catalog.relation(*inner) {
                Some(inner) => relation = inner.clone(),
                None => break,
            }
        }
        named
    }

    /// What the rules add, and the conditions under which the statement itself is not
    /// carried out. `base` may end up reading its rows through what the rules read.
    #[allow(clippy::type_complexity)]
    fn rule_parts(
        &mut self,
        firing: &Firing,
        base: &mut Statement,
    ) -> Result<(Vec<(Statement, RuleSource)>, Vec<Expr>)> {
        let rows = self.event_rows(&firing.relation, base);
        let wanted = base.returning().cloned();
        let (mut parts, mut negated) = (Vec::new(), Vec::new());
        let mut returns = false;
        for rule in &firing.rules {
            let condition = match &rule.condition {
                Some(condition) => Some(self.rule_condition(firing, rule, condition, &rows)?),
                None => None,
            };
            for action in &rule.actions {
                let mut source = rows.clone();
                source.items = known_rows(&firing.relation, rule, &rows.items);
                if let Some(condition) = &condition {
                    source.rel = filter(source.rel, condition.clone());
                }
                let mut statement = self.rule_action(firing, rule, action, source)?;
                let own = statement.returning_mut().and_then(Option::take);
                if let (Some(own), Some(wanted), true) = (own, &wanted, rule.instead)
                    && condition.is_none()
                    && let Some(slot) = statement.returning_mut()
                {
                    *slot = Some(returned_through(&firing.relation, wanted, own));
                    returns = true;
                }
                let kind = match (&statement, rule.instead) {
                    (Statement::Query(_), _) if action.sql.starts_with("NOTIFY") => {
                        RuleSource::Utility
                    }
                    (_, true) => RuleSource::Instead,
                    (_, false) => RuleSource::Also,
                };
                add_part(&mut parts, statement, kind);
            }
            if rule.instead {
                negated.extend(condition);
            }
        }
        if wanted.is_some() && !returns && (firing.replaces() || !negated.is_empty()) {
            return Err(cannot_return(firing));
        }
        if !negated.is_empty() {
            read_through(base, rows);
        }
        Ok((parts, negated))
    }

    /// The statement itself, where no INSTEAD rule stands in for it.
    fn original(
        &mut self,
        firing: &Firing,
        node: &NodeEnum,
        mut base: Statement,
        source: Option<Source>,
        negated: Vec<Expr>,
    ) -> Result<Statement> {
        let is_for_triggers = self.has_instead_trigger(&firing.relation, firing.verb());
        if firing.relation.view().is_none() || is_for_triggers {
            if let Some(condition) = all_of(negated.into_iter().map(is_not_true).collect()) {
                let rel = visit::statement_rel_mut(&mut base);
                let input = std::mem::replace(rel, Rel::OneRow);
                *rel = filter(input, condition);
            }
            return Ok(base);
        }
        if !negated.is_empty() {
            let reason = "Views with conditional DO INSTEAD rules are not automatically updatable.";
            return Err(not_updatable(firing.verb(), &firing.relation, reason));
        }
        // Written through the view, as if it had no rules.
        *self.level() = Level::default();
        self.rule_source = source;
        self.modification_as_written(node)
    }

    fn several(
        &self,
        firing: &Firing,
        node: &NodeEnum,
        parts: Vec<(Statement, RuleSource)>,
    ) -> Result<Several> {
        let queries = parts.iter().filter(|(_, kind)| *kind != RuleSource::Utility);
        if has_ctes(node) && queries.count() > 1 {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "WITH cannot be used in a query that is rewritten by rules into multiple queries",
            ));
        }
        let counts = |(part, kind): &(Statement, RuleSource)| {
            *kind == RuleSource::Instead && verb_of(part) == firing.event.word()
        };
        let original = parts.iter().position(|(_, kind)| *kind == RuleSource::Original);
        Ok(Several {
            relation: firing.relation.clone(),
            verb: firing.event.word(),
            tagged: original.or_else(|| parts.iter().rposition(counts)),
            parts,
            nothing: Rel::OneRow,
        })
    }
}

fn is_not_true(condition: Expr) -> Expr {
    let arg = Box::new(condition);
    bool_expr(ExprKind::BoolTest { arg, value: Some(true), negated: true }, -1)
}

/// The statement's RETURNING, over what the action returns for the relation's columns.
fn returned_through(relation: &Relation, wanted: &Returning, own: Returning) -> Returning {
    let by_number: HashMap<i16, &Expr> = live_columns(relation)
        .map(|(number, _)| number)
        .zip(own.exprs.iter().map(|(_, expr)| expr))
        .collect();
    let known: HashMap<ColumnId, &Expr> = wanted
        .row
        .iter()
        .filter_map(|(number, column)| Some((column.id, *by_number.get(number)?)))
        .collect();
    let mut exprs = wanted.exprs.clone();
    for (_, expr) in &mut exprs {
        rewrite_deep(expr, &mut |expr| {
            if let ExprKind::Column(id) = expr.kind
                && let Some(value) = known.get(&id)
            {
                *expr = (*value).clone();
            }
        });
    }
    Returning { row: own.row, exprs }
}

fn add_part(parts: &mut Vec<(Statement, RuleSource)>, statement: Statement, kind: RuleSource) {
    let Statement::Several(several) = statement else {
        parts.push((statement, kind));
        return;
    };
    parts.extend(several.parts.into_iter().map(|(part, own)| match own {
        RuleSource::Original => (part, kind),
        own => (part, own),
    }));
}

fn verb_of(statement: &Statement) -> &'static str {
    match statement {
        Statement::Query(_) => "SELECT",
        Statement::Insert(_) => "INSERT",
        Statement::Update(_) => "UPDATE",
        Statement::Delete(_) => "DELETE",
        Statement::Merge(_) => "MERGE",
        Statement::Several(several) => several.verb,
    }
}

/// Whether a statement has a WITH clause.
fn has_ctes(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::InsertStmt(insert) => insert.with_clause.is_some(),
        NodeEnum::UpdateStmt(update) => update.with_clause.is_some(),
        NodeEnum::DeleteStmt(delete) => delete.with_clause.is_some(),
        _ => false,
    }
}
/// What rules have made, where only one statement can stand; `place` is COPY or WITH.
pub fn only_part(mut several: Several, place: &str) -> Result<Statement> {
    let refused = |what: &str| {
        let message = format!("{what} rules are not supported for {place}");
        Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message))
    };
    let has = |wanted| several.parts.iter().any(|(_, kind)| *kind == wanted);
    match several.parts.len() {
        0 => refused("DO INSTEAD NOTHING"),
        1 if has(RuleSource::Utility) && place == "COPY" => Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            "COPY query must not be a utility command",
        )),
        1 if has(RuleSource::Utility) => refused("DO INSTEAD NOTIFY"),
        1 => Ok(several.parts.remove(0).0),
        _ if has(RuleSource::Original) && has(RuleSource::Instead) => {
            refused("conditional DO INSTEAD")
        }
        _ if has(RuleSource::Also) || has(RuleSource::Utility) => refused("DO ALSO"),
        _ => refused("multi-statement DO INSTEAD"),
    }
}

fn cannot_return(firing: &Firing) -> Error {
    let word = firing.event.word();
    Error::new(
        sqlstate::FEATURE_NOT_SUPPORTED,
        format!("cannot perform {word} RETURNING on relation \"{}\"", firing.relation.name),
    )
    .with_hint(format!(
        "You need an unconditional ON {word} DO INSTEAD rule with a RETURNING clause."
    ))
}

fn unfit(message: String) -> Error {
    Error::new(sqlstate::INVALID_OBJECT_DEFINITION, message)
}
