//! Which contents nobody may remove just now, and which are being removed.
//!
//! Who brings a content pins it before it looks whether it is there, until its rows are
//! committed. Who removes one marks it; a pin waits until the mark is gone, and there is
//! no mark where there is a pin. So a content is not removed between "it is there" and the
//! commit of a row that names it.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;

use super::Hash;

#[derive(Default)]
pub struct Pins {
    held: Mutex<HashMap<Hash, State>>,
    /// A mark is gone.
    unmarked: Notify,
    /// Read by who needs that nothing at all is removed: a backup.
    pub gate: RwLock<()>,
}

enum State {
    Pinned(usize),
    Removing,
}

/// A content that is not removed as long as this lives.
pub struct Pin {
    pins: Arc<Pins>,
    hash: Hash,
}

/// A content that is being removed.
pub struct Removing {
    pins: Arc<Pins>,
    hash: Hash,
}

impl Pins {
    /// Waits until the content is not being removed.
    pub async fn pin(self: &Arc<Self>, hash: Hash) -> Pin {
        loop {
            let unmarked = self.unmarked.notified();
            tokio::pin!(unmarked);
            // From here on no notice is missed.
            unmarked.as_mut().enable();
            if self.try_pin(hash) {
                return Pin { pins: self.clone(), hash };
            }
            unmarked.await;
        }
    }

    fn try_pin(&self, hash: Hash) -> bool {
        match self.held.lock().entry(hash).or_insert(State::Pinned(0)) {
            State::Pinned(count) => {
                *count += 1;
                true
            }
            State::Removing => false,
        }
    }

    /// Marks a content for its removal; none if somebody has pinned it.
    pub fn remove(self: &Arc<Self>, hash: Hash) -> Option<Removing> {
        let mut held = self.held.lock();
        if held.contains_key(&hash) {
            return None;
        }
        held.insert(hash, State::Removing);
        Some(Removing { pins: self.clone(), hash })
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut held = self.pins.held.lock();
        if let Some(State::Pinned(count)) = held.get_mut(&self.hash) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.hash);
            }
        }
    }
}

impl Drop for Removing {
    fn drop(&mut self) {
        self.pins.held.lock().remove(&self.hash);
        self.pins.unmarked.notify_waiters();
    }
}
