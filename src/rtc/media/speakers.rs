//! Who speaks: by the levels that senders tell with their packets (RFC 6464).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Media;
use crate::rooms::{Room, Speaker};
use crate::rtc::peer::Kind;

/// How often rooms are told.
const INTERVAL: Duration = Duration::from_millis(400);

/// Who is louder speaks, in dB below the loudest there is (LiveKit's threshold).
const ACTIVE_LEVEL: u8 = 35;

/// How long somebody speaks after the last word.
const TAIL: u8 = 2;

/// The speakers of one room, by sid: how loud, and for how many turns they still count.
type Voices = HashMap<String, (f32, u8)>;

/// Tells rooms who speaks, until the server ends.
pub async fn run(media: Arc<Media>, stop: CancellationToken) {
    let mut rooms: HashMap<String, (Arc<Room>, Voices)> = HashMap::new();
    while tokio::time::timeout(INTERVAL, stop.cancelled()).await.is_err() {
        let mut heard: HashMap<String, Voices> = HashMap::new();
        for source in media.sources() {
            if source.codec.kind() != Kind::Audio {
                continue;
            }
            let Some(room) = source.room.upgrade() else { continue };
            let level = source.take_level();
            if level < ACTIVE_LEVEL && !source.track.is_muted() {
                let voices = heard.entry(room.sid.clone()).or_default();
                voices.insert(source.track.publisher.0.clone(), (loudness(level), TAIL));
            }
            rooms.entry(room.sid.clone()).or_insert_with(|| (room, Voices::new()));
        }
        rooms.retain(|sid, (room, voices)| {
            let heard = heard.remove(sid).unwrap_or_default();
            if let Some(speakers) = turn(voices, heard) {
                room.set_speakers(speakers);
            }
            !voices.is_empty()
        });
    }
}

/// From 0 to 1.
fn loudness(level: u8) -> f32 {
    10_f32.powf(-f32::from(level) / 20.0)
}

/// The speakers now, the loudest first; none where nothing has changed.
fn turn(voices: &mut Voices, heard: Voices) -> Option<Vec<Speaker>> {
    let before: Vec<_> = voices.keys().cloned().collect();
    let mut over = Vec::new();
    voices.retain(|sid, (level, turns)| {
        if heard.contains_key(sid) {
            return true;
        }
        *turns = turns.saturating_sub(1);
        *level /= 2.0;
        if *turns == 0 {
            over.push(Speaker { sid: sid.clone(), level: 0.0, is_active: false });
        }
        *turns > 0
    });
    voices.extend(heard);
    if voices.is_empty() && before.is_empty() {
        return None;
    }
    let now = voices.iter().map(|(sid, (level, _))| Speaker {
        sid: sid.clone(),
        level: *level,
        is_active: true,
    });
    let mut speakers: Vec<_> = now.collect();
    speakers.sort_by(|left, right| right.level.total_cmp(&left.level));
    speakers.extend(over);
    Some(speakers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_silent_for_a_while_speaks_no_more() {
        let mut voices = Voices::new();
        assert_eq!(turn(&mut voices, Voices::new()), None);
        let heard = Voices::from([("a".to_owned(), (0.5, TAIL)), ("b".to_owned(), (0.9, TAIL))]);
        let speakers = turn(&mut voices, heard).unwrap();
        let sids: Vec<_> = speakers.iter().map(|speaker| speaker.sid.as_str()).collect();
        assert_eq!(sids, ["b", "a"]);
        assert!(turn(&mut voices, Voices::new()).unwrap().iter().all(|it| it.is_active));
        assert!(turn(&mut voices, Voices::new()).unwrap().iter().all(|it| !it.is_active));
        assert_eq!(turn(&mut voices, Voices::new()), None);
    }
}
