//! Connections that have not logged in.
//!
//! Whoever only connects must not keep others out: such connections take no
//! session's place, and when too many wait, the oldest is sent away.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

#[derive(Default)]
pub struct Lobby {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    guests: VecDeque<(u64, CancellationToken)>,
    next: u64,
}

/// A place in the lobby, given back when dropped.
pub struct Guest<'a> {
    lobby: &'a Lobby,
    number: u64,
    away: CancellationToken,
}

impl Lobby {
    pub fn enter(&self, places: usize) -> Guest<'_> {
        let mut waiting = self.waiting.lock();
        while waiting.guests.len() >= places.max(1)
            && let Some((_, oldest)) = waiting.guests.pop_front()
        {
            oldest.cancel();
        }
        let number = waiting.next;
        waiting.next += 1;
        let away = CancellationToken::new();
        waiting.guests.push_back((number, away.clone()));
        Guest { lobby: self, number, away }
    }
}

impl Guest<'_> {
    /// Completes when newer guests need the place.
    pub async fn sent_away(&self) {
        self.away.cancelled().await;
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        let mut waiting = self.lobby.waiting.lock();
        if let Ok(at) = waiting.guests.binary_search_by_key(&self.number, |(number, _)| *number) {
            waiting.guests.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_guest_goes_when_there_is_no_room() {
        let lobby = Lobby::default();
        let first = lobby.enter(2);
        let second = lobby.enter(2);
        let third = lobby.enter(2);
        assert!(first.away.is_cancelled());
        assert!(!second.away.is_cancelled());
        drop((first, second, third));
        assert!(lobby.waiting.lock().guests.is_empty());
    }
}
