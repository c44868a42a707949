//! CREATE TABLE AS and SELECT INTO.

use super::column::{ColumnPlan, new_column};
use super::storage_options::{self, Target};
use super::{Ddl, strings, tablespace};
use crate::error::{Error, Result};
use crate::sql::bind;
use crate::sql::ir::Query;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, SqlType, oid};
use crate::sqlstate;

impl Ddl<'_> {
    pub async fn create_table_as(&mut self, statement: &ast::CreateTableAsStmt) -> Result<String> {
        if statement.objtype() == ast::ObjectType::ObjectMatview {
            return self.create_materialized_view(statement).await;
        }
        let into =
            statement.into.as_ref().ok_or_else(|| Error::syntax("CREATE TABLE AS without INTO"))?;
        tablespace::check(&into.table_space_name)?;
        let name = into.rel.as_ref().ok_or_else(|| Error::syntax("table without a name"))?;
        if self.is_made(statement)? {
            return Ok("CREATE TABLE AS".to_owned());
        }
        let schema = self.relation_schema(name)?;
        let node = statement
            .query
            .as_deref()
            .ok_or_else(|| Error::syntax("CREATE TABLE AS without a query"))?;
        let query = self.bind_query(node).await?;
        let options = storage_options::read(&into.options, Target::Table)?;
        let table = self.put_table_for(schema, &name.relname, &query, &strings(&into.col_names))?;
        self.put_settings(table, options, name.relpersistence == "u")?;
        self.set_on_commit(table, into.on_commit())?;
        if into.skip_data {
            return Ok("CREATE TABLE AS".to_owned());
        }
        let rows = self.fill_table(table, &query).await?;
        Ok(format!("SELECT {rows}"))
    }

    /// Whether the relation exists, with IF NOT EXISTS; without it, that is an error.
    pub fn is_made(&mut self, statement: &ast::CreateTableAsStmt) -> Result<bool> {
        let name = statement.into.as_ref().and_then(|into| into.rel.as_ref());
        let name = name.ok_or_else(|| Error::syntax("table without a name"))?;
        let schema = self.relation_schema(name)?;
        let taken = self.work.catalog.relation_named(schema, &name.relname).is_some();
        if statement.if_not_exists && taken {
            self.skip_existing(&name.relname);
            return Ok(true);
        }
        self.require_free_name(schema, &name.relname)?;
        Ok(false)
    }

    /// A table with the query's columns, renamed by the list if there is one.
    pub(super) fn put_table_for(
        &mut self,
        schema: Oid,
        name: &str,
        query: &Query,
        names: &[&str],
    ) -> Result<Oid> {
        if names.len() > query.output.len() {
            return Err(Error::syntax("too many column names were specified"));
        }
        let collations = bind::output_collations(query, &self.work.catalog);
        let mut plans: Vec<ColumnPlan> = Vec::new();
        for (position, output) in query.output.iter().enumerate() {
            let column = names.get(position).copied().unwrap_or(&output.name);
            if plans.iter().any(|plan| plan.column.name == column) {
                return Err(Error::new(
                    sqlstate::DUPLICATE_COLUMN,
                    format!("column \"{column}\" specified more than once"),
                ));
            }
            let ty =
                if output.ty.oid == oid::UNKNOWN { SqlType::new(oid::TEXT) } else { output.ty };
            crate::sql::privilege::check_type(ty.oid, &self.eval())?;
            let own = self.work.catalog.type_(ty.oid).map_or(0, |ty| ty.collation);
            let collation = collations[position].filter(|_| own != 0).unwrap_or(own);
            plans.push(ColumnPlan {
                column: new_column(column, ty, collation),
                default: None,
                generated: None,
                sequence: None,
                constraints: Vec::new(),
            });
        }
        self.put_table(schema, name, &plans)
    }
}

/// `SELECT … INTO t …` is `CREATE TABLE t AS SELECT …`.
pub fn select_into(select: &ast::SelectStmt) -> NodeEnum {
    let mut query = select.clone();
    let mut first = &mut query;
    let into = loop {
        match (first.into_clause.take(), &mut first.larg) {
            (None, Some(left)) => first = left,
            (into, _) => break into,
        }
    };
    NodeEnum::CreateTableAsStmt(Box::new(ast::CreateTableAsStmt {
        query: Some(Box::new(ast::Node { node: Some(NodeEnum::SelectStmt(Box::new(query))) })),
        into,
        objtype: ast::ObjectType::ObjectTable as i32,
        is_select_into: true,
        if_not_exists: false,
    }))
}

/// Where the rows of a SELECT go: the clause is the first operand's in a set operation.
pub fn into_clause(select: &ast::SelectStmt) -> Option<&ast::IntoClause> {
    let mut first = select;
    while let (None, Some(left)) = (&first.into_clause, &first.larg) {
        first = left;
    }
    first.into_clause.as_deref()
}
