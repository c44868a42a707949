//! One playback into a room: a participant that publishes the tracks of a file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use super::keeper::Plan;
use super::player::{Ending, Player};
use super::recorded;
use super::registry::Live;
use crate::error::{Error, Result};
use crate::http::Http;
use crate::rooms::{
    Happened, Inbox, Joining, Key, Permission, Reason, Room, Seat, Source, State, Told,
};
use crate::sqlstate;

/// Who is there has so long to take the tracks before they begin.
const LEAD: Duration = Duration::from_secs(1);

const MAY: &str = "SELECT r.is_admin OR r.can_publish AND (r.sources IS NULL OR 'unknown' = ANY (r.sources)) AS may \
    FROM rtc.rights_of($1, $2::name) r";

const BEGUN: &str = "UPDATE rtc.playbacks SET state = 'playing', started_at = now(), identity = $2 WHERE id = $1::uuid AND state = 'requested' RETURNING id";

const ENDED: &str = "UPDATE rtc.playbacks SET state = $2, ended_at = now(), error = $3, position_ms = $4::bigint \
    WHERE id = $1::uuid AND state IN ('requested', 'playing') RETURNING id";

/// How it went.
enum Outcome {
    Played(Ending),
    /// It is in the room no more, by somebody's word.
    Left(Reason),
    /// It was stopped before it began.
    Never,
}

/// Plays until it is over, and writes down how that went.
pub async fn perform(http: Arc<Http>, plan: Plan, live: Live) {
    let outcome = play(&http, &plan, &live).await;
    http.rooms().playbacks.forget(&plan.id);
    let (state, error) = match outcome {
        Ok(Outcome::Never) => return,
        Ok(Outcome::Played(_)) => ("completed", None),
        Ok(Outcome::Left(reason)) => {
            ("completed", Some(format!("it has left: {}", reason.as_str())))
        }
        Err(error) => ("failed", Some(error.message().to_owned())),
    };
    let position = live.position.load(Ordering::Relaxed);
    let values = [json!(plan.id), json!(state), json!(error), json!(position)];
    let noted = async {
        let mut desk = http.as_server(plan.database).await?;
        desk.rows(ENDED, &values).await
    };
    if let Err(error) = noted.await {
        tracing::warn!(%error, id = plan.id, "the end of a playback could not be written down");
    }
}

async fn play(http: &Arc<Http>, plan: &Plan, live: &Live) -> Result<Outcome> {
    check(http, plan).await?;
    let most = http.front.database.config().rtc_max_playbacks;
    let playbacks = &http.rooms().playbacks;
    let of = (plan.database, plan.recording.as_str());
    let going = playbacks.enter(most, of, live.stop.clone())?;
    let database = http.database_name(plan.database)?;
    let recorded = recorded::open(http, (&database, &plan.role), &plan.recording, None).await?;
    let (wishes, stop) = (live.wishes.subscribe(), live.stop.clone());
    let mut player = recorded.player(wishes, stop, live.position.clone());
    let key = Key { database: plan.database, name: plan.room.clone() };
    let room = http.rooms().rooms.get(&key).filter(|room| !room.is_closed());
    let room = room.ok_or_else(|| Error::new(sqlstate::UNDEFINED_OBJECT, "the room is closed"))?;
    let (seat, mut inbox) = room.join(joining(plan))?;
    let seat = Arc::new(seat);
    publish(http, &seat, &mut player)?;
    let mut desk = http.as_server(plan.database).await?;
    if desk.rows(BEGUN, &[json!(plan.id), json!(plan.identity)]).await?.is_empty() {
        return Ok(Outcome::Never);
    }
    drop(desk);
    seat.set_state(State::Active);
    tell(&room, Happened::PlaybackBegun, &seat, plan, Value::Null);
    let start = Duration::from_millis(plan.start_ms);
    let playing = async {
        tokio::select! {
            () = tokio::time::sleep(LEAD) => {}
            () = live.stop.cancelled() => {}
        }
        player.run(start).await
    };
    let outcome = tokio::select! {
        ending = playing => match ending {
            Ok(Ending::Stopped) if going.is_gone() => {
                Err(Error::new(sqlstate::UNDEFINED_OBJECT, "the recording was deleted"))
            }
            ending => ending.map(Outcome::Played),
        },
        reason = removed(&mut inbox) => Ok(Outcome::Left(reason)),
    };
    let why = match &outcome {
        Ok(Outcome::Played(Ending::Over)) => json!("over"),
        Ok(Outcome::Left(reason)) => json!(reason.as_str()),
        Ok(_) => json!("stopped"),
        Err(error) => json!(error.message()),
    };
    tell(&room, Happened::PlaybackEnded, &seat, plan, why);
    outcome
}

/// Whether the role may publish there, still.
async fn check(http: &Arc<Http>, plan: &Plan) -> Result<()> {
    let mut desk = http.as_server(plan.database).await?;
    let rows = desk.rows(MAY, &[json!(plan.room), json!(plan.role)]).await?;
    if rows.first().is_some_and(|row| row["may"] == true) {
        return Ok(());
    }
    let message = format!("permission denied to publish in room \"{}\"", plan.room);
    Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message))
}

fn joining(plan: &Plan) -> Joining {
    Joining {
        identity: plan.identity.clone(),
        name: plan.identity.clone(),
        role: plan.role.clone(),
        metadata: recorded::metadata(&plan.id, &plan.recording),
        attributes: BTreeMap::new(),
        permission: Permission {
            publish: true,
            sources: vec![Source::Unknown],
            subscribe: false,
            publish_data: false,
            ..Permission::default()
        },
        is_admin: false,
        auto_subscribe: false,
        is_playback: true,
    }
}

fn publish(http: &Http, seat: &Arc<Seat>, player: &mut Player) -> Result<()> {
    for (index, offer) in recorded::offers(player.tracks()).into_iter().enumerate() {
        let track = seat.publish(offer)?;
        let incoming = player.incoming(index, &track.sid);
        http.rtc.media.attach(&track, seat.room(), Arc::downgrade(seat), incoming);
    }
    Ok(())
}

/// Waits until the participant is in the room no more.
async fn removed(inbox: &mut Inbox) -> Reason {
    loop {
        match inbox.next().await {
            None => return Reason::Left,
            Some(Told::Ended(reason)) => return reason,
            Some(_) => {}
        }
    }
}

fn tell(room: &Room, happened: Happened, seat: &Seat, plan: &Plan, why: Value) {
    let mut detail = json!({"playback": plan.id, "recording": plan.recording});
    if !why.is_null() {
        detail["reason"] = why;
    }
    room.note_playback(happened, (seat.sid(), seat.identity()), detail);
}
