//! Rules: a statement whose relation has some becomes several.
//!
//! The statement's rows, as they were and as they are to be, become a relation with two
//! items, `old` and `new`. An action of a rule is bound from its text with that relation
//! before its own FROM, so that it is carried out for each of these rows; actions whose
//! targets have rules are rewritten in turn. What PostgreSQL does with range tables
//! (`rewriteHandler.c`), this does while names are resolved.
//!
//! ```text
//! CREATE RULE log AS ON UPDATE TO t WHERE new.a > 9 DO ALSO INSERT INTO l VALUES (old.a)
//! UPDATE t SET a = a + 1
//!   INSERT INTO l SELECT old.a FROM (t with a + 1 as new.a) WHERE new.a > 9
//!   UPDATE t SET a = a + 1
//! ```

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Binder;
use super::bound::Names;
use super::dml::live_columns;
use super::node::{all_of, bool_expr, boxed, column_expr, null};
use super::opened::Verb;
use super::scope::{Clause, Item, ItemColumn, Level};
use super::select::filter;
use super::updatable::not_updatable;
use crate::catalog::{
    self, Relation, RelationKind, Rule, RuleEvent, RuleText, Updatable, View, quote_literal,
};
use crate::error::{Error, Result};
use crate::sql::ir::visit::{self, rewrite_deep};
use crate::sql::ir::{
    ColumnId, Expr, ExprKind, Insert, OutputColumn, Rel, Returning, RuleSource, Several, Statement,
    Update,
};
use crate::sql::parse::ast::{RangeVar, SetOperation};
use crate::sql::parse::{self, NodeEnum};
use crate::sql::types::oid;
use crate::sqlstate;

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
            if self.has_instead_trigger(&relation, verb_for(event)) {
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

    /// The rows of a statement, with `old` and `new`.
    fn event_rows(&mut self, relation: &Arc<Relation>, base: &Statement) -> Source {
        let (rel, old, new) = match base {
            Statement::Insert(insert) => {
                let (rel, new) = self.inserted_rows(relation, insert);
                (rel, None, Some(new))
            }
            Statement::Update(update) => {
                let old = scanned(relation, &update.target.columns);
                let mut new = old.clone();
                let mut exprs = passed(update);
                if let Some(id) = update.target.rid.filter(|_| relation.view().is_none()) {
                    let (name, ty) = ("rid".to_owned(), super::node::INT8);
                    let rid = OutputColumn { id, name, ty, origin: None };
                    exprs.push((rid.clone(), column_expr(&rid, -1)));
                }
                for (number, expr) in &update.assignments {
                    let column = self.new_column("new", expr.ty);
                    new.insert(*number, column_expr(&column, -1));
                    exprs.push((column, expr.clone()));
                }
                let input = Box::new(update.input.clone());
                (Rel::Project { input, exprs }, Some(old), Some(new))
            }
            Statement::Delete(delete) => {
                let old = scanned(relation, &delete.target.columns);
                (delete.input.clone(), Some(old), None)
            }
            _ => (Rel::OneRow, None, None),
        };
        let mut items = Vec::with_capacity(2);
        for (name, columns) in [("old", old), ("new", new)] {
            let Some(mut columns) = columns else { continue };
            let entries = live_columns(relation).map(|(number, column)| ItemColumn {
                name: column.name.clone(),
                expr: columns.remove(&number).unwrap_or_else(|| null(column.ty)),
                origin: None,
            });
            items.push(self.row_item(name, relation, entries.collect()));
        }
        Source { rel, items }
    }

    fn row_item(&self, name: &str, relation: &Arc<Relation>, columns: Vec<ItemColumn>) -> Item {
        let mut item = Item::new(name, columns);
        item.aliased = true;
        item.columns_visible = false;
        item.row_type = match self.catalog.row_type(relation) {
            oid::INVALID => oid::RECORD,
            row_type => row_type,
        };
        item
    }

    fn inserted_rows(&mut self, relation: &Relation, insert: &Insert) -> (Rel, HashMap<i16, Expr>) {
        let output = &insert.source.output;
        let mut exprs: Vec<(OutputColumn, Expr)> =
            output.iter().map(|column| (column.clone(), column_expr(column, -1))).collect();
        let mut new = HashMap::new();
        for (number, column) in insert.columns.iter().zip(output) {
            new.insert(*number, column_expr(column, -1));
        }
        for (number, default) in &insert.defaults {
            let column = self.new_column("default", default.ty);
            new.insert(*number, column_expr(&column, -1));
            exprs.push((column, default.clone()));
        }
        for (number, column) in live_columns(relation) {
            new.entry(number).or_insert_with(|| null(column.ty));
        }
        let input = Box::new(insert.source.rel.clone());
        (Rel::Project { input, exprs }, new)
    }

    /// Binds a piece of a rule: under its search path, with the rights of the relation's
    /// owner, the names in it meaning what they meant.
    fn in_rule<T: Send>(
        &mut self,
        firing: &Firing,
        rule: &Rule,
        text: &RuleText,
        work: impl FnOnce(&mut Self) -> Result<T> + Send,
    ) -> Result<T> {
        let role = &self.eval.settings.current_user;
        let path = catalog::effective_search_path(&self.catalog, &rule.search_path, role, None);
        let path = std::mem::replace(&mut self.search_path, path);
        let check_as = self.check_as.replace(firing.relation.owner);
        let answer = self.isolated(|binder| {
            binder.names = Names::of(&text.names);
            work(binder)
        });
        self.search_path = path;
        self.check_as = check_as;
        answer
    }

    fn rule_condition(
        &mut self,
        firing: &Firing,
        rule: &Rule,
        text: &RuleText,
        rows: &Source,
    ) -> Result<Expr> {
        let items = known_rows(&firing.relation, rule, &rows.items);
        self.in_rule(firing, rule, text, |binder| {
            binder.add_rows(items, true);
            let statements = parse::parse_expression(&text.sql)?;
            let only = statements.first().and_then(|only| super::inline::expression_of(&only.node));
            let node = only.ok_or_else(|| Error::internal("a rule without its condition"))?;
            let condition = binder.condition(Some(node), Clause::Where, "WHERE")?;
            condition.ok_or_else(|| Error::internal("a rule without its condition"))
        })
    }

    fn rule_action(
        &mut self,
        firing: &Firing,
        rule: &Rule,
        text: &RuleText,
        source: Source,
    ) -> Result<Statement> {
        self.in_rule(firing, rule, text, |binder| binder.bound_action(&text.sql, source))
    }

    /// An action from its text.
    fn bound_action(&mut self, sql: &str, source: Source) -> Result<Statement> {
        let statements = parse::parse(sql)?;
        let [only] = statements.as_slice() else {
            return Err(Error::internal("a rule's action is not one statement"));
        };
        if let NodeEnum::NotifyStmt(notify) = &only.node {
            let (channel, payload) =
                (quote_literal(&notify.conditionname), quote_literal(&notify.payload));
            let call = format!("SELECT pg_catalog.pg_notify({channel}, {payload})");
            // It is said once, whatever rows there are.
            return self.isolated(|binder| binder.bound_text(&call));
        }
        self.bound_action_node(&only.node, source)
    }

    fn bound_text(&mut self, sql: &str) -> Result<Statement> {
        let statements = parse::parse(sql)?;
        match statements.first().map(|only| &only.node) {
            Some(NodeEnum::SelectStmt(select)) => self.select(select).map(Statement::Query),
            _ => Err(Error::internal("a call that is no query")),
        }
    }

    fn bound_action_node(&mut self, node: &NodeEnum, source: Source) -> Result<Statement> {
        if !is_set_operation(node) {
            self.rule_source = Some(source);
        } else if matches!(source.rel, Rel::Filter { .. }) {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "conditional UNION/INTERSECT/EXCEPT statements are not implemented",
            ));
        }
        let statement = match node {
            NodeEnum::SelectStmt(select) => Statement::Query(self.select(select)?),
            node => self.modification(node)?,
        };
        self.rule_source = None;
        Ok(statement)
    }

    /// The names of a rule's rows become visible at this level.
    fn add_rows(&mut self, mut items: Vec<Item>, columns_visible: bool) {
        let level = self.level();
        for item in &mut items {
            item.columns_visible = columns_visible;
            for column in &item.columns {
                level.owned.extend(visit::columns_of(&column.expr));
            }
            level.seen.push(item.clone());
        }
        level.add(items);
    }

    /// What a rule's action reads beside its own FROM, if this is the place for it.
    pub(super) fn take_rule_source(&mut self) -> Option<Rel> {
        let source = self.rule_source.take()?;
        self.level().rule_rows = row_ids(&source).into_iter().flatten().collect();
        self.add_rows(source.items, false);
        Some(source.rel)
    }

    /// The columns of `old` or `new`, where an action's FROM is still to come.
    pub(super) fn rule_row_columns(&self, name: &str) -> Option<Vec<String>> {
        let source = self.rule_source.as_ref()?;
        let item = source.items.iter().find(|item| item.alias == name)?;
        Some(item.columns.iter().map(|column| column.name.clone()).collect())
    }

    /// Binds a rule that is being made: the statement, and whether it uses `old` and `new`.
    pub fn bind_new_action(
        &mut self,
        relation: &Arc<Relation>,
        node: &NodeEnum,
    ) -> Result<(Statement, bool, bool)> {
        self.levels.push(Level::default());
        let source = self.definition_rows(relation);
        let ids = row_ids(&source);
        let statement = self.bound_action_node(node, source)?;
        let mut used = [false; 2];
        let mut note = |expr: &Expr| {
            for id in visit::columns_of(expr) {
                used[0] |= ids[0].contains(&id);
                used[1] |= ids[1].contains(&id);
            }
        };
        visit::each_in_rel(visit::statement_rel(&statement), &mut note, &mut |_| {});
        visit::statement_expressions(&statement, &mut |expr| note(expr));
        Ok((statement, used[0], used[1]))
    }

    /// As [`Binder::bind_new_action`], for a rule's condition.
    pub fn bind_new_condition(
        &mut self,
        relation: &Arc<Relation>,
        event: RuleEvent,
        node: &NodeEnum,
    ) -> Result<(Expr, bool, bool)> {
        self.levels.push(Level::default());
        let source = self.definition_rows(relation);
        let ids = row_ids(&source);
        let names: &[&str] = match event {
            RuleEvent::Insert => &["new"],
            RuleEvent::Update => &["old", "new"],
            RuleEvent::Delete => &["old"],
        };
        let mut items = source.items;
        items.retain(|item| names.contains(&item.alias.as_str()));
        self.add_rows(items, true);
        let condition = self.condition(Some(node), Clause::Where, "WHERE")?;
        let condition = condition.ok_or_else(|| Error::internal("no condition"))?;
        let read = visit::columns_of(&condition);
        let uses = |ids: &[ColumnId]| ids.iter().any(|id| read.contains(id));
        let (old, new) = (uses(&ids[0]), uses(&ids[1]));
        Ok((condition, old, new))
    }

    /// Two scans of the relation, as `old` and `new`.
    fn definition_rows(&mut self, relation: &Arc<Relation>) -> Source {
        let (mut items, mut scans) = (Vec::new(), Vec::new());
        for name in ["old", "new"] {
            let scan = self.scan(relation);
            let columns = self.scan_item(&scan).columns;
            let columns = columns.into_iter().map(|c| ItemColumn { origin: None, ..c }).collect();
            items.push(self.row_item(name, relation, columns));
            scans.push(Rel::Scan(scan));
        }
        let new = scans.pop().unwrap_or(Rel::OneRow);
        let old = scans.pop().unwrap_or(Rel::OneRow);
        Source { rel: super::from::cross_join(old, new, false), items }
    }
}

/// `old` and `new` with the columns that there were, under their names then.
fn known_rows(relation: &Relation, rule: &Rule, items: &[Item]) -> Vec<Item> {
    let live: Vec<i16> = live_columns(relation).map(|(number, _)| number).collect();
    let known = |item: &Item| {
        let columns = rule.columns.iter().filter_map(|(number, name)| {
            let at = live.iter().position(|live| live == number)?;
            Some(ItemColumn { name: name.clone(), ..item.columns.get(at)?.clone() })
        });
        Item { columns: columns.collect(), ..item.clone() }
    };
    items.iter().map(known).collect()
}

fn row_ids(source: &Source) -> Vec<Vec<ColumnId>> {
    let ids = |item: &Item| {
        let columns = item.columns.iter();
        columns.flat_map(|column| visit::columns_of(&column.expr)).collect()
    };
    source.items.iter().map(ids).collect()
}

/// The columns of an update's rows that are handed on: all but the system columns that
/// it does not read.
fn passed(update: &Update) -> Vec<(OutputColumn, Expr)> {
    let mut read: HashSet<ColumnId> =
        update.target.columns.iter().map(|(_, column)| column.id).collect();
    read.extend(update.target.rid);
    let returned = update.returning.iter().flat_map(|returning| &returning.exprs);
    let assigned = update.assignments.iter().map(|(_, expr)| expr);
    for expr in assigned.chain(returned.map(|(_, expr)| expr)) {
        read.extend(visit::columns_of(expr));
    }
    let mut columns = visit::columns(&update.input);
    columns.retain(|column| {
        read.contains(&column.id) || !SYSTEM_NAMES.contains(&column.name.as_str())
    });
    columns.into_iter().map(|column| (column.clone(), column_expr(&column, -1))).collect()
}

const SYSTEM_NAMES: [&str; 7] = ["tableoid", "ctid", "xmin", "xmax", "cmin", "cmax", "rid"];

fn scanned(relation: &Relation, columns: &[(i16, OutputColumn)]) -> HashMap<i16, Expr> {
    let live: Vec<i16> = live_columns(relation).map(|(number, _)| number).collect();
    let own = columns.iter().filter(|(number, _)| live.contains(number));
    own.map(|(number, column)| (*number, column_expr(column, -1))).collect()
}

/// The statement reads its rows with what the rules' conditions read.
fn read_through(base: &mut Statement, rows: Source) {
    match base {
        Statement::Insert(insert) => insert.source.rel = rows.rel,
        Statement::Delete(delete) => delete.input = rows.rel,
        Statement::Update(update) => {
            let new = rows.items.iter().find(|item| item.alias == "new");
            let columns: Vec<i16> =
                live_columns(&update.target.relation).map(|(number, _)| number).collect();
            for (number, expr) in &mut update.assignments {
                let place = columns.iter().position(|known| known == number);
                if let Some(column) = place.and_then(|at| new?.columns.get(at)) {
                    *expr = column.expr.clone();
                }
            }
            update.input = rows.rel;
        }
        _ => {}
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

/// Whether a rule's action is UNION or its like: each of its queries has a FROM.
fn is_set_operation(node: &NodeEnum) -> bool {
    let select = match node {
        NodeEnum::InsertStmt(insert) => boxed(&insert.select_stmt),
        node => Some(node),
    };
    matches!(select, Some(NodeEnum::SelectStmt(select))
        if select.op != SetOperation::SetopNone as i32)
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
