//! Sessions that wait for the next request of their role in their database.
//!
//! Opening a session takes longer than most statements. What a request leaves behind is
//! taken away before the session comes here ([`session::reuse`](crate::session)); it is
//! handed out to the same role with the same parameters only, as long as nothing has
//! changed that a session is made of. `http_pool_sessions` of them are kept in all, the
//! least recently used goes first, each for `http_pool_idle_timeout`.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::session::{Database, Fresh, Session};

/// Whose a session is, and the parameters that it was opened with.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key {
    pub role: String,
    pub database: String,
    /// It is the server's own, which is no role's, whatever it is called.
    pub is_own: bool,
    pub settings: Vec<(String, String)>,
    /// What was proved of who asks.
    pub proved: Vec<(&'static str, String)>,
}

/// A session, and what it was like when it was new.
pub struct Idle {
    pub session: Box<Session>,
    pub fresh: Fresh,
}

#[derive(Default)]
pub struct Pool {
    idle: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// Of each key, the one that was used last at the end.
    of: HashMap<Key, VecDeque<(Instant, Idle)>>,
    count: usize,
    is_closed: bool,
}

impl Pool {
    /// The session that was used last.
    pub fn take(&self, key: &Key) -> Option<Idle> {
        let mut waiting = self.idle.lock();
        let (_, idle) = waiting.of.get_mut(key)?.pop_back()?;
        waiting.count -= 1;
        Some(idle)
    }

    /// Keeps a session that nobody uses; the oldest goes where there are too many.
    pub fn put(&self, key: Key, idle: Idle, most: usize) {
        let mut gone = Vec::new();
        {
            let mut waiting = self.idle.lock();
            if waiting.is_closed || most == 0 {
                gone.push(idle);
            } else {
                waiting.of.entry(key).or_default().push_back((Instant::now(), idle));
                waiting.count += 1;
                while waiting.count > most {
                    let Some(oldest) = waiting.take_oldest() else { break };
                    gone.push(oldest);
                }
            }
        }
        // Sessions end outside of the lock.
        drop(gone);
    }

    /// Lets those go that nobody has asked for in so long.
    pub fn sweep(&self, limit: Duration) {
        let mut gone = Vec::new();
        let mut waiting = self.idle.lock();
        for sessions in waiting.of.values_mut() {
            while sessions.front().is_some_and(|(since, _)| since.elapsed() >= limit) {
                gone.extend(sessions.pop_front());
            }
        }
        waiting.count -= gone.len();
        waiting.of.retain(|_, sessions| !sessions.is_empty());
        drop(waiting);
        drop(gone);
    }

    /// Lets all go, now and later: the server ends.
    pub fn close(&self) {
        let mut waiting = self.idle.lock();
        waiting.is_closed = true;
        let gone = std::mem::take(&mut waiting.of);
        waiting.count = 0;
        drop(waiting);
        drop(gone);
    }
}

/// The pool of a part of the server that serves roles without being asked over HTTP.
pub struct Sessions {
    pub(super) database: Arc<Database>,
    pub(super) pool: Arc<Pool>,
    /// Kept, at most.
    pub(super) most: usize,
}

impl Sessions {
    pub fn new(database: Arc<Database>, most: usize) -> Sessions {
        Sessions { database, pool: Arc::default(), most }
    }

    /// Lets those go that nobody has asked for in so long.
    pub fn sweep(&self, limit: Duration) {
        self.pool.sweep(limit);
    }

    /// Lets all go, now and later.
    pub fn close(&self) {
        self.pool.close();
    }
}

impl Waiting {
    fn take_oldest(&mut self) -> Option<Idle> {
        let since = |sessions: &VecDeque<(Instant, Idle)>| sessions.front().map(|(at, _)| *at);
        let oldest = self.of.iter().filter_map(|(key, sessions)| Some((since(sessions)?, key)));
        let key = oldest.min_by_key(|(at, _)| *at)?.1.clone();
        let sessions = self.of.get_mut(&key)?;
        let (_, idle) = sessions.pop_front()?;
        if sessions.is_empty() {
            self.of.remove(&key);
        }
        self.count -= 1;
        Some(idle)
    }
}
