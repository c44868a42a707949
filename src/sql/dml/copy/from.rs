//! COPY … FROM: parsed rows into the table.

use std::sync::Arc;

use bytes::Bytes;

use super::bad_format;
use super::binary::BinaryRows;
use super::fields::{Fields, Lines, split, utf8};
use super::options::{CopyOptions, Header};
use crate::error::{Error, Result};
use crate::sql::outcome::{CopyFormat, CopyIn};
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::encoding::Encoding;
use crate::sql::types::{self, Datum};
use crate::sqlstate;
use crate::table::part;
use crate::table::trigger::Transitions;
use crate::table::{Event, RowExpression, TableInfo, Writer};

/// Longer values and lines are cut in CONTEXT (PostgreSQL's MAX_COPY_DATA_DISPLAY).
const DISPLAY_BYTES_MAX: usize = 100;

/// What COPY FROM needs to know before the first byte.
pub struct CopySource {
    pub info: Arc<TableInfo>,
    pub options: CopyOptions,
    /// Positions of the columns in the data, in order.
    pub positions: Vec<usize>,
    /// Defaults of columns that are not in the data.
    pub defaults: Vec<(usize, Arc<dyn RowExpression>)>,
    /// WHERE, over the table's columns.
    pub condition: Option<Arc<dyn RowExpression>>,
}

enum Parser {
    Lines(Lines),
    Binary(BinaryRows),
}

/// Makes UTF-8 of data that is in another encoding.
struct Transcoder {
    encoding: Encoding,
    /// The beginning of a character whose rest is still to come.
    cut: Vec<u8>,
}

impl Transcoder {
    fn feed(&mut self, bytes: &[u8], lines: &mut Lines) -> Result<()> {
        match self.encoding.is_verbatim() {
            true => lines.feed(bytes),
            false => self.convert(bytes, false, lines),
        }
    }

    fn finish(&mut self, lines: &mut Lines) -> Result<()> {
        match self.cut.is_empty() {
            true => Ok(()),
            false => self.convert(&[], true, lines),
        }
    }

    fn convert(&mut self, bytes: &[u8], is_last: bool, lines: &mut Lines) -> Result<()> {
        let mut all = std::mem::take(&mut self.cut);
        all.extend_from_slice(bytes);
        let mut text = String::with_capacity(all.len() * 2);
        let read = self.encoding.decode_into(&all, is_last, &mut text);
        lines.feed(text.as_bytes())?;
        match read {
            Ok(read) => {
                all.drain(..read);
                self.cut = all;
            }
            Err(error) => lines.fail_after(error),
        }
        Ok(())
    }
}

/// Rows that are read before the first of them is written, and bytes of their lines, as in
/// PostgreSQL: a line that cannot be read is told of before a key that is there already.
const TOGETHER_ROWS_MAX: usize = 1_000;
const TOGETHER_BYTES_MAX: usize = 65_535;

/// Receives the data of one COPY FROM. Rows are written some at a time where nothing sees
/// the difference (no triggers, no functions that users wrote), else as they are complete;
/// a failed statement is undone by the session.
pub struct CopyFrom {
    source: CopySource,
    ctx: StatementContext,
    parser: Parser,
    transcoder: Transcoder,
    fields: Fields,
    /// The last line, for CONTEXT; empty in binary format.
    line_bytes: Vec<u8>,
    /// The line being read, counted from 1, header included.
    line: u64,
    header_pending: bool,
    /// Whether the statement-level triggers have fired.
    begun: bool,
    transitions: Transitions,
    rows: u64,
    /// Rows to be written, each with its line.
    pending: Vec<(Vec<Datum>, u64)>,
    pending_bytes: usize,
}

/// Where an error is, for CONTEXT.
enum Place<'a> {
    Line,
    Data(&'a [u8]),
    Column(&'a str, Option<&'a [u8]>),
    /// A field that is NULL.
    Null(&'a str),
}

impl CopyFrom {
    pub fn new(source: CopySource, ctx: StatementContext) -> CopyFrom {
        let parser = match source.options.format {
            CopyFormat::Binary => Parser::Binary(BinaryRows::default()),
            _ => Parser::Lines(Lines::new(&source.options)),
        };
        let header_pending = source.options.header != Header::None;
        let encoding = source.options.encoding.unwrap_or(ctx.eval.settings.client_encoding);
        CopyFrom {
            source,
            ctx,
            parser,
            transcoder: Transcoder { encoding, cut: Vec::new() },
            fields: Fields::default(),
            line_bytes: Vec::new(),
            line: 0,
            header_pending,
            begun: false,
            transitions: Transitions::default(),
            rows: 0,
            pending: Vec::new(),
            pending_bytes: 0,
        }
    }

    /// Takes a piece of data.
    pub async fn feed(&mut self, bytes: &[u8], work: &mut Work) -> Result<()> {
        match &mut self.parser {
            Parser::Lines(lines) => self.transcoder.feed(bytes, lines)?,
            Parser::Binary(rows) => rows.feed(bytes),
        }
        self.drain(work, false).await
    }

    /// Takes the end of the data; answers the number of rows.
    pub async fn finish(mut self, work: &mut Work) -> Result<u64> {
        if let Parser::Lines(lines) = &mut self.parser {
            self.transcoder.finish(lines)?;
        }
        self.drain(work, true).await?;
        let mut writer = Writer::new(work, &self.ctx);
        writer.transitions = std::mem::take(&mut self.transitions);
        writer.after_statement(&self.source.info, Event::Insert, &[])?;
        writer.finish().await?;
        Ok(self.rows)
    }

    async fn drain(&mut self, work: &mut Work, last: bool) -> Result<()> {
        let info = self.source.info.clone();
        let ctx = self.ctx.clone();
        let mut writer = Writer::new(work, &ctx);
        writer.transitions = std::mem::take(&mut self.transitions);
        if !std::mem::replace(&mut self.begun, true) {
            writer.before_statement(&info, Event::Insert, &[])?;
        }
        if self.calls_functions() && !ctx.eval.loan.is_needed() {
            ctx.eval.loan.open(writer.work);
        }
        let together = self.writes_together(&writer)?;
        loop {
            if self.ctx.cancel.is_cancelled() {
                return Err(Error::query_canceled());
            }
            let Some(mut row) = writer.lend(|| self.next_row(last))? else {
                if last {
                    self.write_pending(&mut writer).await?;
                }
                self.transitions = std::mem::take(&mut writer.transitions);
                return Ok(());
            };
            if let Some(condition) = &self.source.condition
                && !matches!(
                    writer.lend(|| condition.eval(&self.ctx.eval, &row))?,
                    Datum::Bool(true)
                )
            {
                continue;
            }
            if together {
                let checked = writer.complete(&info, &mut row);
                checked.map_err(|error| self.write_failed(error, self.line))?;
                self.pending_bytes += match self.source.options.format {
                    CopyFormat::Binary => row.iter().map(long_bytes).sum(),
                    _ => self.line_bytes.len(),
                };
                self.pending.push((row, self.line));
                if self.pending.len() >= TOGETHER_ROWS_MAX
                    || self.pending_bytes >= TOGETHER_BYTES_MAX
                {
                    self.write_pending(&mut writer).await?;
                }
                continue;
            }
            let written = match info.relation.is_partitioned() {
                false if info.relation.view().is_some() => writer
                    .instead_of_row(&info, Event::Insert, None, Some(row))
                    .map(|row| row.map(|row| (0, row))),
                false => writer.insert_firing(&info, row).await,
                true => match writer.route(&info, row) {
                    Ok((member, row)) => {
                        let policed = part::Policed::NONE;
                        part::insert_routed(&mut writer, &info, &member, row, policed).await
                    }
                    Err(error) => Err(error),
                },
            };
            match written {
                Err(error) => return Err(self.write_failed(error, self.line)),
                Ok(written) => self.rows += u64::from(written.is_some()),
            }
        }
    }

    /// Whether a default or WHERE works in the transaction.
    fn calls_functions(&self) -> bool {
        let source = &self.source;
        source.defaults.iter().any(|(_, default)| default.calls_functions())
            || source.condition.as_ref().is_some_and(|condition| condition.calls_functions())
    }

    /// Whether rows may be written some at a time.
    fn writes_together(&self, writer: &Writer<'_>) -> Result<bool> {
        let info = &self.source.info;
        let is_plain = info.relation.is_table()
            && !info.relation.is_partitioned()
            && !info.is_partition()
            && info.triggers.is_none();
        if !is_plain || self.calls_functions() {
            return Ok(false);
        }
        let expressions = info.expressions(&writer.work.catalog, &self.ctx)?;
        Ok(!expressions.call_functions)
    }

    async fn write_pending(&mut self, writer: &mut Writer<'_>) -> Result<()> {
        let info = self.source.info.clone();
        self.pending_bytes = 0;
        for (row, line) in std::mem::take(&mut self.pending) {
            let written = writer.insert(&info, row).await;
            written.map_err(|error| self.write_failed(error, line))?;
            self.rows += 1;
        }
        Ok(())
    }

    /// The next row, complete with defaults.
    fn next_row(&mut self, last: bool) -> Result<Option<Vec<Datum>>> {
        let mut row = match self.source.options.format {
            CopyFormat::Binary => self.next_binary(last)?,
            _ => self.next_line(last)?,
        };
        if let Some(row) = &mut row {
            for (position, default) in &self.source.defaults {
                row[*position] = default.eval(&self.ctx.eval, &[])?;
            }
        }
        Ok(row)
    }

    fn next_line(&mut self, last: bool) -> Result<Option<Vec<Datum>>> {
        let Parser::Lines(lines) = &mut self.parser else { return Ok(None) };
        loop {
            let name = self.source.info.name();
            let line = lines
                .next(last)
                .map_err(|error| located(error, name, self.line + 1, Place::Line))?;
            let Some(line) = line else { return Ok(None) };
            self.line += 1 + line_breaks(&self.source.options, line);
            let whole = |error| located(error, name, self.line, Place::Data(line));
            split(line, &self.source.options, &mut self.fields).map_err(whole)?;
            if std::mem::take(&mut self.header_pending) {
                if self.source.options.header == Header::Match {
                    check_header(&self.source, &self.fields)
                        .map_err(|error| located(error, name, self.line, Place::Data(line)))?;
                }
                continue;
            }
            self.line_bytes.clear();
            self.line_bytes.extend_from_slice(line);
            let row = convert(&self.source, &self.ctx, &self.fields, line, self.line)?;
            return Ok(Some(row));
        }
    }

    fn next_binary(&mut self, last: bool) -> Result<Option<Vec<Datum>>> {
        let Parser::Binary(rows) = &mut self.parser else { return Ok(None) };
        let info = &self.source.info;
        let name = info.name();
        let expected = self.source.positions.len();
        let fields = rows.next(expected, last);
        // An error of the header is of no line.
        let place = match rows.field().and_then(|field| self.source.positions.get(field)) {
            Some(position) => Place::Column(&info.columns[*position].name, None),
            None => Place::Line,
        };
        let fields = match rows.header_read() {
            true => fields.map_err(|error| located(error, name, self.line + 1, place))?,
            false => fields?,
        };
        let Some(fields) = fields else { return Ok(None) };
        self.line += 1;
        let mut row = vec![Datum::Null; info.columns.len()];
        let input = self.ctx.eval.input();
        for (position, field) in self.source.positions.iter().zip(fields) {
            let column = &info.columns[*position];
            let Some(range) = field else {
                input.null(column.ty.oid).map_err(|error| {
                    located(error, name, self.line, Place::Column(&column.name, None))
                })?;
                continue;
            };
            row[*position] = types::binary_recv(rows.bytes(range), column.ty, &column.repr, &input)
                .map_err(|error| {
                    located(error, name, self.line, Place::Column(&column.name, None))
                })?;
        }
        Ok(Some(row))
    }

    /// Adds the line to an error of writing a row. Foreign keys are checked after
    /// the data in PostgreSQL, so their errors know of no line.
    fn write_failed(&self, error: Error, line: u64) -> Error {
        let code = error.code();
        if code == sqlstate::FOREIGN_KEY_VIOLATION {
            return error;
        }
        // By the time an index complains, PostgreSQL has read on.
        let of_row = code == sqlstate::NOT_NULL_VIOLATION || code == sqlstate::CHECK_VIOLATION;
        let place = match of_row && !self.line_bytes.is_empty() {
            true => Place::Data(&self.line_bytes),
            false => Place::Line,
        };
        located(error, self.source.info.name(), line, place)
    }
}

/// The bytes of a value that may be long.
fn long_bytes(value: &Datum) -> usize {
    match value {
        Datum::Text(text) => text.len(),
        Datum::Bytea(bytes) => bytes.len(),
        Datum::Jsonb(document) => document.0.len(),
        Datum::Array(array) => array.elements.iter().map(long_bytes).sum(),
        Datum::Record(fields) => fields.iter().map(|(_, field)| long_bytes(field)).sum(),
        _ => size_of::<Datum>(),
    }
}

/// The fields of a line as a row.
fn convert(
    source: &CopySource,
    ctx: &StatementContext,
    fields: &Fields,
    line: &[u8],
    number: u64,
) -> Result<Vec<Datum>> {
    let info = &source.info;
    let whole = |error| located(error, info.name(), number, Place::Data(line));
    if fields.len() > source.positions.len() {
        return Err(whole(bad_format("extra data after last expected column")));
    }
    let mut row = vec![Datum::Null; info.columns.len()];
    let input = ctx.eval.input();
    for (index, position) in source.positions.iter().enumerate() {
        let column = &info.columns[*position];
        if index >= fields.len() {
            let message = format!("missing data for column \"{}\"", column.name);
            return Err(whole(bad_format(message)));
        }
        let Some(bytes) = forced(&source.options, &column.name, fields.get(index)) else {
            input
                .null(column.ty.oid)
                .map_err(|error| located(error, info.name(), number, Place::Null(&column.name)))?;
            continue;
        };
        let of_line = |error| located(error, info.name(), number, Place::Line);
        let text = utf8(bytes).map_err(|error| invalid_line(line).unwrap_or(error));
        let value = text.map_err(of_line).and_then(|text| {
            types::text_input(text, column.ty, &column.repr, &input).map_err(|error| {
                let place = Place::Column(&column.name, Some(bytes));
                located(error, info.name(), number, place)
            })
        })?;
        row[*position] = value;
    }
    Ok(row)
}

/// `22021` of a line that is not UTF-8 as it came, as PostgreSQL finds it before it looks
/// for fields: the bytes of the character go over the line's end.
fn invalid_line(line: &[u8]) -> Option<Error> {
    let at = std::str::from_utf8(line).err()?.valid_up_to();
    let mut rest = line[at..].to_vec();
    rest.push(b'\n');
    utf8(&rest).err()
}

/// Line breaks within a row: those in quotes. Lines are counted as an editor does.
fn line_breaks(options: &CopyOptions, line: &[u8]) -> u64 {
    match options.format {
        CopyFormat::Csv => line.iter().filter(|byte| **byte == b'\n').count() as u64,
        _ => 0,
    }
}

/// FORCE_NOT_NULL and FORCE_NULL.
fn forced<'a>(options: &'a CopyOptions, column: &str, field: Option<&'a [u8]>) -> Option<&'a [u8]> {
    match field {
        None if options.force_not_null.contains(column) => Some(options.null.as_bytes()),
        Some(bytes) if bytes == options.null.as_bytes() && options.force_null.contains(column) => {
            None
        }
        field => field,
    }
}

fn check_header(source: &CopySource, fields: &Fields) -> Result<()> {
    let expected = source.positions.len();
    if fields.len() != expected {
        return Err(bad_format(format!(
            "wrong number of fields in header line: got {}, expected {expected}",
            fields.len()
        )));
    }
    for (index, position) in source.positions.iter().enumerate() {
        let expected = &source.info.columns[*position].name;
        let number = index + 1;
        match fields.get(index) {
            Some(name) if name == expected.as_bytes() => {}
            Some(name) => {
                return Err(bad_format(format!(
                    "column name mismatch in header line field {number}: got \"{}\", expected \
                     \"{expected}\"",
                    String::from_utf8_lossy(name)
                )));
            }
            None => {
                return Err(bad_format(format!(
                    "column name mismatch in header line field {number}: got null value (\"{}\"), \
                     expected \"{expected}\"",
                    source.options.null
                )));
            }
        }
    }
    Ok(())
}

/// `COPY t, line 3, column a: "x"`.
fn located(error: Error, table: &str, line: u64, place: Place<'_>) -> Error {
    let context = match place {
        Place::Line => format!("COPY {table}, line {line}"),
        Place::Data(data) => format!("COPY {table}, line {line}: \"{}\"", display(data)),
        Place::Column(column, Some(value)) => {
            format!("COPY {table}, line {line}, column {column}: \"{}\"", display(value))
        }
        Place::Null(column) => format!("COPY {table}, line {line}, column {column}: null input"),
        Place::Column(column, None) => format!("COPY {table}, line {line}, column {column}"),
    };
    error.with_context(context)
}

fn display(bytes: &[u8]) -> String {
    if bytes.len() <= DISPLAY_BYTES_MAX {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut end = DISPLAY_BYTES_MAX;
    while end > 0 && bytes[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    format!("{}...", String::from_utf8_lossy(&bytes[..end]))
}

#[async_trait::async_trait]
impl CopyIn for CopyFrom {
    fn format(&self) -> CopyFormat {
        self.source.options.format
    }

    fn column_count(&self) -> usize {
        self.source.positions.len()
    }

    fn place(&self) -> String {
        format!("COPY {}, line {}", self.source.info.name(), self.line + 1)
    }

    async fn data(&mut self, bytes: Bytes, work: &mut Work) -> Result<()> {
        self.feed(&bytes, work).await
    }

    async fn done(self: Box<Self>, work: &mut Work) -> Result<u64> {
        self.finish(work).await
    }
}
