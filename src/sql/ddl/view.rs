//! CREATE VIEW.

use super::column::new_column;
use super::name::wrong_object;
use super::table::{COLUMNS_MAX, too_many_columns};
use super::view_options::{require_checkable, view_options};
use super::{Arguments, Ddl, into_clause, strings};
use crate::catalog::{BoundName, Column, Relation, RelationKind, Updatable, View};
use crate::error::{Error, Result};
use crate::sql::bind::{self, Binder};
use crate::sql::ir::{ExprKind, Query, Rel, Statement, visit};
use crate::sql::parse::{self, ast};
use crate::sql::privilege::{self, Permissions};
use crate::sql::routine;
use crate::sql::types::{Datum, Oid, SqlType, oid};
use crate::sqlstate;
use crate::table::lock;
use crate::txn::LockMode;

/// A view's text, with what its names mean.
pub(super) struct Definition {
    pub sql: String,
    pub names: Vec<BoundName>,
    /// The query over the relations that it names, views not expanded.
    pub query: Query,
    /// Constraints that its grouping relies on.
    pub keys: Vec<Oid>,
}

impl Definition {
    fn updatable(&self) -> Result<Updatable> {
        let statements = parse::parse(&self.sql)?;
        match statements.as_slice() {
            [only] => Ok(bind::updatable(&only.node, &self.query)),
            _ => Err(Error::internal("a view's query is not one statement")),
        }
    }
}

impl Ddl<'_> {
    pub async fn create_view(&mut self, statement: &ast::ViewStmt) -> Result<&'static str> {
        let options = view_options(statement)?;
        let name = statement.view.as_ref().ok_or_else(|| Error::syntax("view without a name"))?;
        let node =
            statement.query.as_deref().ok_or_else(|| Error::syntax("view without a query"))?;
        if let Some(parse::NodeEnum::SelectStmt(select)) = &node.node
            && into_clause(select).is_some()
        {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "views must not contain SELECT INTO",
            ));
        }
        let (query, _) = self.bound_query(node, false).await?;
        let columns = view_columns(&query, &strings(&statement.aliases))?;
        let definition = self.view_definition(parse::deparse(node)?)?;
        let schema = self.view_schema(name, &definition)?;
        let view = View {
            updatable: Some(definition.updatable()?),
            sql: definition.sql,
            search_path: self.search_path_names(),
            options,
            names: definition.names,
        };
        require_checkable(&view)?;
        let existing = self.work.catalog.relation_named(schema, &name.relname).cloned();
        let relation = match existing {
            Some(old) if statement.replace => self.replaced_view(&old, columns, view).await?,
            _ => {
                self.require_free_name(schema, &name.relname)?;
                Relation {
                    oid: self.next_oid(),
                    schema,
                    name: name.relname.clone(),
                    owner: self.current_role()?.oid,
                    kind: RelationKind::View(view),
                    columns,
                    storage_id: 0,
                    schema_version: 0,
                    indexes: Vec::new(),
                    constraints: Vec::new(),
                    persistence: self.persistence_in(schema),
                    inheritance: Default::default(),
                    materialized: None,
                    row_security: Default::default(),
                    settings: Default::default(),
                }
            }
        };
        let is_new = self.work.catalog.relation(relation.oid).is_none();
        let relation = self.put_relation(relation);
        if is_new {
            self.put_row_type(relation.oid)?;
        }
        self.record_query_references(relation.address(), &definition.query.rel, &definition.keys);
        Ok("CREATE VIEW")
    }

    /// A view over something temporary is temporary itself.
    fn view_schema(&mut self, name: &ast::RangeVar, definition: &Definition) -> Result<Oid> {
        let reads_temporary = definition.names.iter().any(|name| {
            let relation = self.work.catalog.relation(name.oid);
            relation.is_some_and(|relation| self.is_own_temporary(relation.schema))
        });
        if reads_temporary && name.relpersistence != "t" {
            if !name.schemaname.is_empty() {
                return Err(Error::new(
                    sqlstate::INVALID_TABLE_DEFINITION,
                    "cannot create temporary relation in non-temporary schema",
                ));
            }
            self.notice(format!("view \"{}\" will be a temporary view", name.relname));
            return Ok(self.temporary_schema());
        }
        self.relation_schema(name)
    }

    /// Binds a view's text for its names, and for what it depends on.
    pub(super) fn view_definition(&self, sql: String) -> Result<Definition> {
        let eval = self.eval();
        let mut binder = Binder::for_definition(&eval);
        let query = bind_definition(&mut binder, &sql)?;
        if let Some(written_out) = binder.without_stars(&sql) {
            return self.view_definition(written_out);
        }
        Ok(Definition { sql, query, names: binder.recorded_names(), keys: binder.recorded_keys() })
    }

    /// Binds the query of a view or of CREATE TABLE AS, which takes no parameters, and
    /// locks what it reads.
    pub async fn bind_query(&mut self, node: &ast::Node) -> Result<Query> {
        let (query, permissions) = self.bound_query(node, true).await?;
        privilege::check(&permissions, &self.eval())?;
        Ok(query)
    }

    /// As [`Ddl::bind_query`]; whoever makes a view need not be allowed to read it, and
    /// policies decide when it is read.
    async fn bound_query(
        &mut self,
        node: &ast::Node,
        is_run: bool,
    ) -> Result<(Query, Permissions)> {
        let eval = self.eval();
        let node = node.node.as_ref().ok_or_else(|| Error::syntax("an empty query"))?;
        let Arguments { types, values } = self.arguments;
        let types: Vec<Oid> = types.iter().map(|ty| ty.oid).collect();
        let mut binder = Binder::with_fixed_params(&eval, &types);
        if !is_run {
            binder = binder.for_keeping();
        }
        let statement = binder.bind_statement(node)?;
        let permissions = binder.permissions();
        lock::acquire_relations(&binder.opened(), self.work, self.ctx).await?;
        if routine::are_called_in(&statement) {
            self.ctx.eval.loan.open(self.work);
        }
        match statement {
            Statement::Query(mut query) => {
                with_arguments(&mut query.rel, values);
                Ok((query, permissions))
            }
            _ => Err(Error::unsupported("a query that changes rows here")),
        }
    }

    pub fn search_path_names(&self) -> Vec<String> {
        let path = &self.ctx.eval.settings.search_path;
        path.iter().map(|oid| self.schema_name(*oid)).collect()
    }

    /// OR REPLACE keeps the old columns and may add some at the end.
    async fn replaced_view(
        &mut self,
        old: &Relation,
        columns: Vec<Column>,
        view: View,
    ) -> Result<Relation> {
        if !matches!(old.kind, RelationKind::View(_)) {
            return Err(wrong_object(&old.name, "view"));
        }
        self.require_relation_owner(old)?;
        self.lock_relation(old.oid, LockMode::AccessExclusive).await?;
        let old = &*self.relation(old.oid)?;
        if columns.len() < old.columns.len() {
            return Err(invalid("cannot drop columns from view"));
        }
        for (before, after) in old.columns.iter().zip(&columns) {
            if before.name != after.name {
                return Err(invalid(format!(
                    "cannot change name of view column \"{}\" to \"{}\"",
                    before.name, after.name
                ))
                .with_hint(
                    "Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.",
                ));
            }
            if before.ty != after.ty {
                let name = |ty: SqlType| self.work.catalog.type_name(ty.oid, ty.typmod);
                return Err(invalid(format!(
                    "cannot change data type of view column \"{}\" from {} to {}",
                    before.name,
                    name(before.ty),
                    name(after.ty)
                )));
            }
        }
        let mut columns = columns;
        for (before, after) in old.columns.iter().zip(&mut columns) {
            after.default.clone_from(&before.default);
        }
        Ok(Relation { kind: RelationKind::View(view), columns, ..old.clone() })
    }
}

/// Writes the values of parameters into a query.
fn with_arguments(rel: &mut Rel, values: &[Datum]) {
    visit::rewrite_rel(rel, &mut |expr| {
        if let ExprKind::Param(index) = expr.kind
            && let Some(value) = values.get(index)
        {
            expr.kind = ExprKind::Const(value.clone());
        }
    });
}

fn bind_definition(binder: &mut Binder<'_>, sql: &str) -> Result<Query> {
    let statements = parse::parse(sql)?;
    let [only] = statements.as_slice() else {
        return Err(Error::internal("a view's query is not one statement"));
    };
    match binder.bind_statement(&only.node)? {
        Statement::Query(query) => Ok(query),
        _ => Err(Error::unsupported("a query that changes rows here")),
    }
}

/// The view's columns: the query's output, renamed by the alias list.
fn view_columns(query: &Query, aliases: &[&str]) -> Result<Vec<Column>> {
    if aliases.len() > query.output.len() {
        return Err(Error::syntax("CREATE VIEW specifies more column names than columns"));
    }
    crate::sql::check_width(query.output.len())?;
    if query.output.len() > COLUMNS_MAX {
        return Err(too_many_columns());
    }
    let mut columns: Vec<Column> = Vec::new();
    for (position, output) in query.output.iter().enumerate() {
        let name = aliases.get(position).copied().unwrap_or(&output.name);
        if columns.iter().any(|column| column.name == name) {
            return Err(Error::new(
                sqlstate::DUPLICATE_COLUMN,
                format!("column \"{name}\" specified more than once"),
            ));
        }
        let ty = if output.ty.oid == oid::UNKNOWN { SqlType::new(oid::TEXT) } else { output.ty };
        if [oid::RECORD, oid::RECORD_ARRAY].contains(&ty.oid) {
            let word = if ty.oid == oid::RECORD { "record" } else { "record[]" };
            return Err(invalid(format!("column \"{name}\" has pseudo-type {word}")));
        }
        columns.push(new_column(name, ty, 0));
    }
    Ok(columns)
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_TABLE_DEFINITION, message)
}
