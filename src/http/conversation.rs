//! A session that answers requests: one statement after the other, parameters bound.
//!
//! ```text
//! open(principal) ── begin? ── start(statement) ── next(answer)* ── finish(answer) ── commit? ── drop
//! ```
//! It runs in a task of its own ([`Leash::run`]): a statement may compute for long between two
//! points where it could be dropped, and whoever watches the client's connection must not
//! wait for it. A client that goes away lets go of the [`Leash`], which cancels. Dropping a
//! conversation undoes what is not committed; what a session leaves behind (temporary
//! tables) is removed then.

use std::sync::Arc;

use serde_json::Value;

use super::Http;
use super::params;
use super::principal::{self, Principal};
use super::problem::Problem;
use super::rows::{RowWriter, Shape};
use crate::error::{Error, Report, Result};
use crate::session::registry::Backend;
use crate::session::stat_statements::Measure;
use crate::session::{
    BindRequest, Database, Login, Phase, PortalState, RowCursor, Session, Statement,
};
use crate::sql::functions::EvalContext;
use crate::sql::outcome::{Outcome, ResultColumn, Rows, RowsTag};
use crate::sql::types::{Datum, SqlType};

/// Bytes of the secret that a cancel request would need; nobody is told it.
const SECRET_BYTES: usize = 32;

pub struct Conversation {
    /// Taken when it is closed.
    session: Option<Session>,
    /// Statements share a transaction that was begun.
    in_block: bool,
}

/// Held by who waits for a conversation: dropping it cancels what runs.
pub struct Leash(Arc<Backend>);

impl Drop for Leash {
    fn drop(&mut self) {
        self.0.terminate();
    }
}

impl Leash {
    /// The result of work for a conversation, done on a task of its own.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        match tokio::spawn(work).await {
            Ok(result) => result,
            Err(error) => {
                tracing::error!(%error, "a request has panicked");
                Err(Problem::of(&Error::internal("the request could not be finished"), ""))
            }
        }
    }
}

/// A statement that runs, or has run.
pub struct Answer {
    pub columns: Option<Arc<[ResultColumn]>>,
    cursor: Option<RowCursor>,
    command: String,
    /// What it costs, where that is counted.
    measure: Option<Measure>,
}

/// What a statement did: `INSERT` and 3.
#[derive(Debug, PartialEq, Eq)]
pub struct Done {
    pub command: String,
    /// None where rows are not what it is about.
    pub count: Option<u64>,
}

impl Done {
    /// From the text of CommandComplete.
    fn of(tag: &str) -> Done {
        match tag.rsplit_once(' ').map(|(verb, count)| (verb, count.parse())) {
            Some((verb, Ok(count))) => {
                let command = verb.strip_suffix(" 0").unwrap_or(verb).to_owned();
                Done { command, count: Some(count) }
            }
            _ => Done { command: tag.to_owned(), count: None },
        }
    }
}

impl Conversation {
    /// Logs a principal in; `settings` are parameters of the session.
    pub async fn open(
        http: &Http,
        principal: &Principal,
        mut settings: Vec<(String, String)>,
    ) -> Result<Conversation> {
        settings.push((principal::CLAIMS.to_owned(), principal.claims.to_string()));
        let database = &http.front.database;
        database.registry.check_room(database.config().max_connections)?;
        let login = Login {
            user: principal.role.clone(),
            database: principal.database.clone(),
            ends: Some(principal.ends),
            secret_bytes: SECRET_BYTES,
            settings,
            proved: principal.proved(),
        };
        let session = database.admit(login).await?;
        Ok(Conversation { session: Some(session), in_block: false })
    }

    /// A conversation of the server's own, with the rights of a role; `settings` are
    /// parameters of the session.
    pub async fn of_role(
        database: &Arc<Database>,
        role: &str,
        name: &str,
        settings: Vec<(String, String)>,
    ) -> Result<Conversation> {
        let login = Login {
            user: role.to_owned(),
            database: name.to_owned(),
            ends: None,
            secret_bytes: SECRET_BYTES,
            settings,
            proved: Vec::new(),
        };
        let session = database.admit_as(login).await?;
        Ok(Conversation { session: Some(session), in_block: false })
    }

    /// What others see of it, and stop it by.
    pub fn backend(&mut self) -> Result<Arc<Backend>> {
        Ok(self.session()?.backend().clone())
    }

    /// `0A000` for a statement that would end the transaction that it is in, or begin one:
    /// what is known before it runs.
    pub fn refuse_transaction_command(&mut self, text: &str) -> Result<()> {
        let session = self.session()?;
        session.prepare("", text, Vec::new())?;
        match session.prepared("")?.is_transaction_command() {
            true => Err(Error::unsupported("a transaction command here")),
            false => Ok(()),
        }
    }

    /// All rows of a statement, each a JSON object, after its end.
    pub async fn rows(&mut self, text: &str, values: &[Value]) -> Result<Vec<Value>> {
        let mut answer = self.start(text, values).await?;
        let mut out = b"[".to_vec();
        if let Some(columns) = answer.columns.clone() {
            let writer = RowWriter::new(columns, self.eval_context()?, Shape::Object)?;
            while let Some(rows) = self.next(text, &mut answer, u64::MAX).await? {
                writer.write(&rows, b",", &mut out)?;
            }
        }
        self.finish(answer).await?;
        if out.last() == Some(&b',') {
            out.pop();
        }
        out.push(b']');
        serde_json::from_slice(&out)
            .map_err(|error| Error::internal(format!("rows that are not JSON: {error}")))
    }

    /// What cancels it.
    pub fn leash(&mut self) -> Result<Leash> {
        Ok(Leash(self.session()?.backend().clone()))
    }

    fn session(&mut self) -> Result<&mut Session> {
        self.session.as_mut().ok_or_else(|| Error::internal("a session that was closed"))
    }

    /// Begins a transaction for the statements up to [`Conversation::commit`].
    pub async fn begin(&mut self, begin: &str) -> Result<()> {
        self.command(begin).await?;
        self.in_block = true;
        Ok(())
    }

    pub async fn commit(&mut self) -> Result<()> {
        self.in_block = false;
        let done = self.command("COMMIT").await?;
        match done.command.as_str() {
            // A failed one is rolled back, and its error has been told.
            "ROLLBACK" => Err(crate::session::failed_transaction()),
            _ => Ok(()),
        }
    }

    async fn command(&mut self, text: &str) -> Result<Done> {
        let answer = self.start(text, &[]).await?;
        self.finish(answer).await
    }

    /// Runs a statement up to its first rows.
    pub async fn start(&mut self, text: &str, values: &[Value]) -> Result<Answer> {
        let started = self.try_start(text, Values::Json(values)).await;
        self.or_fail(text, started)
    }

    /// The same with parameters of the types that the statement gives them.
    pub async fn start_with(&mut self, text: &str, values: Vec<Datum>) -> Result<Answer> {
        let started = self.try_start(text, Values::Datums(values)).await;
        self.or_fail(text, started)
    }

    async fn try_start(&mut self, text: &str, values: Values<'_>) -> Result<Answer> {
        let session = self.session()?;
        session.message_arrived();
        session.backend().set_query(&Arc::from(text));
        session.prepare("", text, Vec::new())?;
        let (types, columns) = session.describe_prepared("")?;
        let (statement, params) = match values {
            Values::Json(values) => bind(session, &types, values)?,
            Values::Datums(values) if values.len() == types.len() => {
                (session.prepared("")?, values)
            }
            Values::Datums(_) => return Err(Error::internal("a statement has other parameters")),
        };
        session.begin_command(Phase::Single)?;
        session.log_execute("", &statement, &params, true);
        let measure = session.begin_measure(&statement);
        let outcome = session.run(&statement, params).await?;
        let (columns, cursor, command) = match outcome {
            Outcome::Rows(stream) => {
                let cursor = RowCursor::new(stream);
                (Some(cursor.columns.clone()), Some(cursor), String::new())
            }
            Outcome::Command(command) => (columns, None, command),
            Outcome::Empty => (None, None, String::new()),
            Outcome::CopyIn(_) | Outcome::CopyOut(_) => {
                return Err(Error::unsupported("COPY over HTTP"));
            }
        };
        Ok(Answer { columns, cursor, command, measure })
    }

    /// The next rows of an answer, at most `max`; none at the end.
    pub async fn next(
        &mut self,
        text: &str,
        answer: &mut Answer,
        max: u64,
    ) -> Result<Option<Rows>> {
        let Some(cursor) = answer.cursor.as_mut().filter(|_| max > 0) else { return Ok(None) };
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let next = self.session()?.next_rows(cursor, max).await;
        self.or_fail(text, next)
    }

    /// Ends a statement whose rows were read: its commit, unless it is in a block.
    pub async fn finish(&mut self, answer: Answer) -> Result<Done> {
        let done = match answer.cursor {
            Some(cursor) => match &cursor.tag {
                RowsTag::Counted(verb) => {
                    let command = verb.strip_suffix(" 0").unwrap_or(verb).to_owned();
                    Done { command, count: Some(cursor.taken) }
                }
                RowsTag::Fixed(tag) => Done::of(tag),
            },
            None => Done::of(&answer.command),
        };
        let session = self.session()?;
        session.end_measure(answer.measure, done.count.unwrap_or(0));
        let ended = session.end_command(true).await;
        self.or_fail("", ended)?;
        Ok(done)
    }

    fn or_fail<T>(&mut self, text: &str, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| {
            if let Some(session) = &mut self.session {
                session.fail();
                session.log_error(error, text);
            }
        })
    }

    /// Bytes of a result that is not streamed, at most.
    pub fn max_response(&mut self) -> Result<usize> {
        Ok(self.session()?.database().config().http_max_response.get())
    }

    pub fn take_notices(&mut self) -> Vec<Report> {
        self.session.as_mut().map(Session::take_notices).unwrap_or_default()
    }

    pub fn eval_context(&mut self) -> Result<Arc<EvalContext>> {
        Ok(self.session()?.eval_context())
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let Some(mut session) = self.session.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { session.close().await });
        }
    }
}

/// Parameters as they came.
enum Values<'a> {
    Json(&'a [Value]),
    Datums(Vec<Datum>),
}

/// Reads the parameters of the unnamed statement.
fn bind(
    session: &mut Session,
    types: &[SqlType],
    values: &[Value],
) -> Result<(Arc<Statement>, Vec<Datum>)> {
    let eval = session.eval_context();
    let is_array = |ty: &SqlType| eval.catalog.type_(ty.oid).is_some_and(|ty| ty.element != 0);
    let bind = |(index, value): (usize, &Value)| {
        params::text(value, types.get(index).is_some_and(is_array))
    };
    session.bind(BindRequest {
        portal: String::new(),
        statement: String::new(),
        param_formats: Vec::new(),
        params: values.iter().enumerate().map(bind).collect(),
        result_formats: Vec::new(),
    })?;
    let portal = session.portal("")?;
    portal.state = PortalState::Done { rows: None };
    Ok((portal.statement.clone(), std::mem::take(&mut portal.params)))
}

#[cfg(test)]
mod tests {
    use super::Done;

    #[test]
    fn a_tag_tells_a_command_and_a_count() {
        let done = |tag: &str| {
            let done = Done::of(tag);
            (done.command, done.count)
        };
        assert_eq!(done("INSERT 0 3"), ("INSERT".to_owned(), Some(3)));
        assert_eq!(done("UPDATE 0"), ("UPDATE".to_owned(), Some(0)));
        assert_eq!(done("CREATE TABLE"), ("CREATE TABLE".to_owned(), None));
        assert_eq!(done(""), (String::new(), None));
    }
}
