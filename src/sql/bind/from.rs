//! FROM: tables, views, CTE references and subqueries.

use std::sync::Arc;

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::Node;
use crate::sql::parse::ast::{Alias, RangeSubselect, RangeVar};

use super::Binder;
use super::node::{column_expr, inner, required, strings};
use super::scope::{Clause, CteState, Item, ItemColumn, Level};
use crate::catalog::acl;
use crate::catalog::{self, Persistence, Relation, RelationKind, View};
use crate::error::{Error, Result};
use crate::sql::ir::{JoinKind, OutputColumn, Query, Rel, Scan, system_column};
use crate::sql::privilege;
use crate::sql::types::{Oid, SqlType, oid};
use crate::sqlstate;
use crate::txn::LockMode;

/// Names and types of the system columns every table has.
const SYSTEM_COLUMNS: &[(&str, i16, Oid)] = &[
    ("ctid", system_column::CTID, oid::TID),
    ("xmin", system_column::XMIN, oid::XID),
    ("cmin", system_column::CMIN, oid::CID),
    ("xmax", system_column::XMAX, oid::XID),
    ("cmax", system_column::CMAX, oid::CID),
    ("tableoid", system_column::TABLEOID, oid::OID),
];

impl Binder<'_> {
    /// Binds a FROM list into the current level and answers its relation.
    pub(super) fn from_clause(&mut self, nodes: &[Node]) -> Result<Option<Rel>> {
        let mut joined: Option<Rel> = self.take_rule_source();
        for node in nodes {
            self.level().lateral_used = false;
            let (rel, mut items) = self.from_item(inner(node)?)?;
            let lateral =
                std::mem::take(&mut self.level().lateral_used) || self.reads_rule_rows(&rel);
            self.check_conflicts(&items)?;
            for item in &mut items {
                (item.lateral_only, item.lateral_ok) = (true, true);
            }
            self.level().add(items);
            joined = Some(match joined {
                Some(left) => cross_join(left, rel, lateral),
                None => rel,
            });
        }
        for item in &mut self.level().items {
            (item.lateral_only, item.lateral_ok) = (false, true);
        }
        Ok(joined)
    }

    fn reads_rule_rows(&mut self, rel: &Rel) -> bool {
        let rows = &self.level().rule_rows;
        let mut found = false;
        if !rows.is_empty() {
            let mut note = |expr: &crate::sql::ir::Expr| {
                found |=
                    matches!(expr.kind, crate::sql::ir::ExprKind::Column(id) if rows.contains(&id));
            };
            crate::sql::ir::visit::each_in_rel(rel, &mut note, &mut |_| {});
        }
        found
    }

    /// One FROM item: its relation, and what it adds to the namespace.
    pub(super) fn from_item(&mut self, node: &NodeEnum) -> Result<(Rel, Vec<Item>)> {
        self.deeper(|binder| binder.from_item_here(node))
    }

    fn from_item_here(&mut self, node: &NodeEnum) -> Result<(Rel, Vec<Item>)> {
        match node {
            NodeEnum::RangeVar(table) => {
                let (rel, item) = self.table(table)?;
                Ok((rel, vec![item]))
            }
            NodeEnum::RangeSubselect(subselect) => self.from_subselect(subselect),
            NodeEnum::RangeFunction(function) => self.from_function(function),
            NodeEnum::JoinExpr(join) => self.join(join),
            NodeEnum::RangeTableSample(sample) => self.table_sample(sample),
            NodeEnum::RangeTableFunc(function) => {
                Err(Error::unsupported("XMLTABLE").at(function.location))
            }
            NodeEnum::JsonTable(table) => Err(Error::unsupported("JSON_TABLE").at(table.location)),
            _ => Err(Error::unsupported("this item in FROM")),
        }
    }

    /// Two items of one name in one FROM would make references ambiguous.
    pub(super) fn check_conflicts(&mut self, items: &[Item]) -> Result<()> {
        let level = self.levels.last().expect("FROM is bound within a level");
        for item in items.iter().filter(|item| item.table_visible) {
            let same = |other: &&Item| {
                let relation = |i: &Item| {
                    i.relation.as_ref().filter(|_| !i.aliased).map(|relation| relation.oid)
                };
                other.table_visible
                    && other.alias == item.alias
                    && (relation(other).is_none()
                        || relation(item).is_none()
                        || relation(other) == relation(item))
            };
            if level.items.iter().any(|other| same(&other)) {
                return Err(duplicate_table(&item.alias));
            }
        }
        Ok(())
    }

    fn table(&mut self, table: &RangeVar) -> Result<(Rel, Item)> {
        if table.schemaname.is_empty()
            && let Some(found) = self.cte_reference(table)?
        {
            return Ok(found);
        }
        if let Some(relation) = self.transition_table(table) {
            let mut scan = self.scan(&relation);
            let item = self.table_item_named(&mut scan, table)?;
            return Ok((Rel::Scan(scan), item));
        }
        let relation = self.relation(table)?;
        self.record_relation(table, &relation);
        self.opened.relation(&relation, LockMode::AccessShare);
        let descendants = self.descendants(&relation, table);
        for oid in &descendants {
            self.opened.descendant(*oid, LockMode::AccessShare);
        }
        self.permissions.require(relation.oid, self.check_as, acl::SELECT);
        match &relation.kind {
            RelationKind::View(_)
                if !self.names.are_recorded()
                    && !self.is_describing()
                    && self.unexpanded.take_if(|view| *view == relation.oid).is_none() =>
            {
                self.view(&relation, table)
            }
            RelationKind::Index(_) => Err(is_an_index(&relation, table.location)),
            RelationKind::Composite => Err(cannot_open(&relation).at(table.location)),
            _ => {
                let mut scan = self.scan(&relation);
                scan.descendants = !descendants.is_empty();
                // Policies may read columns that the name does not offer.
                let mut whole = scan.clone();
                self.keep_known_columns(&mut scan, table.location);
                let item = self.table_item_named(&mut scan, table)?;
                whole.alias.clone_from(&scan.alias);
                Ok((self.secured_scan(&relation, whole)?, item))
            }
        }
    }

    /// The tables that inherit from one, unless it is named with ONLY.
    pub(super) fn descendants(&self, relation: &Relation, table: &RangeVar) -> Vec<Oid> {
        match table.inh && !self.catalog.children(relation.oid).is_empty() {
            true => self.catalog.with_descendants(relation.oid).split_off(1),
            false => Vec::new(),
        }
    }

    /// A transition table of the trigger function whose statement this is.
    fn transition_table(&self, table: &RangeVar) -> Option<Arc<Relation>> {
        let transitions = self.eval.transitions.as_ref()?;
        if !table.schemaname.is_empty() || !transitions.has(&table.relname) {
            return None;
        }
        Some(Arc::new(Relation {
            oid: oid::INVALID,
            name: table.relname.clone(),
            kind: RelationKind::Virtual,
            indexes: Vec::new(),
            constraints: Vec::new(),
            ..(*transitions.relation).clone()
        }))
    }

    pub(super) fn relation(&self, table: &RangeVar) -> Result<Arc<Relation>> {
        if !table.catalogname.is_empty() && table.catalogname != self.eval.settings.database {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!(
                    "cross-database references are not implemented: \"{}.{}.{}\"",
                    table.catalogname, table.schemaname, table.relname
                ),
            )
            .at(table.location));
        }
        if let Some(known) = self.known_relation(table)? {
            return Ok(known);
        }
        let schema = (!table.schemaname.is_empty()).then_some(table.schemaname.as_str());
        let found =
            catalog::resolve_relation(&self.catalog, &self.search_path, schema, &table.relname)
                .map_err(|error| error.at(table.location))?;
        if schema.is_some() {
            privilege::check_schema(found.schema, self.eval)
                .map_err(|error| error.at(table.location))?;
        }
        match found.persistence {
            Persistence::Temporary(pid, _) if pid != self.eval.settings.backend_pid => {
                Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    "cannot access temporary tables of other sessions",
                ))
            }
            _ => Ok(found.clone()),
        }
    }

    /// A scan of all columns, system columns included; unused ones are dropped
    /// when the statement is complete.
    pub(super) fn scan(&mut self, relation: &Arc<Relation>) -> Scan {
        let mut columns = Vec::with_capacity(relation.columns.len() + SYSTEM_COLUMNS.len());
        for (index, column) in relation.columns.iter().enumerate() {
            if column.dropped {
                continue;
            }
            let number = i16::try_from(index + 1).unwrap_or(i16::MAX);
            let mut output = self.new_column(column.name.clone(), column.ty);
            output.origin = Some((relation.oid, number));
            columns.push((number, output));
        }
        let has = |number: i16| match relation.kind {
            RelationKind::Table => true,
            // Computed rows have no versions.
            RelationKind::Virtual => number == system_column::TABLEOID,
            _ => false,
        };
        for (name, number, ty) in SYSTEM_COLUMNS.iter().filter(|(_, number, _)| has(*number)) {
            let mut output = self.new_column(*name, SqlType::new(*ty));
            output.origin = Some((relation.oid, *number));
            columns.push((*number, output));
        }
        Scan {
            relation: relation.clone(),
            columns,
            rid: None,
            descendants: false,
            alias: String::new(),
        }
    }

    /// The namespace entry of a scan in FROM, named as it was written.
    fn table_item_named(&mut self, scan: &mut Scan, table: &RangeVar) -> Result<Item> {
        scan.alias = table.alias.as_ref().map_or_else(String::new, |a| a.aliasname.clone());
        let mut item = self.scan_item(scan);
        item.alias = table.relname.clone();
        item.schema = table.schemaname.clone();
        self.finish_item(item, table.alias.as_ref())
    }

    /// The namespace entry of a scan, no alias applied.
    pub(super) fn scan_item(&self, scan: &Scan) -> Item {
        let entry = |column: &OutputColumn| ItemColumn {
            name: column.name.clone(),
            expr: column_expr(column, -1),
            origin: column.origin,
        };
        let of = |system: bool| {
            scan.columns
                .iter()
                .filter(move |(number, _)| (*number < 0) == system)
                .map(|(_, column)| entry(column))
                .collect::<Vec<_>>()
        };
        let mut item = Item::new(scan.relation.name.clone(), of(false));
        item.system = of(true);
        item.relation = Some(scan.relation.clone());
        item.row_type = match self.catalog.row_type(&scan.relation) {
            oid::INVALID => oid::RECORD,
            row_type => row_type,
        };
        item.aliased = false;
        item
    }

    /// Applies an alias, and makes the item known to the level.
    pub(super) fn finish_item(&mut self, mut item: Item, alias: Option<&Alias>) -> Result<Item> {
        if let Some(alias) = alias {
            if !alias.aliasname.is_empty() {
                item.alias = alias.aliasname.clone();
                item.aliased = true;
            }
            rename_columns(&mut item, &strings(&alias.colnames))?;
        }
        let level = self.level();
        for column in item.columns.iter_mut().chain(item.system.iter_mut()) {
            level.owned.extend(crate::sql::ir::visit::columns_of(&column.expr));
        }
        level.seen.push(item.clone());
        Ok(item)
    }

    fn view(&mut self, relation: &Arc<Relation>, table: &RangeVar) -> Result<(Rel, Item)> {
        if self.eval.settings.restrict_views && relation.oid >= oid::FIRST_NORMAL {
            return Err(Error::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("access to non-system view \"{}\" is restricted", relation.name),
            ));
        }
        let query = self.view_query(relation)?;
        let mut item = query_item(&table.relname, &query.output);
        for ((column, declared), number) in
            item.columns.iter_mut().zip(&relation.columns).zip(1i16..)
        {
            column.name = declared.name.clone();
            column.origin = Some((relation.oid, number));
        }
        self.keep_known_view_columns(&mut item.columns, table.location);
        item.schema = table.schemaname.clone();
        item.relation = Some(relation.clone());
        item.row_type = match self.catalog.row_type(relation) {
            oid::INVALID => oid::RECORD,
            row_type => row_type,
        };
        item.aliased = false;
        let item = self.finish_item(item, table.alias.as_ref())?;
        let is_barrier = relation.view().is_some_and(View::security_barrier);
        let rel = match is_barrier {
            true => Rel::Barrier { input: Box::new(query.rel) },
            false => query.rel,
        };
        Ok((rel, item))
    }

    fn from_subselect(&mut self, node: &RangeSubselect) -> Result<(Rel, Vec<Item>)> {
        let NodeEnum::SelectStmt(select) = required(&node.subquery)? else {
            return Err(Error::internal("subquery in FROM is no SELECT"));
        };
        let outer = std::mem::replace(&mut self.level().lateral_active, node.lateral);
        let query = self.within(Clause::FromSubquery, |binder| binder.select(select));
        self.level().lateral_active = outer;
        let query = query?;
        if node.alias.is_none() {
            return Err(Error::syntax("subquery in FROM must have an alias")
                .with_hint("For example, FROM (SELECT ...) [AS] foo.")
                .at(select_location(select)));
        }
        let item = query_item("", &query.output);
        let item = self.finish_item(item, node.alias.as_ref())?;
        Ok((query.rel, vec![item]))
    }

    fn cte_reference(&mut self, table: &RangeVar) -> Result<Option<(Rel, Item)>> {
        let mut found = None;
        for (index, level) in self.levels.iter().enumerate().rev() {
            if let Some(position) = level.ctes.iter().rposition(|cte| cte.name == table.relname) {
                found = Some((index, position));
                break;
            }
            if level.barrier {
                break;
            }
        }
        let Some((level, position)) = found else { return Ok(None) };
        let cte = &mut self.levels[level].ctes[position];
        cte.references += 1;
        let reads_itself = cte.state == CteState::Recursive;
        if !cte.readable {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("WITH query \"{}\" does not have a RETURNING clause", cte.name),
            )
            .at(table.location));
        }
        let (id, declared, marks) = (cte.id, cte.columns.clone(), cte.marks);
        self.level().reads_itself |= reads_itself;
        let columns: Vec<OutputColumn> =
            declared.into_iter().map(|(name, ty)| self.new_column(name, ty)).collect();
        let mut item = query_item(&table.relname, &columns);
        item.system = item.columns.split_off(item.columns.len() - marks);
        let item = self.finish_item(item, table.alias.as_ref())?;
        Ok(Some((Rel::Cte { id, columns }, item)))
    }

    /// Runs `work` at a query level of its own.
    pub(super) fn at_new_level<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.levels.push(Level::default());
        let answer = work(self);
        self.levels.pop();
        answer
    }
}

/// The namespace entry of a query's output.
pub(super) fn query_item(alias: &str, output: &[OutputColumn]) -> Item {
    let columns = output
        .iter()
        .map(|column| ItemColumn {
            name: column.name.clone(),
            expr: column_expr(column, -1),
            origin: column.origin,
        })
        .collect();
    Item::new(alias, columns)
}

/// A query's relation that produces exactly its output.
pub(super) fn exact(binder: &mut Binder<'_>, query: Query) -> Query {
    let exprs: Vec<_> = query
        .output
        .iter()
        .map(|column| {
            let mut output = binder.new_column(column.name.clone(), column.ty);
            output.origin = column.origin;
            (output, column_expr(column, -1))
        })
        .collect();
    let output = exprs.iter().map(|(column, _)| column.clone()).collect();
    Query { rel: Rel::Project { input: Box::new(query.rel), exprs }, output }
}

pub(super) fn rename_columns(item: &mut Item, names: &[String]) -> Result<()> {
    if names.len() > item.columns.len() {
        return Err(Error::new(
            sqlstate::INVALID_COLUMN_REFERENCE,
            format!(
                "{} \"{}\" has {} columns available but {} columns specified",
                if item.is_join { "join expression" } else { "table" },
                item.alias,
                item.columns.len(),
                names.len()
            ),
        ));
    }
    for (column, name) in item.columns.iter_mut().zip(names) {
        column.name = name.clone();
    }
    Ok(())
}

pub(super) fn cross_join(left: Rel, right: Rel, lateral: bool) -> Rel {
    Rel::Join {
        kind: JoinKind::Inner,
        left: Box::new(left),
        right: Box::new(right),
        on: None,
        lateral,
    }
}

pub(super) fn duplicate_table(alias: &str) -> Error {
    Error::new(
        sqlstate::DUPLICATE_ALIAS,
        format!("table name \"{alias}\" specified more than once"),
    )
}

fn is_an_index(relation: &Relation, location: i32) -> Error {
    Error::new(sqlstate::WRONG_OBJECT_TYPE, format!("\"{}\" is an index", relation.name))
        .at(location)
}

fn select_location(select: &crate::sql::parse::ast::SelectStmt) -> i32 {
    select
        .target_list
        .first()
        .and_then(|target| target.node.as_ref())
        .map_or(-1, super::node::location)
}

/// `42809`: the relation of a composite type has no rows.
pub fn cannot_open(relation: &Relation) -> Error {
    Error::new(sqlstate::WRONG_OBJECT_TYPE, format!("\"{}\" is a composite type", relation.name))
}
