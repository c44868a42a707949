//! Who works on which upload.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

use super::super::problem::Problem;

/// How long one that was told to end may take: it makes durable what it has.
const HANDOVER_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Default)]
pub struct Locks(Arc<Mutex<HashMap<String, Entry>>>);

struct Entry {
    lock: Arc<tokio::sync::Mutex<()>>,
    /// Ends the one that holds it.
    holder: CancellationToken,
    /// Who holds it and who waits.
    users: usize,
}

/// An upload that nobody else works on.
pub struct Lock {
    /// Somebody else wants it.
    pub wanted: CancellationToken,
    _guard: OwnedMutexGuard<()>,
    _user: User,
}

struct User {
    all: Arc<Mutex<HashMap<String, Entry>>>,
    id: String,
}

impl Drop for User {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        if let Some(entry) = all.get_mut(&self.id) {
            entry.users -= 1;
            if entry.users == 0 {
                all.remove(&self.id);
            }
        }
    }
}

impl Locks {
    /// Takes the place of who works on an upload; 423 if that does not end.
    pub async fn take(&self, id: &str) -> Result<Lock, Problem> {
        let (lock, wanted, earlier) = {
            let mut all = self.0.lock();
            let entry = all.entry(id.to_owned()).or_insert_with(|| Entry {
                lock: Arc::default(),
                holder: CancellationToken::new(),
                users: 0,
            });
            entry.users += 1;
            let wanted = CancellationToken::new();
            (entry.lock.clone(), wanted.clone(), std::mem::replace(&mut entry.holder, wanted))
        };
        let user = User { all: self.0.clone(), id: id.to_owned() };
        earlier.cancel();
        match tokio::time::timeout(HANDOVER_TIMEOUT, lock.lock_owned()).await {
            Ok(guard) => Ok(Lock { wanted, _guard: guard, _user: user }),
            Err(_) => Err(Problem::locked("another request works on the upload")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newer_one_wins() {
        let locks = Locks::default();
        let first = locks.take("a").await.ok().unwrap();
        assert!(!first.wanted.is_cancelled());
        let other = locks.take("b").await.ok().unwrap();
        let wanted = first.wanted.clone();
        let holding = tokio::spawn(async move {
            wanted.cancelled().await;
            drop(first);
        });
        let second = locks.take("a").await.ok().unwrap();
        assert!(!second.wanted.is_cancelled() && !other.wanted.is_cancelled());
        holding.await.unwrap();
        drop((second, other));
        assert!(locks.0.lock().is_empty());
    }
}
