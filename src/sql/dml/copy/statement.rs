//! The COPY statement: names and options resolved, data connected.

use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::from::{CopyFrom, CopySource};
use super::options::{CopyOption, CopyOptions, Forced, OptionValue};
use super::to::{CopyTo, Encoder};
use crate::catalog::acl;
use crate::catalog::{self, Catalog, Relation, RelationKind, Trigger, TriggerTiming};
use crate::error::{Error, Result};
use crate::sql::bind::{self, Binder, ExpressionUse};
use crate::sql::command;
use crate::sql::dml::compiler::row_expression;
use crate::sql::ir::{self, Statement};
use crate::sql::outcome::{CopyOut, Outcome};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::privilege;
use crate::sql::routine;
use crate::sql::run::{self, StatementContext, Work};
use crate::sql::types::Datum;
use crate::sqlstate;
use crate::table::scan::rid_rows;
use crate::table::{TableInfo, eval_over, lock, lookup};
use crate::txn::{LockMode, WaitPolicy};

/// Bytes read from a server file, and about the bytes of one batch of messages.
const CHUNK_BYTES: usize = 64 << 10;
/// Batches that may wait for the client.
const BATCHES_MAX: usize = 4;

type RowChunks = std::pin::Pin<Box<dyn Stream<Item = Result<Vec<Vec<Datum>>>> + Send>>;

/// Executes COPY. FROM STDIN and TO STDOUT answer the half that talks to the client.
pub async fn execute(
    statement: &ast::CopyStmt,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Outcome> {
    let options = options(&statement.options)?;
    let options = CopyOptions::new(statement.is_from, &options)?;
    if statement.is_program {
        require_rights_of(ctx, "pg_execute_server_program", "to or from an external program")?;
        return Err(Error::unsupported("COPY with PROGRAM"));
    }
    if !statement.filename.is_empty() {
        require_file_rights(ctx, statement.is_from)?;
    }
    match statement.is_from {
        true => copy_from(statement, options, work, ctx).await,
        false => copy_to(statement, options, work, ctx).await,
    }
}

/// `42501` unless the role may read or write files of the server's machine.
fn require_file_rights(ctx: &StatementContext, is_from: bool) -> Result<()> {
    let (role, direction) = match is_from {
        true => ("pg_read_server_files", "from a file"),
        false => ("pg_write_server_files", "to a file"),
    };
    require_rights_of(ctx, role, direction)
}

/// `42501` unless the current role is a superuser or has the privileges of `role`.
fn require_rights_of(ctx: &StatementContext, role: &str, what: &str) -> Result<()> {
    let catalog = &ctx.eval.catalog;
    let current = catalog.role_named(&ctx.eval.settings.current_user);
    if let (Some(current), Some(allowed)) = (current, catalog.role_named(role))
        && catalog.has_privileges_of(current, allowed.oid)
    {
        return Ok(());
    }
    Err(Error::new(
        sqlstate::INSUFFICIENT_PRIVILEGE,
        format!("must be superuser or have privileges of the {role} role to COPY {what}"),
    )
    .with_hint(
        "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.",
    ))
}

fn options(nodes: &[ast::Node]) -> Result<Vec<CopyOption>> {
    nodes
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::DefElem(element)) => Some(element),
            _ => None,
        })
        .map(|element| {
            let value = element.arg.as_deref().and_then(|arg| arg.node.as_ref());
            Ok(CopyOption {
                name: element.defname.clone(),
                value: option_value(value)?,
                location: element.location,
            })
        })
        .collect()
}

fn option_value(node: Option<&NodeEnum>) -> Result<OptionValue> {
    Ok(match node {
        None => OptionValue::None,
        Some(NodeEnum::String(text)) => OptionValue::Text(text.sval.clone()),
        Some(NodeEnum::Integer(number)) => OptionValue::Text(number.ival.to_string()),
        Some(NodeEnum::Float(number)) => OptionValue::Text(number.fval.clone()),
        Some(NodeEnum::Boolean(value)) => OptionValue::Text(value.boolval.to_string()),
        Some(NodeEnum::AStar(_)) => OptionValue::Star,
        Some(NodeEnum::List(list)) => OptionValue::Names(names(&list.items)),
        Some(_) => return Err(Error::syntax("unexpected value of a COPY option")),
    })
}

fn names(nodes: &[ast::Node]) -> Vec<String> {
    nodes
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::String(name)) => Some(name.sval.clone()),
            _ => None,
        })
        .collect()
}

fn relation(
    statement: &ast::CopyStmt,
    work: &Work,
    ctx: &StatementContext,
) -> Result<Arc<Relation>> {
    let name = statement
        .relation
        .as_ref()
        .ok_or_else(|| Error::syntax("COPY needs a relation or a query"))?;
    let schema = (!name.schemaname.is_empty()).then_some(name.schemaname.as_str());
    let path = &ctx.eval.settings.search_path;
    catalog::resolve_relation(&work.catalog, path, schema, &name.relname).cloned()
}

/// Positions of the named columns, or of all that COPY takes by itself.
fn positions(info: &TableInfo, attlist: &[ast::Node]) -> Result<Vec<usize>> {
    let live = || (0..info.columns.len()).filter(|at| !info.columns[*at].dropped);
    if attlist.is_empty() {
        return Ok(live().filter(|at| !info.columns[*at].generated).collect());
    }
    let mut positions = Vec::new();
    for name in names(attlist) {
        let position = live().find(|at| info.columns[*at].name == name).ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_COLUMN,
                format!("column \"{name}\" of relation \"{}\" does not exist", info.name()),
            )
        })?;
        if info.columns[position].generated {
            return Err(Error::new(
                sqlstate::INVALID_COLUMN_REFERENCE,
                format!("column \"{name}\" is a generated column"),
            )
            .with_detail("Generated columns cannot be used in COPY."));
        }
        if positions.contains(&position) {
            return Err(Error::new(
                sqlstate::DUPLICATE_COLUMN,
                format!("column \"{name}\" specified more than once"),
            ));
        }
        positions.push(position);
    }
    Ok(positions)
}

/// The columns that a COPY names: all, if it has no list.
fn written_columns(relation: &Relation, names: &[ast::Node]) -> Vec<i16> {
    let is_named = |name: &str| {
        names.is_empty()
            || names.iter().any(|node| {
                matches!(&node.node, Some(NodeEnum::String(written)) if written.sval == name)
            })
    };
    let columns = relation.columns.iter().zip(1i16..);
    columns.filter(|(c, _)| !c.dropped && is_named(&c.name)).map(|(_, number)| number).collect()
}

async fn copy_from(
    statement: &ast::CopyStmt,
    options: CopyOptions,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Outcome> {
    let relation = relation(statement, work, ctx)?;
    if !takes_rows(&relation, &work.catalog) {
        require_table(&relation, "to")?;
    }
    let columns = written_columns(&relation, &statement.attlist);
    privilege::check_columns(&relation, columns, acl::INSERT, &ctx.eval)?;
    if privilege::is_row_secured(&relation, &ctx.eval)? {
        return Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            "COPY FROM not supported with row-level security",
        )
        .with_hint("Use INSERT statements instead."));
    }
    if work.txn.is_read_only() {
        if !relation.is_temporary() {
            return Err(command::refused_in_read_only("COPY FROM"));
        }
        work.txn.permit_writes();
    }
    if options.freeze && relation.is_partitioned() {
        return Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            "cannot perform COPY FREEZE on a partitioned table",
        ));
    }
    if options.freeze && !work.changes.iter().any(|change| change.key.oid == relation.oid) {
        return Err(Error::new(
            sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
            "cannot perform COPY FREEZE because the table was not created or truncated in the \
             current subtransaction",
        ));
    }
    let opened = bind::opened_by_copy(&work.catalog, relation.oid)?;
    lock::acquire_relations(&opened, work, ctx).await?;
    let info = TableInfo::of(&work.catalog, relation.oid)?;
    let positions = positions(&info, &statement.attlist)?;
    check_forced_columns("FORCE_NOT_NULL", &options.force_not_null, &info, &positions)?;
    check_forced_columns("FORCE_NULL", &options.force_null, &info, &positions)?;
    let mut defaults = Vec::new();
    for position in (0..info.columns.len()).filter(|at| !positions.contains(at)) {
        let column = &info.columns[position];
        if column.dropped || column.generated {
            continue;
        }
        if let Some(default) = info.default_of(&work.catalog, ctx, position as i16 + 1)? {
            defaults.push((position, default));
        }
    }
    let condition = match &statement.where_clause {
        None => None,
        Some(node) => {
            let eval = eval_over(&work.catalog, ctx);
            let usage = ExpressionUse::CopyWhere;
            let expr = bind::bind_expression(&eval, node, Some(&relation), usage)?;
            Some(row_expression(&expr, &relation, &work.catalog)?)
        }
    };
    let copy =
        CopyFrom::new(CopySource { info, options, positions, defaults, condition }, ctx.clone());
    if statement.filename.is_empty() {
        return Ok(Outcome::CopyIn(Box::new(copy)));
    }
    let rows = read_file(copy, Path::new(&statement.filename), work).await?;
    Ok(Outcome::Command(format!("COPY {rows}")))
}

/// Whether a view's triggers take the rows.
fn takes_rows(relation: &Relation, catalog: &Catalog) -> bool {
    let instead = |trigger: &Arc<Trigger>| {
        trigger.timing == TriggerTiming::InsteadOf && trigger.events.insert
    };
    matches!(relation.kind, RelationKind::View(_))
        && catalog.triggers_of(relation.oid).iter().any(instead)
}

/// The columns of FORCE_NOT_NULL and FORCE_NULL are in the data.
fn check_forced_columns(
    word: &str,
    forced: &Forced,
    info: &TableInfo,
    positions: &[usize],
) -> Result<()> {
    let Forced::Named(names) = forced else { return Ok(()) };
    for name in names {
        let own = |column: &crate::table::ColumnInfo| column.name == *name && !column.dropped;
        let Some(at) = info.columns.iter().position(own) else {
            return Err(Error::new(
                sqlstate::UNDEFINED_COLUMN,
                format!("column \"{name}\" of relation \"{}\" does not exist", info.name()),
            ));
        };
        if !positions.contains(&at) {
            return Err(Error::new(
                sqlstate::INVALID_COLUMN_REFERENCE,
                format!("{word} column \"{name}\" not referenced by COPY"),
            ));
        }
    }
    Ok(())
}

/// `42809` for relations without rows of their own.
fn require_table(relation: &Relation, direction: &str) -> Result<()> {
    let what = match &relation.kind {
        RelationKind::Table if relation.is_materialized_view() => "materialized view",
        RelationKind::Table => return Ok(()),
        RelationKind::View(_) => "view",
        RelationKind::Sequence(_) => "sequence",
        RelationKind::Index(_) => "index",
        RelationKind::Composite => return Err(crate::sql::bind::cannot_open(relation)),
        RelationKind::Virtual => return Err(Error::unsupported("COPY of a system relation")),
    };
    let error = Error::new(
        sqlstate::WRONG_OBJECT_TYPE,
        format!("cannot copy {direction} {what} \"{}\"", relation.name),
    );
    Err(match (what, direction) {
        ("view" | "materialized view", "from") => {
            error.with_hint("Try the COPY (SELECT ...) TO variant.")
        }
        ("view", "to") => {
            error.with_hint("To enable copying to a view, provide an INSTEAD OF INSERT trigger.")
        }
        _ => error,
    })
}

async fn read_file(mut copy: CopyFrom, path: &Path, work: &mut Work) -> Result<u64> {
    let failed = |what: &str, error: &std::io::Error| {
        let code = match error.kind() {
            std::io::ErrorKind::NotFound => sqlstate::UNDEFINED_FILE,
            std::io::ErrorKind::PermissionDenied => sqlstate::INSUFFICIENT_PRIVILEGE,
            _ => sqlstate::IO_ERROR,
        };
        Error::new(code, format!("could not {what}: {}", reason(error)))
    };
    let name = path.display();
    let opening = format!("open file \"{name}\" for reading");
    let reading = format!("read from file \"{name}\"");
    let mut file = tokio::fs::File::open(path).await.map_err(|error| failed(&opening, &error))?;
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let read = file.read(&mut buffer).await.map_err(|error| failed(&reading, &error))?;
        if read == 0 {
            return copy.finish(work).await;
        }
        copy.feed(&buffer[..read], work).await?;
    }
}

async fn copy_to(
    statement: &ast::CopyStmt,
    options: CopyOptions,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Outcome> {
    let (columns, rows) = match &statement.query {
        Some(query) => query_rows(query, work, ctx).await?,
        None => table_rows(statement, work, ctx).await?,
    };
    let format = options.format;
    let encoder = Encoder::new(CopyTo { options, columns }, ctx.eval.settings.client_encoding);
    let column_count = encoder.column_count();
    let messages = messages(encoder, rows, ctx.clone());
    if statement.filename.is_empty() {
        return Ok(Outcome::CopyOut(CopyOut { format, column_count, chunks: messages }));
    }
    let rows = write_file(messages, Path::new(&statement.filename)).await?;
    Ok(Outcome::Command(format!("COPY {rows}")))
}

type Columns = Vec<(String, crate::sql::types::SqlType)>;

/// The rows of COPY (query) TO.
async fn query_rows(
    query: &ast::Node,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<(Columns, RowChunks)> {
    let node = query.node.as_ref().ok_or_else(|| Error::syntax("COPY needs a query"))?;
    if let NodeEnum::SelectStmt(select) = node
        && crate::sql::ddl::into_clause(select).is_some()
    {
        return Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            "COPY (SELECT INTO) is not supported",
        ));
    }
    let eval = eval_over(&work.catalog, ctx);
    let mut binder = Binder::with_fixed_params(&eval, &[]);
    let statement = match binder.bind_statement(node)? {
        Statement::Several(several) => crate::sql::bind::only_part(several, "COPY")?,
        Statement::Merge(_) => {
            return Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, "MERGE not supported in COPY"));
        }
        other => other,
    };
    privilege::check(&binder.permissions(), &eval)?;
    lock::acquire_relations(&binder.opened(), work, ctx).await?;
    let named = |columns: &[ir::OutputColumn]| {
        columns.iter().map(|column| (column.name.clone(), column.ty)).collect()
    };
    if routine::are_called_in(&statement) {
        ctx.eval.loan.open(work);
    }
    if let (Statement::Query(query), true) = (&statement, ctx.eval.loan.is_needed()) {
        let rows = routine::all_rows(query, work, ctx).await?;
        return Ok((named(&query.output), Box::pin(futures::stream::iter([Ok(rows)]))));
    }
    if let Statement::Query(query) = &statement {
        return Ok((named(&query.output), run::rows(query, &[], work, ctx).await?));
    }
    let compiled = crate::sql::dml::Compiled::new(&statement, &work.catalog)?;
    let columns = compiled.returned_columns().ok_or_else(|| {
        Error::new(sqlstate::FEATURE_NOT_SUPPORTED, "COPY query must have a RETURNING clause")
    })?;
    let columns = columns.iter().map(|column| (column.name.clone(), column.ty)).collect();
    let effect = compiled.run(&[], work, ctx).await?;
    Ok((columns, Box::pin(futures::stream::iter([Ok(effect.rows)]))))
}

/// What COPY of a table with policies copies: the rows that a query would show.
fn secured_query(
    relation: &Relation,
    info: &TableInfo,
    positions: &[usize],
    work: &Work,
) -> Result<ast::Node> {
    let name = |at: &usize| catalog::quote_identifier(&info.columns[*at].name);
    let columns: Vec<String> = positions.iter().map(name).collect();
    let schema = work.catalog.schema_name(relation.schema);
    let table = catalog::quote_qualified(Some(schema), &relation.name);
    let sql = format!("SELECT {} FROM ONLY {table}", columns.join(", "));
    let statements = crate::sql::parse::parse(&sql)?;
    let only = statements.first();
    let only = only.ok_or_else(|| Error::internal("a query without a statement"))?;
    Ok(ast::Node { node: Some(only.node.clone()) })
}

/// The rows of COPY table TO, read on a thread of their own.
async fn table_rows(
    statement: &ast::CopyStmt,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<(Columns, RowChunks)> {
    let relation = relation(statement, work, ctx)?;
    let columns = written_columns(&relation, &statement.attlist);
    privilege::check_columns(&relation, columns, acl::SELECT, &ctx.eval)?;
    if privilege::is_row_secured(&relation, &ctx.eval)? {
        let info = TableInfo::of(&work.catalog, relation.oid)?;
        let positions = positions(&info, &statement.attlist)?;
        let query = secured_query(&relation, &info, &positions, work)?;
        return query_rows(&query, work, ctx).await;
    }
    require_table(&relation, "from")?;
    if relation.is_partitioned() {
        return Err(Error::new(
            sqlstate::WRONG_OBJECT_TYPE,
            format!("cannot copy from partitioned table \"{}\"", relation.name),
        )
        .with_hint("Try the COPY (SELECT ...) TO variant."));
    }
    let mode = LockMode::AccessShare;
    lock::acquire_relation(relation.oid, mode, WaitPolicy::Wait, work, ctx).await?;
    let info = TableInfo::of(&work.catalog, relation.oid)?;
    let positions = positions(&info, &statement.attlist)?;
    let columns = positions
        .iter()
        .map(|position| (info.columns[*position].name.clone(), info.columns[*position].ty))
        .collect();
    let (sender, receiver) = mpsc::channel(BATCHES_MAX);
    let (overlay, cancel) = (work.txn.overlay(), ctx.cancel.clone());
    let chunk_rows = ctx.limits.batch_rows.max(1);
    tokio::task::spawn_blocking(move || {
        let mut rows = rid_rows(&info, &overlay, 0, u64::MAX).peekable();
        while rows.peek().is_some() {
            let chunk = match cancel.is_cancelled() {
                true => Err(Error::query_canceled()),
                false => rows
                    .by_ref()
                    .take(chunk_rows)
                    .map(|row| lookup::columns(&info, &row?.1, &positions))
                    .collect(),
            };
            let failed = chunk.is_err();
            if sender.blocking_send(chunk).is_err() || failed {
                return;
            }
        }
    });
    let rows = futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    Ok((columns, Box::pin(rows)))
}

type Messages = std::pin::Pin<Box<dyn Stream<Item = Result<(Bytes, u64)>> + Send>>;

/// One message per row, as the protocol says, with header and trailer around.
fn messages(mut encoder: Encoder, rows: RowChunks, ctx: StatementContext) -> Messages {
    let header = encoder.header_line().map(|bytes| bytes.map(|bytes| (bytes, 0))).transpose();
    let rows_and_end = rows.map(Some).chain(futures::stream::iter([None]));
    let messages = rows_and_end.flat_map(move |chunk| {
        let messages = match chunk {
            Some(chunk) => chunk.and_then(|chunk| encode(&mut encoder, &ctx, &chunk)),
            None => Ok(encoder.trailer().map(|bytes| (bytes, 0)).into_iter().collect()),
        };
        futures::stream::iter(match messages {
            Ok(messages) => messages.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        })
    });
    Box::pin(futures::stream::iter(header).chain(messages))
}

fn encode(
    encoder: &mut Encoder,
    ctx: &StatementContext,
    rows: &[Vec<Datum>],
) -> Result<Vec<(Bytes, u64)>> {
    let mut out = BytesMut::with_capacity(CHUNK_BYTES);
    let mut messages = Vec::with_capacity(rows.len());
    for row in rows {
        encoder.row(&ctx.eval, row, &mut out)?;
        messages.push((out.split().freeze(), 1));
    }
    Ok(messages)
}

async fn write_file(mut messages: Messages, path: &Path) -> Result<u64> {
    if !path.is_absolute() {
        return Err(Error::new(
            sqlstate::INVALID_NAME,
            "relative path not allowed for COPY to file",
        ));
    }
    let failed = |error: &std::io::Error| {
        let message =
            format!("could not open file \"{}\" for writing: {}", path.display(), reason(error));
        Error::new(sqlstate::IO_ERROR, message)
    };
    let file = tokio::fs::File::create(path).await.map_err(|error| failed(&error))?;
    let mut file = tokio::io::BufWriter::new(file);
    let mut total = 0;
    while let Some(message) = messages.next().await {
        let (bytes, rows) = message?;
        file.write_all(&bytes).await.map_err(|error| failed(&error))?;
        total += rows;
    }
    file.flush().await.map_err(|error| failed(&error))?;
    Ok(total)
}

/// The operating system's words, without Rust's "(os error 2)".
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
