//! EXPLAIN: the plan of a statement in PostgreSQL's words and shapes.
//!
//! The physical plan is read into a tree of [`Node`]s named as PostgreSQL names
//! its own ([`tree`]), and printed as text, JSON, YAML or XML ([`format`]). What
//! is only DataFusion's business (projections, repartitioning) does not show.
//!
//! Costs and row counts are estimates from row counts of tables and fixed
//! selectivities; ANALYZE adds what running the plan has measured.

mod bitmap;
mod expression;
mod format;
mod nearest;
mod tree;

use std::time::{Duration, Instant};

use futures::StreamExt;

use super::Planner;
use crate::error::{Error, Result};
use crate::sql::ir::visit;
use crate::sql::ir::{Query, Rel, Statement};
use crate::sql::outcome::{Outcome, ResultColumn, RowStream, Rows, RowsTag};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::run::query::{run_modifications, take_modifications};
use crate::sql::run::{StatementContext, Work, failure, runtime};
use crate::sql::types::{Datum, SqlType, oid};
use crate::sql::{ddl, dml};

pub use tree::Node;

/// The options of an EXPLAIN, already checked for their values.
#[derive(Clone, Copy, Debug)]
pub struct ExplainOptions {
    pub analyze: bool,
    pub verbose: bool,
    /// What the statement is counted under, where that is to be shown.
    pub query_id: Option<i64>,
    pub costs: bool,
    pub timing: bool,
    /// What was read from shared and local buffers and from temporary files. There are
    /// no such buffers here: the counts are 0, which the text format does not show.
    pub buffers: bool,
    /// Planning and execution time at the end; on by default with ANALYZE.
    pub summary: Option<bool>,
    pub format: ExplainFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExplainFormat {
    Text,
    Json,
    Yaml,
    Xml,
}

impl Default for ExplainOptions {
    fn default() -> ExplainOptions {
        ExplainOptions {
            analyze: false,
            verbose: false,
            query_id: None,
            costs: true,
            timing: true,
            buffers: false,
            summary: None,
            format: ExplainFormat::Text,
        }
    }
}

/// A plan with what is said about the whole of it.
pub struct Explained {
    pub root: Node,
    pub planning: Duration,
    pub execution: Option<Duration>,
}

/// Explains a statement, running it for ANALYZE.
pub async fn explain(
    statement: &Statement,
    options: &ExplainOptions,
    params: &[Datum],
    work: &mut Work,
    context: &StatementContext,
) -> Result<RowStream> {
    let Statement::Several(several) = statement else {
        return Ok(answer(of_one(statement, options, params, work, context).await?, options));
    };
    if several.parts.len() != 1 && options.format != ExplainFormat::Text {
        return Err(Error::unsupported("EXPLAIN of several statements in this format"));
    }
    // One plan for each statement that rules have made.
    let mut lines = Vec::new();
    for (part, _) in &several.parts {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(of_one(part, options, params, work, context).await?);
    }
    if lines.is_empty() {
        lines.push("Query rewrites to nothing".to_owned());
    }
    Ok(answer(lines, options))
}

async fn of_one(
    statement: &Statement,
    options: &ExplainOptions,
    params: &[Datum],
    work: &mut Work,
    context: &StatementContext,
) -> Result<Vec<String>> {
    let explained = match statement {
        Statement::Query(query) => of_query(query, options, params, work, context).await?,
        _ => of_modification(statement, options, params, work, context).await?,
    };
    Ok(format::lines(&explained, options))
}

/// Explains CREATE TABLE AS, making the table for ANALYZE.
pub async fn explain_table(
    statement: &Statement,
    table: &ast::CreateTableAsStmt,
    options: &ExplainOptions,
    arguments: ddl::Arguments<'_>,
    work: &mut Work,
    context: &StatementContext,
) -> Result<RowStream> {
    let Statement::Query(query) = statement else {
        return Err(Error::internal("a table is made of a query's rows"));
    };
    let only_plan = ExplainOptions { analyze: false, ..*options };
    let mut explained = of_query(query, &only_plan, arguments.values, work, context).await?;
    if options.analyze {
        let start = Instant::now();
        let node = NodeEnum::CreateTableAsStmt(Box::new(table.clone()));
        let tag = ddl::execute(&node, arguments, work, context).await?;
        let rows = tag.strip_prefix("SELECT ").and_then(|rows| rows.parse().ok()).unwrap_or(0);
        let time = start.elapsed();
        explained.execution = Some(time);
        explained.root.actual = Some(tree::Actual { rows, time });
    }
    Ok(answer(format::lines(&explained, options), options))
}

/// What is said where nothing is to be done.
pub fn nothing(options: &ExplainOptions) -> RowStream {
    answer(Vec::new(), options)
}

/// What is said of a prepared statement that has no plan.
pub fn utility(options: &ExplainOptions, is_notify: bool) -> RowStream {
    let (text, group) = match is_notify {
        true => ("NOTIFY", "Notify"),
        false => ("Utility statements have no plan structure", "Utility Statement"),
    };
    let said = match options.format {
        ExplainFormat::Text => text.to_owned(),
        ExplainFormat::Json => format!("[\n  \"{group}\"\n]"),
        ExplainFormat::Yaml => format!("- \"{group}\""),
        ExplainFormat::Xml => format!(
            "<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n  <{} />\n</explain>",
            group.replace(' ', "-")
        ),
    };
    answer(vec![said], options)
}

fn answer(lines: Vec<String>, options: &ExplainOptions) -> RowStream {
    let rows = lines.into_iter().map(|line| vec![Datum::Text(line)]).collect();
    let type_oid = match options.format {
        ExplainFormat::Json => oid::JSON,
        ExplainFormat::Xml => oid::XML,
        _ => oid::TEXT,
    };
    let column = ResultColumn {
        name: "QUERY PLAN".into(),
        ty: SqlType::new(type_oid),
        length: -1,
        origin: (0, 0),
    };
    RowStream {
        columns: [column].into(),
        rows: Box::pin(futures::stream::iter([Ok(Rows::Datums(rows))])),
        tag: RowsTag::Fixed("EXPLAIN".into()),
        lender: None,
    }
}

async fn of_query(
    query: &Query,
    options: &ExplainOptions,
    params: &[Datum],
    work: &mut Work,
    context: &StatementContext,
) -> Result<Explained> {
    let mut query = query.clone();
    unlock(&mut query.rel);
    let context = &context.at_one_instant(work);
    let changes = modifications(&mut query, options, params, work, context).await?;
    let planner = Planner::new(context, context.overlay(work), params, &query);
    let (analyze, verbose) = (options.analyze, options.verbose);
    let running = runtime::run(async move {
        let start = Instant::now();
        let plan = planner.plan(&query).await?;
        let planning = start.elapsed();
        let mut execution = None;
        if analyze {
            let start = Instant::now();
            let mut stream = plan.execute_counted(planner.task_context())?;
            while let Some(batch) = stream.next().await {
                planner.check_cancel()?;
                batch.map_err(failure::unwrap)?;
            }
            execution = Some(start.elapsed());
        }
        let names = expression::Names::new(&query.rel, &planner, verbose);
        let root = tree::read(&plan.physical, &names, analyze);
        Ok(Explained { root, planning, execution })
    });
    let mut explained = context.lend_while(work, running).await?;
    explained.root.children.extend(changes);
    Ok(explained)
}

/// What the data-modifying CTEs of a query do, and for ANALYZE the rows that they give
/// it.
async fn modifications(
    query: &mut Query,
    options: &ExplainOptions,
    params: &[Datum],
    work: &mut Work,
    context: &StatementContext,
) -> Result<Vec<Node>> {
    let mut only_plan = query.clone();
    let statements = take_modifications(&mut only_plan);
    let mut nodes = Vec::with_capacity(statements.len());
    let plain = ExplainOptions { analyze: false, ..*options };
    for statement in &statements {
        let explained = Box::pin(of_modification(statement, &plain, params, work, context)).await?;
        nodes.push(explained.root);
    }
    match options.analyze {
        true => run_modifications(query, params, work, context).await?,
        false => *query = only_plan,
    }
    Ok(nodes)
}

/// Locks are not taken by EXPLAIN.
fn unlock(rel: &mut Rel) {
    while let Rel::LockRows { input, .. } = rel {
        *rel = std::mem::replace(&mut **input, Rel::OneRow);
    }
    visit::inputs_mut(rel, &mut unlock);
}

async fn of_modification(
    statement: &Statement,
    options: &ExplainOptions,
    params: &[Datum],
    work: &mut Work,
    context: &StatementContext,
) -> Result<Explained> {
    let (verb, relation, rel) = match statement {
        Statement::Insert(insert) => ("Insert", &insert.relation, &insert.source.rel),
        Statement::Update(update) => ("Update", &update.target.relation, &update.input),
        Statement::Delete(delete) => ("Delete", &delete.target.relation, &delete.input),
        Statement::Merge(merge) => ("Merge", &merge.target.relation, &merge.input),
        Statement::Several(_) => {
            return Err(Error::unsupported("EXPLAIN of a statement with rules"));
        }
        Statement::Query(_) => return Err(Error::internal("a query changes no rows")),
    };
    let query = Query { rel: rel.clone(), output: visit::columns(rel) };
    let only_plan = ExplainOptions { analyze: false, ..*options };
    let mut below = Box::pin(of_query(&query, &only_plan, params, work, context)).await?;
    let descendants = match statement {
        Statement::Update(update) => update.target.descendants,
        Statement::Delete(delete) => delete.target.descendants,
        _ => false,
    };
    if descendants {
        below.root.number_alone(&relation.name);
    }
    let mut root = Node::new("ModifyTable", format!("{verb} on {}", relation.name));
    root.text("Operation", verb);
    root.text("Relation Name", &relation.name);
    root.cost = below.root.cost;
    if descendants {
        let mut scans = Vec::new();
        below.root.scans(&relation.name, &mut scans);
        for scan in scans {
            root.properties
                .push((String::new(), tree::Property::Line(format!("{verb} on {scan}"))));
        }
    }
    root.children.push(below.root);
    let mut execution = None;
    if options.analyze {
        let start = Instant::now();
        let outcome = dml::execute(statement, params, work, context).await?;
        if let Outcome::Rows(mut stream) = outcome {
            while let Some(rows) = stream.rows.next().await {
                rows?;
            }
        }
        execution = Some(start.elapsed());
        root.actual = Some(tree::Actual { rows: 0, time: start.elapsed() });
    }
    Ok(Explained { root, planning: below.planning, execution })
}
