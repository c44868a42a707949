//! EXPLAIN: reads its options and binds the statement that is explained.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::sql::BoundStatement;
use crate::sql::bind::Binder;
use crate::sql::ddl;
use crate::sql::functions::EvalContext;
use crate::sql::ir::Statement;
use crate::sql::outcome::{Outcome, ResultColumn};
use crate::sql::parse::{self, Identity, NodeEnum, ast};
use crate::sql::plan::explain::{self, ExplainFormat, ExplainOptions};
use crate::sql::privilege::Permissions;
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, Oid, SqlType, oid};
use crate::sqlstate;
use crate::txn::LockMode;

/// A bound EXPLAIN.
pub struct Explain {
    statement: Statement,
    command: &'static str,
    params: Vec<SqlType>,
    relations: Vec<(Oid, LockMode)>,
    permissions: Permissions,
    depends_on_role: bool,
    options: ExplainOptions,
    /// The table that the statement's rows are put into.
    table: Option<Box<ast::CreateTableAsStmt>>,
}

impl Explain {
    /// `sql`: the statement's own text.
    pub fn prepare(
        statement: &ast::ExplainStmt,
        sql: &str,
        eval: &EvalContext,
        declared: &[Oid],
    ) -> Result<Explain> {
        let mut options = read_options(&statement.options)?;
        let node = statement.query.as_ref().and_then(|node| node.node.as_ref());
        let node = node.ok_or_else(|| Error::syntax("EXPLAIN of nothing"))?;
        let table = table_made(node);
        let made = table.as_ref().and_then(|table| table.query.as_deref()?.node.as_ref());
        let node = match node {
            NodeEnum::DeclareCursorStmt(statement) if !options.analyze => {
                statement.query.as_deref().and_then(|query| query.node.as_ref()).unwrap_or(node)
            }
            node => made.unwrap_or(node),
        };
        let explainable = matches!(
            node,
            NodeEnum::SelectStmt(_)
                | NodeEnum::InsertStmt(_)
                | NodeEnum::UpdateStmt(_)
                | NodeEnum::DeleteStmt(_)
                | NodeEnum::MergeStmt(_)
        );
        if !explainable {
            return Err(Error::unsupported("EXPLAIN of this statement"));
        }
        let bound = crate::sql::bind_statement(node, Binder::new(eval, declared))?;
        let BoundStatement { statement, command, params, relations, permissions, depends_on_role } =
            bound;
        if options.verbose && eval.settings.shows_query_id {
            let oids: Vec<Oid> = relations.iter().map(|(oid, _)| *oid).collect();
            let identity = Identity::of_query(parse::explained(sql), &oids);
            options.query_id = Some(identity.query_id);
        }
        Ok(Explain {
            statement,
            command,
            params,
            relations,
            permissions,
            depends_on_role,
            options,
            table,
        })
    }

    pub fn params(&self) -> Vec<SqlType> {
        self.params.clone()
    }

    /// What the statement locks; explaining it locks the same.
    pub fn relations(&self) -> Vec<(Oid, LockMode)> {
        self.relations.clone()
    }

    pub fn calls_functions(&self) -> bool {
        crate::sql::routine::are_called_in(&self.statement)
    }

    pub fn depends_on_role(&self) -> bool {
        self.depends_on_role
    }

    pub fn permissions(&self) -> Permissions {
        self.permissions.clone()
    }

    /// What the statement that is explained is called.
    pub fn command(&self) -> &'static str {
        self.command
    }

    /// Whether the rows are put into a new table.
    pub fn makes_table(&self) -> bool {
        self.options.analyze && self.table.is_some()
    }

    /// Whether the statement is run.
    pub fn runs(&self) -> bool {
        self.options.analyze
    }

    pub fn columns(&self) -> Arc<[ResultColumn]> {
        columns(&self.options)
    }

    pub async fn execute(
        &self,
        params: &[Datum],
        work: &mut Work,
        ctx: &StatementContext,
    ) -> Result<Outcome> {
        let Some(table) = &self.table else {
            let rows = explain::explain(&self.statement, &self.options, params, work, ctx).await?;
            return Ok(Outcome::Rows(rows));
        };
        if ddl::is_made(table, work, ctx)? {
            return Ok(Outcome::Rows(explain::nothing(&self.options)));
        }
        let arguments = ddl::Arguments { types: &self.params, values: params };
        let rows =
            explain::explain_table(&self.statement, table, &self.options, arguments, work, ctx);
        rows.await.map(Outcome::Rows)
    }
}

/// The columns of an EXPLAIN's answer.
pub fn explain_columns(statement: &ast::ExplainStmt) -> Result<Arc<[ResultColumn]>> {
    Ok(columns(&read_options(&statement.options)?))
}

/// EXPLAIN EXECUTE of a statement that has no plan.
pub fn explain_utility(statement: &ast::ExplainStmt, is_notify: bool) -> Result<Outcome> {
    Ok(Outcome::Rows(explain::utility(&read_options(&statement.options)?, is_notify)))
}

fn columns(options: &ExplainOptions) -> Arc<[ResultColumn]> {
    let ty = match options.format {
        ExplainFormat::Json => oid::JSON,
        ExplainFormat::Xml => oid::XML,
        ExplainFormat::Text | ExplainFormat::Yaml => oid::TEXT,
    };
    let name = "QUERY PLAN".to_owned();
    [ResultColumn { name, ty: SqlType::new(ty), length: -1, origin: (0, 0) }].into()
}

/// CREATE TABLE AS, also when it is written as SELECT INTO.
fn table_made(node: &NodeEnum) -> Option<Box<ast::CreateTableAsStmt>> {
    match node {
        NodeEnum::CreateTableAsStmt(statement) => Some(statement.clone()),
        NodeEnum::SelectStmt(select) if ddl::into_clause(select).is_some() => {
            match ddl::select_into(select) {
                NodeEnum::CreateTableAsStmt(statement) => Some(statement),
                _ => None,
            }
        }
        _ => None,
    }
}

fn read_options(nodes: &[ast::Node]) -> Result<ExplainOptions> {
    let mut options = ExplainOptions::default();
    let mut timing = None;
    for node in nodes {
        let Some(NodeEnum::DefElem(option)) = &node.node else { continue };
        match option.defname.as_str() {
            "analyze" => options.analyze = boolean(option)?,
            "verbose" => options.verbose = boolean(option)?,
            "costs" => options.costs = boolean(option)?,
            "timing" => timing = Some(boolean(option)?),
            "summary" => options.summary = Some(boolean(option)?),
            "format" => options.format = format(option)?,
            "buffers" => options.buffers = boolean(option)?,
            name @ ("wal" | "settings" | "generic_plan" | "memory" | "serialize") => {
                if boolean(option)? {
                    return Err(Error::unsupported(format!(
                        "EXPLAIN option {}",
                        name.to_uppercase()
                    )));
                }
            }
            other => {
                return Err(Error::syntax(format!("unrecognized EXPLAIN option \"{other}\""))
                    .at(option.location));
            }
        }
    }
    if timing == Some(true) && !options.analyze {
        return Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            "EXPLAIN option TIMING requires ANALYZE",
        ));
    }
    options.timing = timing.unwrap_or(true);
    Ok(options)
}

fn boolean(option: &ast::DefElem) -> Result<bool> {
    crate::sql::ddl::options::boolean(option)
}

fn format(option: &ast::DefElem) -> Result<ExplainFormat> {
    let name = crate::sql::ddl::options::string(option).unwrap_or_default();
    match name.to_ascii_lowercase().as_str() {
        "text" => Ok(ExplainFormat::Text),
        "json" => Ok(ExplainFormat::Json),
        "yaml" => Ok(ExplainFormat::Yaml),
        "xml" => Ok(ExplainFormat::Xml),
        _ => Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("unrecognized value for EXPLAIN option \"format\": \"{name}\""),
        )
        .at(option.location)),
    }
}
