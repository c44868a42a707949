//! The requests of one client in their order, of which one runs.
//!
//! ```text
//! push(voice, request)*      start_next()      next() -> Part*, End
//! ```
//! What runs is beside who owns the queue, so that the owner can always read: a cancel, a
//! close. It is computed ahead of who reads by [`AHEAD`] messages. Dropping the queue
//! cancels what runs, and undoes the transaction.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::{self, Receiver};
use tokio::task::JoinHandle;

use super::message::{Id, Request};
use super::runner::{Control, Runner};
use super::voice::Voice;
use crate::http::Http;
use crate::http::conversation::unfinished;
use crate::http::principal::Principal;

/// Messages of a request that wait to be sent: what is computed ahead of who reads.
const AHEAD: usize = 2;

struct Job<V> {
    voice: V,
    request: Request,
    control: Arc<Control>,
}

/// The request that runs.
struct Running<V> {
    voice: V,
    control: Arc<Control>,
    out: Receiver<String>,
    task: JoinHandle<(Runner, Option<String>)>,
    /// When the transaction that it runs in began.
    begun: Option<Instant>,
}

/// What the request that runs says.
pub enum Said<V> {
    Part(String),
    /// It is over; its last message, unless nobody listens.
    End(V, Option<String>),
}

pub struct Queue<V> {
    http: Arc<Http>,
    principal: Arc<Principal>,
    jobs: VecDeque<Job<V>>,
    running: Option<Running<V>>,
    /// While none runs.
    runner: Option<Runner>,
}

impl<V> Drop for Queue<V> {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.control.stop();
        }
    }
}

impl<V: Voice> Queue<V> {
    pub fn new(http: Arc<Http>, principal: Arc<Principal>) -> Queue<V> {
        let runner = Some(Runner::new(http.clone(), principal.clone()));
        Queue { http, principal, jobs: VecDeque::new(), running: None, runner }
    }

    /// Requests that run or wait.
    pub fn count(&self) -> usize {
        self.jobs.len() + usize::from(self.running.is_some())
    }

    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    pub fn push(&mut self, voice: V, request: Request) {
        let control = Arc::new(Control::of(&request));
        self.jobs.push_back(Job { voice, request, control });
    }

    /// More pages of a request are taken.
    pub fn widen(&self, id: &Id, pages: u64) {
        self.controls(id).for_each(|control| control.widen(pages));
    }

    /// Ends the requests of a name; whether there was one.
    pub fn cancel(&self, id: &Id) -> bool {
        self.controls(id).map(|control| control.stop()).count() > 0
    }

    /// Requests of a name, which runs or waits.
    fn controls(&self, id: &Id) -> impl Iterator<Item = &Arc<Control>> {
        let running = self.running.iter().map(|running| (&running.voice, &running.control));
        let waiting = self.jobs.iter().map(|job| (&job.voice, &job.control));
        running
            .chain(waiting)
            .filter(move |(of, _)| of.id() == Some(id))
            .map(|(_, control)| control)
    }

    /// Begins the next request, if none runs; what the owner does by itself comes back, and
    /// is over with that.
    pub fn start_next(&mut self) -> Option<(V, Request)> {
        if self.running.is_some() {
            return None;
        }
        let Job { voice, request, control } = self.jobs.pop_front()?;
        if request.is_lines_own() {
            return Some((voice, request));
        }
        let runner = self.runner.take().unwrap_or_else(|| self.another_runner());
        let (sender, out) = mpsc::channel(AHEAD);
        let begun = runner.begun();
        let task = tokio::spawn(runner.run(voice.clone(), request, control.clone(), sender));
        self.running = Some(Running { voice, control, out, task, begun });
        None
    }

    fn another_runner(&self) -> Runner {
        Runner::new(self.http.clone(), self.principal.clone())
    }

    /// What the request that runs says next; waits if none does. Dropping the future loses
    /// nothing.
    pub async fn next(&mut self) -> Said<V> {
        let Some(running) = &mut self.running else { return std::future::pending().await };
        if let Some(part) = running.out.recv().await {
            return Said::Part(part);
        }
        let ended = (&mut running.task).await;
        let mut voice = running.voice.clone();
        self.running = None;
        match ended {
            Ok((runner, last)) => {
                self.runner = Some(runner);
                Said::End(voice, last)
            }
            Err(error) => {
                tracing::error!(%error, "a request has panicked");
                self.runner = Some(self.another_runner());
                let last = voice.failed(&unfinished(), "");
                Said::End(voice, Some(last))
            }
        }
    }

    /// A part that is there already.
    pub fn try_next(&mut self) -> Option<String> {
        self.running.as_mut()?.out.try_recv().ok()
    }

    /// Whether a request makes progress.
    pub fn is_busy(&self) -> bool {
        self.running.as_ref().is_some_and(|running| !running.control.is_stalled())
    }

    /// When the transaction is to be over, and [`Queue::sweep`] to be called.
    pub fn deadline(&self) -> Option<Instant> {
        let most = self.http.front.database.config().http_transaction_timeout.duration();
        match (&self.runner, &self.running) {
            (_, Some(running)) if !running.control.is_stopped() => {
                running.begun.map(|begun| begun + most)
            }
            (_, Some(_)) => None,
            (runner, None) => runner.as_ref().and_then(Runner::deadline),
        }
    }

    /// Ends a transaction whose time is over.
    pub fn sweep(&mut self) {
        if let Some(runner) = &mut self.runner {
            runner.sweep();
        }
        let most = self.http.front.database.config().http_transaction_timeout.duration();
        if let Some(running) = &self.running
            && running.begun.is_some_and(|begun| begun.elapsed() >= most)
        {
            running.control.stop();
        }
    }
}
