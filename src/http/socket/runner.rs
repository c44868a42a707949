//! Does the requests of a client, one after the other, each on a task of its own; what there
//! is to say of one a [`Voice`] puts in the words of the protocol.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use super::message::{Begin, Query, Request};
use super::voice::Voice;
use crate::error::{Error, Report, Result};
use crate::http::conversation::{Conversation, Done, Leash};
use crate::http::principal::Principal;
use crate::http::rows::RowWriter;
use crate::http::{Http, extension};
use crate::session::rows::row_count;
use crate::session::{failed_transaction, registry};
use crate::sqlstate;

/// Rows of a page where the query does not say, and at most.
const PAGE_ROWS: u32 = 1_000;
const PAGE_ROWS_MAX: u32 = 8_192;

/// How a request has ended, and what is to be noted of it.
type Ended = (Done, Vec<Report>);

/// How others reach into a request.
pub struct Control {
    cancel: CancellationToken,
    /// What it runs in.
    leash: Mutex<Option<Leash>>,
    /// Pages that may be sent; none is counted without a window.
    window: Option<Semaphore>,
    is_stalled: AtomicBool,
}

impl Control {
    pub fn of(request: &Request) -> Control {
        let window = match request {
            Request::Query(query) => query.window,
            _ => None,
        };
        let permits = window.map(|pages| Semaphore::new(permits(pages)));
        Control {
            cancel: CancellationToken::new(),
            leash: Mutex::new(None),
            window: permits,
            is_stalled: AtomicBool::new(false),
        }
    }

    /// The client takes more pages.
    pub fn widen(&self, pages: u64) {
        if let Some(window) = &self.window {
            let room = Semaphore::MAX_PERMITS / 2;
            window.add_permits(permits(pages).min(room.saturating_sub(window.available_permits())));
        }
    }

    /// Whether it was told to end.
    pub fn is_stopped(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Whether it waits for its client to take more.
    pub fn is_stalled(&self) -> bool {
        self.is_stalled.load(Ordering::Relaxed)
    }

    /// Waits until a page may be sent.
    async fn room(&self) -> Result<()> {
        let Some(window) = &self.window else { return Ok(()) };
        self.is_stalled.store(true, Ordering::Relaxed);
        let permit = tokio::select! {
            permit = window.acquire() => permit.map_err(|_| Error::query_canceled()),
            () = self.cancel.cancelled() => Err(Error::query_canceled()),
        };
        self.is_stalled.store(false, Ordering::Relaxed);
        permit.map(|permit| permit.forget())
    }

    /// It has a session from now on.
    fn hold(&self, leash: Leash) {
        let mut held = self.leash.lock();
        if self.is_stopped() {
            leash.cancel();
        }
        *held = Some(leash);
    }

    /// Ends it, whether it runs, waits for its client or has not begun.
    pub fn stop(&self) {
        self.cancel.cancel();
        if let Some(leash) = &*self.leash.lock() {
            leash.cancel();
        }
    }
}

fn permits(pages: u64) -> usize {
    usize::try_from(pages).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS / 4)
}

/// What a client has beyond its requests: its transaction.
pub struct Runner {
    http: Arc<Http>,
    principal: Arc<Principal>,
    transaction: Transaction,
    /// When it was used last.
    used: Instant,
}

enum Transaction {
    None,
    Open {
        conversation: Box<Conversation>,
        begun: Instant,
    },
    /// It has ended by itself, and the client has not said that it knows.
    Lost(Error),
}

impl Runner {
    pub fn new(http: Arc<Http>, principal: Arc<Principal>) -> Runner {
        Runner { http, principal, transaction: Transaction::None, used: Instant::now() }
    }

    /// When its transaction, if it has one, is to be over.
    pub fn deadline(&self) -> Option<Instant> {
        let config = self.http.front.database.config();
        match &self.transaction {
            Transaction::Open { begun, .. } => {
                let idle = self.used + config.http_transaction_idle_timeout.duration();
                Some(idle.min(*begun + config.http_transaction_timeout.duration()))
            }
            _ => None,
        }
    }

    /// When its transaction began.
    pub fn begun(&self) -> Option<Instant> {
        match &self.transaction {
            Transaction::Open { begun, .. } => Some(*begun),
            _ => None,
        }
    }

    /// Rolls a transaction back whose time is over, or whose session is told to end.
    pub fn sweep(&mut self) {
        let config = self.http.front.database.config();
        let Transaction::Open { conversation, begun } = &self.transaction else { return };
        let error = if conversation.is_over() {
            registry::terminated()
        } else if begun.elapsed() >= config.http_transaction_timeout.duration() {
            registry::transaction_timeout()
        } else if self.used.elapsed() >= config.http_transaction_idle_timeout.duration() {
            registry::idle_in_transaction_timeout()
        } else {
            return;
        };
        self.transaction = Transaction::Lost(error);
    }

    /// Does a request; what there is to say of it goes to `out`, and the last of it comes
    /// back, unless nobody listens.
    pub async fn run<V: Voice>(
        mut self,
        mut voice: V,
        request: Request,
        control: Arc<Control>,
        out: Sender<String>,
    ) -> (Runner, Option<String>) {
        let mut text = "";
        let ended = match &request {
            _ if control.is_stopped() => Err(Error::query_canceled()),
            Request::Query(query) => {
                text = &query.query;
                self.query(&mut voice, query, &control, &out).await
            }
            Request::Begin(begin) => self.begin(begin).await.map(Some),
            Request::Commit => self.commit().await.map(Some),
            Request::RollBack => self.roll_back().await.map(Some),
            Request::Listen(_)
            | Request::Unlisten(_)
            | Request::Subscribe(_)
            | Request::Unsubscribe(_) => Err(Error::internal("the line listens by itself")),
        };
        let last = match ended {
            Ok(ended) => ended.map(|(done, notices)| voice.done(&done, &notices)),
            Err(error) => Some(voice.failed(&error, text)),
        };
        self.used = Instant::now();
        if let Transaction::Open { conversation, .. } = &mut self.transaction {
            conversation.let_off();
            conversation.rest();
        }
        self.sweep();
        (self, last)
    }

    async fn begin(&mut self, begin: &Begin) -> Result<Ended> {
        match &self.transaction {
            Transaction::None => {}
            Transaction::Open { .. } => {
                let message = "there is already a transaction in progress";
                return Err(Error::new(sqlstate::ACTIVE_SQL_TRANSACTION, message));
            }
            Transaction::Lost(error) => return Err(error.clone()),
        }
        let mut conversation = open(self.http.clone(), self.principal.clone()).await?;
        conversation.begin(&begin.modes().begin()).await?;
        let conversation = Box::new(conversation);
        self.transaction = Transaction::Open { conversation, begun: Instant::now() };
        Ok(ended("BEGIN"))
    }

    async fn commit(&mut self) -> Result<Ended> {
        match std::mem::replace(&mut self.transaction, Transaction::None) {
            Transaction::None => Err(no_transaction()),
            Transaction::Lost(error) => Err(error),
            Transaction::Open { mut conversation, .. } => {
                conversation.commit().await?;
                Ok((ended("COMMIT").0, conversation.take_notices()))
            }
        }
    }

    async fn roll_back(&mut self) -> Result<Ended> {
        match std::mem::replace(&mut self.transaction, Transaction::None) {
            Transaction::None => return Err(no_transaction()),
            Transaction::Lost(_) => {}
            Transaction::Open { mut conversation, .. } => conversation.roll_back().await?,
        }
        Ok(ended("ROLLBACK"))
    }

    /// Runs a query in the transaction or by itself; how it has ended, unless the client
    /// is gone.
    async fn query<V: Voice>(
        &mut self,
        voice: &mut V,
        query: &Query,
        control: &Control,
        out: &Sender<String>,
    ) -> Result<Option<Ended>> {
        if let Transaction::Lost(error) = &self.transaction {
            return Err(error.clone());
        }
        if let Some(name) = query.extension {
            // By another session: this one may be in a block.
            extension::open(&self.http, &self.principal, name, Vec::new()).await?;
        }
        let is_alone = matches!(self.transaction, Transaction::None);
        let mut own = match is_alone {
            true => Some(open(self.http.clone(), self.principal.clone()).await?),
            false => None,
        };
        let conversation = match (&mut own, &mut self.transaction) {
            (Some(own), _) => own,
            (None, Transaction::Open { conversation, .. }) => conversation.as_mut(),
            (None, _) => return Err(failed_transaction()),
        };
        conversation.set_timeout(query.timeout_ms.map(u64::from))?;
        control.hold(conversation.leash_of_statement()?);
        let sent = send(conversation, voice, query, control, out).await;
        if sent.is_err() {
            conversation.fail();
        }
        conversation.let_off();
        sent
    }
}

async fn open(http: Arc<Http>, principal: Arc<Principal>) -> Result<Conversation> {
    Conversation::open(&http, &principal, Vec::new()).await
}

async fn send<V: Voice>(
    conversation: &mut Conversation,
    voice: &mut V,
    query: &Query,
    control: &Control,
    out: &Sender<String>,
) -> Result<Option<Ended>> {
    let text = &query.query;
    let mut answer = conversation.start_typed(text, &query.params, &query.param_types).await?;
    if let Some(columns) = answer.columns.clone() {
        let writer = RowWriter::new(columns, conversation.eval_context()?, query.rows.shape())?;
        if let Some(columns) = voice.columns(&writer)
            && out.send(columns).await.is_err()
        {
            return Ok(None);
        }
        let page_rows = u64::from(query.page_rows.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX));
        let mut left = query.max_rows.unwrap_or(u64::MAX);
        loop {
            let next = conversation.next(text, &mut answer, page_rows.min(left)).await?;
            let Some(rows) = next else { break };
            left -= row_count(&rows) as u64;
            for page in voice.rows(&writer, &rows)? {
                control.room().await?;
                if out.send(page).await.is_err() {
                    return Ok(None);
                }
            }
        }
        if let Some(page) = voice.rest() {
            control.room().await?;
            if out.send(page).await.is_err() {
                return Ok(None);
            }
        }
    }
    let done = conversation.finish(answer).await?;
    Ok(Some((done, conversation.take_notices())))
}

fn ended(command: &str) -> Ended {
    (Done { command: command.to_owned(), count: None }, Vec::new())
}

/// `25P01`.
fn no_transaction() -> Error {
    Error::new(sqlstate::NO_ACTIVE_SQL_TRANSACTION, "there is no transaction in progress")
}
