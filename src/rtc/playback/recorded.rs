//! The file of a recording, as a role may read it, and its tracks as they are published.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::demux::Demuxer;
use super::player::{Player, Wish};
use crate::error::{Error, Result};
use crate::http::Http;
use crate::http::conversation::Conversation;
use crate::http::files::caller::Target;
use crate::http::files::download;
use crate::http::principal::Scopes;
use crate::rooms::{self, Offer, new_sid};
use crate::rtc::media::Source;
use crate::rtc::peer::Kind;
use crate::rtc::record::container::Track;
use crate::sqlstate;

/// What a track of a playback is called, and its stream.
const NAME: &str = "playback";

const ROW: &str = "SELECT r.id::text AS id, r.room, r.state, r.bucket, r.name FROM rtc.recordings r WHERE r.id = $1::uuid";

fn missing(id: &str) -> Error {
    Error::new(sqlstate::UNDEFINED_OBJECT, format!("recording {id} does not exist"))
}

/// A recording that can be played.
pub struct Recorded {
    pub id: String,
    demuxer: Demuxer,
}

impl Recorded {
    pub fn player(
        self,
        wishes: watch::Receiver<Wish>,
        stop: CancellationToken,
        position: Arc<AtomicU64>,
    ) -> Player {
        Player::new(self.demuxer, wishes, stop, position)
    }
}

/// Opens a recording, which is of `room` where that is given, as a role: `42704` where the
/// role sees none or may not read its file, `55000` while it is made, `0A000` where the file
/// is not one that can be played.
pub async fn open(
    http: &Arc<Http>,
    (database, role): (&str, &str),
    id: &str,
    room: Option<&str>,
) -> Result<Recorded> {
    let server = &http.front.database;
    let mut session =
        Conversation::of_role(server, role, database, Scopes::all(), Vec::new()).await?;
    let rows = session.rows(ROW, &[json!(id)]).await?;
    let row = rows.first().ok_or_else(|| missing(id))?;
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    if room.is_some_and(|room| room != text("room")) {
        return Err(missing(id));
    }
    if row["state"] != "completed" {
        let message = format!("recording {id} is not completed: it is {}", text("state"));
        return Err(Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, message));
    }
    let (bucket, name) = (text("bucket"), text("name"));
    let no_file = || {
        let message = format!("file \"{bucket}/{name}\" of recording {id} does not exist");
        Error::new(sqlstate::UNDEFINED_OBJECT, message)
    };
    let target = Target::checked(bucket.clone(), name.clone()).map_err(|_| no_file())?;
    let found = download::look_up(&mut session, &target, None, false).await?;
    let found = found.ok_or_else(no_file)?;
    drop(session);
    let store = server.contents.store(server.config()).await?;
    let content = store.open_content(found.hash, found.size, found.location, found.data).await?;
    Ok(Recorded { id: text("id"), demuxer: Demuxer::open(content).await? })
}

/// How the tracks of a file are offered to a room: `playback`, or `playback/…` and the name
/// that each has in the file.
pub fn offers(tracks: &[Track]) -> Vec<Offer> {
    let is_single = tracks.len() == 1;
    let offer = |track: &Track| {
        let codec = track.coding.codec();
        let kind = match codec.kind() {
            Kind::Audio => rooms::Kind::Audio,
            Kind::Video => rooms::Kind::Video,
        };
        Offer {
            name: if is_single { NAME.to_owned() } else { format!("{NAME}/{}", track.name) },
            kind,
            source: rooms::Source::Unknown,
            width: track.size.0.into(),
            height: track.size.1.into(),
            stream: stream_of(track),
            mime: codec.mime().to_owned(),
            ..Offer::default()
        }
    };
    tracks.iter().map(offer).collect()
}

/// Tracks of one person are of one stream: in the file of a room they are called by it.
fn stream_of(track: &Track) -> String {
    track.name.rsplit_once('/').map_or(NAME, |(identity, _)| identity).to_owned()
}

/// The tracks of a player as sources that are in no room.
pub fn sources(player: &mut Player) -> Vec<Arc<Source>> {
    let offers = offers(player.tracks());
    let source = |(index, offer): (usize, Offer)| {
        let sid = new_sid(match offer.kind {
            rooms::Kind::Audio => "TR_A",
            rooms::Kind::Video => "TR_V",
        });
        let incoming = player.incoming(index, &sid);
        let publisher = (offer.stream.clone(), NAME.to_owned());
        Source::lone(Arc::new(rooms::Track::new(sid, publisher, offer)), incoming)
    };
    offers.into_iter().enumerate().map(source).collect()
}

/// What a participant that plays says of itself.
pub fn metadata(playback: &str, recording: &str) -> String {
    Value::from_iter([("playback", playback), ("recording", recording)]).to_string()
}
