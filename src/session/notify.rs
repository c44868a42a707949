//! LISTEN and NOTIFY.
//!
//! What a transaction notifies is collected in its block, without duplicates,
//! and delivered after its commit to every session that listens, in commit
//! order per sender. Room in every listener's queue is reserved before the
//! commit, so that a commit never fails after the fact; a queue that is full
//! fails the notifying transaction (`54000`), as PostgreSQL's does.
//!
//! A [`Subscriber`] listens without a session. One whose queue is full is given up
//! ([`Subscriber::is_late`]): it must not keep others from committing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use parking_lot::Mutex;
use tokio::sync::mpsc::{self, OwnedPermit, Receiver, Sender};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::sql::types::Oid;
use crate::sqlstate;

/// One message on its way to a listener.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notification {
    /// Who sent it.
    pub pid: i32,
    pub channel: Arc<str>,
    pub payload: Arc<str>,
}

/// What a transaction will do at its commit, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    Listen(String),
    Unlisten(String),
    UnlistenAll,
    Notify { channel: String, payload: String },
}

/// What one transaction may do at its commit.
pub const ACTIONS_MAX: usize = 100_000;

/// PostgreSQL's NAMEDATALEN and NOTIFY_PAYLOAD_MAX_LENGTH.
const CHANNEL_BYTES_MAX: usize = 64;
const PAYLOAD_BYTES_MAX: usize = 8000;

impl Action {
    pub fn notify(channel: &str, payload: &str) -> Result<Action> {
        let refused = |what: &str| Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, what));
        if channel.is_empty() {
            return refused("channel name cannot be empty");
        }
        if channel.len() >= CHANNEL_BYTES_MAX {
            return refused("channel name too long");
        }
        if payload.len() >= PAYLOAD_BYTES_MAX {
            return refused("payload string too long");
        }
        Ok(Action::Notify { channel: channel.to_owned(), payload: payload.to_owned() })
    }

    pub fn too_many() -> Error {
        Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "too many notifications in the NOTIFY queue")
    }
}

/// Who listens where.
#[derive(Default)]
pub struct Channels {
    /// By database and name.
    listeners: Mutex<HashMap<(Oid, String), Vec<Listener>>>,
    /// How many subscribers there were.
    subscribers: AtomicI32,
    /// Parts of the server that are woken by a channel, and read no payloads.
    watchers: Mutex<HashMap<(Oid, String), watch::Sender<()>>>,
}

impl Channels {
    /// What changes when a transaction that notified a channel has committed.
    pub fn watch(&self, database: Oid, channel: &str) -> watch::Receiver<()> {
        let mut watchers = self.watchers.lock();
        watchers.retain(|_, watcher| watcher.receiver_count() > 0);
        let watcher = watchers.entry((database, channel.to_owned()));
        watcher.or_insert_with(|| watch::channel(()).0).subscribe()
    }

    fn wake(&self, database: Oid, channel: String) {
        if let Some(watcher) = self.watchers.lock().get(&(database, channel)) {
            watcher.send_replace(());
        }
    }

    /// How full the fullest listener's queue is, from 0 to 1.
    pub fn usage(&self) -> f64 {
        let listeners = self.listeners.lock();
        let of = |listener: &Listener| {
            let (free, all) = (listener.queue.capacity(), listener.queue.max_capacity());
            1.0 - free as f64 / all as f64
        };
        listeners.values().flatten().map(of).fold(0.0, f64::max)
    }

    /// The channels that a session listens on, by name.
    pub fn listened_by(&self, pid: i32) -> Vec<String> {
        let listeners = self.listeners.lock();
        let has = |listeners: &Vec<Listener>| listeners.iter().any(|known| known.pid == pid);
        let mut channels: Vec<String> =
            listeners.iter().filter(|(_, l)| has(l)).map(|((_, name), _)| name.clone()).collect();
        channels.sort();
        channels
    }
}

#[derive(Clone)]
struct Listener {
    /// Of a session; a subscriber's number is negative.
    pid: i32,
    queue: Sender<Notification>,
    /// Cancelled when the queue is full, of a listener that may be given up.
    late: Option<CancellationToken>,
}

/// A session's end of its queue.
pub struct Inbox {
    database: Oid,
    pid: i32,
    channels: Arc<Channels>,
    queue: Sender<Notification>,
    pub received: Receiver<Notification>,
    /// Channels it listens on, in order of LISTEN.
    pub listening: Vec<String>,
    channels_max: usize,
    late: Option<CancellationToken>,
}

/// Listens for somebody who has no session.
pub struct Subscriber {
    inbox: Inbox,
    late: CancellationToken,
}

impl Subscriber {
    /// A subscriber in a database, with at most `pending_max` notifications that wait for
    /// it and `channels_max` channels.
    pub fn new(
        channels: &Arc<Channels>,
        database: Oid,
        pending_max: usize,
        channels_max: usize,
    ) -> Subscriber {
        let number = -1 - (channels.subscribers.fetch_add(1, Ordering::Relaxed) & i32::MAX);
        let late = CancellationToken::new();
        let mut inbox = Inbox::new(channels.clone(), database, number, pending_max, channels_max);
        inbox.late = Some(late.clone());
        Subscriber { inbox, late }
    }

    /// Listens on a channel from now on. `53400` if there are too many, `22023` for what
    /// cannot be a channel's name.
    pub fn listen(&mut self, channel: &str) -> Result<()> {
        let action = Action::notify(channel, "").map(|_| Action::Listen(channel.to_owned()))?;
        self.inbox.reserve(std::slice::from_ref(&action))?;
        self.inbox.listen(channel.to_owned());
        Ok(())
    }

    pub fn unlisten(&mut self, channel: &str) {
        self.inbox.unlisten(channel);
    }

    pub fn unlisten_all(&mut self) {
        self.inbox.unlisten_all();
    }

    /// Whether a notification was lost because too many waited.
    pub fn is_late(&self) -> bool {
        self.late.is_cancelled()
    }

    /// The next notifications, as many as are there, up to `max` in `into`. Dropping the
    /// future loses nothing.
    pub async fn next(&mut self, into: &mut Vec<Notification>, max: usize) {
        tokio::select! {
            biased;
            () = self.late.cancelled() => {}
            _ = self.inbox.received.recv_many(into, max) => {}
        }
    }
}

/// Notifications with their places in the listeners' queues.
pub struct Reserved(Vec<(OwnedPermit<Notification>, Notification)>);

impl Inbox {
    pub fn new(
        channels: Arc<Channels>,
        database: Oid,
        pid: i32,
        pending_max: usize,
        channels_max: usize,
    ) -> Inbox {
        let (queue, received) = mpsc::channel(pending_max.max(1));
        let listening = Vec::new();
        Inbox { database, pid, channels, queue, received, listening, channels_max, late: None }
    }

    /// Finds room for everything a transaction notifies, before its commit.
    pub fn reserve(&self, actions: &[Action]) -> Result<Reserved> {
        let mut reserved = Vec::new();
        let listeners = self.channels.listeners.lock();
        let mut listening = self.listening.clone();
        for action in actions {
            match action {
                Action::Listen(channel) if !listening.contains(channel) => {
                    listening.push(channel.clone());
                    if listening.len() > self.channels_max {
                        return Err(Error::new(
                            sqlstate::CONFIGURATION_LIMIT_EXCEEDED,
                            "too many channels listened on",
                        ));
                    }
                }
                Action::Listen(_) => {}
                Action::Unlisten(channel) => listening.retain(|name| name != channel),
                Action::UnlistenAll => listening.clear(),
                Action::Notify { channel, payload } => {
                    let notification = Notification {
                        pid: self.pid,
                        channel: channel.as_str().into(),
                        payload: payload.as_str().into(),
                    };
                    let key = (self.database, channel.clone());
                    let others = listeners.get(&key).into_iter().flatten();
                    let others = others.filter(|listener| listener.pid != self.pid);
                    let own = listening.contains(channel).then_some((&self.queue, None));
                    let others = others.map(|other| (&other.queue, other.late.as_ref()));
                    for (queue, late) in others.chain(own) {
                        let Some(permit) = reserve_one(queue, late)? else { continue };
                        reserved.push((permit, notification.clone()));
                    }
                }
            }
        }
        Ok(Reserved(reserved))
    }

    /// After the commit: listens and unlistens take effect, notifications leave.
    pub fn perform(&mut self, actions: Vec<Action>, reserved: Reserved) {
        for action in actions {
            match action {
                Action::Listen(channel) => self.listen(channel),
                Action::Unlisten(channel) => self.unlisten(&channel),
                Action::UnlistenAll => self.unlisten_all(),
                Action::Notify { channel, .. } => self.channels.wake(self.database, channel),
            }
        }
        for (permit, notification) in reserved.0 {
            permit.send(notification);
        }
    }

    fn listen(&mut self, channel: String) {
        if self.listening.contains(&channel) {
            return;
        }
        let (queue, late) = (self.queue.clone(), self.late.clone());
        let listener = Listener { pid: self.pid, queue, late };
        let key = (self.database, channel.clone());
        self.channels.listeners.lock().entry(key).or_default().push(listener);
        self.listening.push(channel);
    }

    fn unlisten(&mut self, channel: &str) {
        self.listening.retain(|name| name != channel);
        let mut listeners = self.channels.listeners.lock();
        let key = (self.database, channel.to_owned());
        if let Some(all) = listeners.get_mut(&key) {
            all.retain(|listener| listener.pid != self.pid);
            if all.is_empty() {
                listeners.remove(&key);
            }
        }
    }

    pub fn unlisten_all(&mut self) {
        for channel in std::mem::take(&mut self.listening) {
            self.unlisten(&channel);
        }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.unlisten_all();
    }
}

/// A place in a queue; `None` if its session is ending, or it is given up for being `late`.
fn reserve_one(
    queue: &Sender<Notification>,
    late: Option<&CancellationToken>,
) -> Result<Option<OwnedPermit<Notification>>> {
    use tokio::sync::mpsc::error::TrySendError;
    match (queue.clone().try_reserve_owned(), late) {
        (Ok(permit), _) => Ok(Some(permit)),
        (Err(TrySendError::Closed(_)), _) => Ok(None),
        (Err(TrySendError::Full(_)), Some(late)) => {
            late.cancel();
            Ok(None)
        }
        (Err(TrySendError::Full(_)), None) => Err(Error::new(
            sqlstate::PROGRAM_LIMIT_EXCEEDED,
            "too many notifications in the NOTIFY queue",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notify(channel: &str, payload: &str) -> Action {
        Action::Notify { channel: channel.to_owned(), payload: payload.to_owned() }
    }

    fn commit(inbox: &mut Inbox, actions: Vec<Action>) -> Result<()> {
        let reserved = inbox.reserve(&actions)?;
        inbox.perform(actions, reserved);
        Ok(())
    }

    #[test]
    fn notifications_reach_listeners_and_the_sender_itself() {
        let channels = Arc::new(Channels::default());
        let mut sender = Inbox::new(channels.clone(), 5, 1, 8, 8);
        let mut listener = Inbox::new(channels.clone(), 5, 2, 8, 8);
        commit(&mut listener, vec![Action::Listen("c".to_owned())]).unwrap();
        commit(&mut sender, vec![Action::Listen("c".to_owned()), notify("c", "x")]).unwrap();
        assert_eq!(&*listener.received.try_recv().unwrap().payload, "x");
        assert_eq!(sender.received.try_recv().unwrap().pid, 1);
        commit(&mut listener, vec![Action::UnlistenAll]).unwrap();
        commit(&mut sender, vec![notify("c", "y")]).unwrap();
        assert!(listener.received.try_recv().is_err());
    }

    #[tokio::test]
    async fn who_watches_a_channel_is_woken_by_a_commit() {
        let channels = Arc::new(Channels::default());
        let mut sender = Inbox::new(channels.clone(), 5, 1, 8, 8);
        let mut watchers = [channels.watch(5, "c"), channels.watch(5, "c")];
        commit(&mut sender, vec![notify("c", "x"), notify("c", "y")]).unwrap();
        for watcher in &mut watchers {
            watcher.changed().await.unwrap();
        }
        commit(&mut sender, vec![notify("d", "x")]).unwrap();
        assert!(!watchers[0].has_changed().unwrap());
        drop(watchers);
        channels.watch(5, "d");
        assert_eq!(channels.watchers.lock().len(), 1);
    }

    #[test]
    fn a_channel_is_of_one_database() {
        let channels = Arc::new(Channels::default());
        let mut sender = Inbox::new(channels.clone(), 5, 1, 8, 8);
        let mut other = Inbox::new(channels.clone(), 6, 2, 8, 8);
        commit(&mut other, vec![Action::Listen("c".to_owned())]).unwrap();
        commit(&mut sender, vec![notify("c", "x")]).unwrap();
        assert!(other.received.try_recv().is_err());
        assert_eq!(channels.listened_by(2), ["c"]);
    }

    #[test]
    fn a_full_queue_fails_the_sender_before_its_commit() {
        let channels = Arc::new(Channels::default());
        let mut sender = Inbox::new(channels.clone(), 5, 1, 1, 8);
        let mut listener = Inbox::new(channels.clone(), 5, 2, 1, 8);
        assert_eq!(channels.usage(), 0.0);
        commit(&mut listener, vec![Action::Listen("c".to_owned())]).unwrap();
        commit(&mut sender, vec![notify("c", "1")]).unwrap();
        assert_eq!(channels.usage(), 1.0);
        let error = commit(&mut sender, vec![notify("c", "2")]).unwrap_err();
        assert_eq!(error.code(), sqlstate::PROGRAM_LIMIT_EXCEEDED);
        drop(listener);
        commit(&mut sender, vec![notify("c", "3")]).unwrap();
        assert!(channels.listeners.lock().is_empty());
    }

    #[tokio::test]
    async fn a_subscriber_that_is_late_is_given_up_and_harms_nobody() {
        let channels = Arc::new(Channels::default());
        let mut sender = Inbox::new(channels.clone(), 5, 1, 8, 8);
        let mut slow = Subscriber::new(&channels, 5, 1, 2);
        let mut other = Subscriber::new(&channels, 5, 8, 2);
        slow.listen("c").unwrap();
        other.listen("c").unwrap();
        other.listen("d").unwrap();
        assert!(other.listen("e").is_err() && other.listen("").is_err());
        for payload in ["1", "2"] {
            commit(&mut sender, vec![notify("c", payload)]).unwrap();
        }
        assert!(slow.is_late() && !other.is_late());
        let mut found = Vec::new();
        other.next(&mut found, 10).await;
        assert_eq!(found.iter().map(|one| &*one.payload).collect::<Vec<_>>(), ["1", "2"]);
        other.unlisten("c");
        drop(slow);
        commit(&mut sender, vec![notify("c", "3")]).unwrap();
        assert!(!channels.listeners.lock().keys().any(|(_, channel)| channel == "c"));
    }
}
