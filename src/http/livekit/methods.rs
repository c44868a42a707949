//! What the methods of RoomService do. Each needs a grant of the token, and its bearer's
//! role the right to what it asks for.

use std::sync::Arc;

use prost::Message as _;
use serde_json::{Value, json};

use super::convert;
use super::models::{DataPacket, ParticipantInfo, Room, UserPacket};
use super::service::{
    CreateRoomRequest, Empty, ListParticipantsResponse, ListRoomsRequest, ListRoomsResponse,
    MuteRoomTrackRequest, MuteRoomTrackResponse, RoomParticipantIdentity, RoomRequest,
    SendDataRequest, UpdateParticipantRequest, UpdateRoomMetadataRequest,
    UpdateSubscriptionsRequest,
};
use super::twirp::Failed;
use crate::http::Http;
use crate::http::problem::Problem;
use crate::http::rooms::bearer::Bearer;
use crate::http::rooms::{Caller, entry, text_of};
use crate::rooms::{self, Change, Message, Reason};

pub struct Service {
    bearer: Bearer,
    caller: Caller,
}

fn denied(what: &str) -> Failed {
    Failed::new("permission_denied", format!("the token does not allow {what}"))
}

impl Service {
    pub async fn new(http: &Arc<Http>, bearer: Bearer) -> Result<Service, Problem> {
        let caller = Caller::new(http, bearer.principal.clone()).await?;
        Ok(Service { bearer, caller })
    }

    /// The live room that the token lets its bearer moderate.
    async fn moderated(&self, name: &str) -> Result<Arc<rooms::Room>, Failed> {
        self.check_admin(name)?;
        Ok(self.caller.moderated(name).await?)
    }

    fn check_admin(&self, name: &str) -> Result<(), Failed> {
        let grants = &self.bearer.grants;
        match grants.admin && grants.room.as_deref() == Some(name) {
            true => Ok(()),
            false => Err(denied("moderating this room")),
        }
    }

    pub async fn create_room(&self, asked: CreateRoomRequest) -> Result<Room, Failed> {
        if !self.bearer.grants.create {
            return Err(denied("creating rooms"));
        }
        refuse_unsupported(&asked)?;
        if asked.name.is_empty() {
            return Err(Failed::invalid("a room has a name"));
        }
        let ms = |seconds: u32| (seconds > 0).then(|| u64::from(seconds) * 1_000);
        let metadata = Some(&asked.metadata).filter(|text| !text.is_empty());
        let most = (asked.max_participants > 0).then_some(asked.max_participants);
        let text =
            "INSERT INTO rtc.rooms (name, is_ephemeral) VALUES ($1, true) ON CONFLICT DO NOTHING";
        self.caller.rows(text, vec![json!(asked.name)]).await?;
        // What is said of one that is there holds for it, too.
        let text = "UPDATE rtc.rooms SET metadata = coalesce($2, metadata), max_participants = coalesce($3, max_participants), \
            empty_timeout_ms = coalesce($4, empty_timeout_ms), departure_timeout_ms = coalesce($5, departure_timeout_ms) \
            WHERE name = $1 RETURNING name";
        let values = vec![
            json!(asked.name),
            json!(metadata),
            json!(most),
            json!(ms(asked.empty_timeout)),
            json!(ms(asked.departure_timeout)),
        ];
        if self.caller.rows(text, values).await?.is_empty() {
            let message = format!("room \"{}\" is another's", asked.name);
            return Err(Failed::new("permission_denied", message));
        }
        let found = entry::look(&self.caller, &asked.name).await?;
        let (definition, _) = found.ok_or_else(|| no_room(&asked.name))?;
        let room = entry::open(&self.caller, &asked.name, definition)?;
        Ok(convert::room(&room.about()))
    }

    /// Rooms that are alive.
    pub async fn list_rooms(&self, asked: ListRoomsRequest) -> Result<ListRoomsResponse, Failed> {
        if !self.bearer.grants.list {
            return Err(denied("listing rooms"));
        }
        let live = self.caller.http.rooms.rooms.of(self.caller.database);
        let wanted = |room: &&Arc<rooms::Room>| {
            asked.names.is_empty() || asked.names.contains(&room.key.name)
        };
        let names: Vec<&str> =
            live.iter().filter(wanted).map(|room| room.key.name.as_str()).collect();
        let text = "SELECT r.name FROM rtc.rooms r WHERE r.name = ANY ($1::text[]) ORDER BY r.name";
        let rows = self.caller.rows(text, vec![json!(names)]).await?;
        let alive = |row: &Value| self.caller.live(&text_of(row, "name"));
        let rooms = rows.iter().filter_map(alive).map(|room| convert::room(&room.about()));
        Ok(ListRoomsResponse { rooms: rooms.collect() })
    }

    pub async fn delete_room(&self, asked: RoomRequest) -> Result<Empty, Failed> {
        if !self.bearer.grants.create {
            return Err(denied("deleting rooms"));
        }
        let text = "DELETE FROM rtc.rooms WHERE name = $1 RETURNING name";
        if self.caller.rows(text, vec![json!(asked.room)]).await?.is_empty() {
            return Err(no_room(&asked.room));
        }
        self.caller.http.rooms.rooms.close(&self.caller.key(&asked.room), Reason::RoomDeleted);
        Ok(Empty {})
    }

    pub async fn list_participants(
        &self,
        asked: RoomRequest,
    ) -> Result<ListParticipantsResponse, Failed> {
        let room = self.moderated(&asked.room).await?;
        let people = room.people(true);
        let participants = people.iter().map(|info| convert::participant(info)).collect();
        Ok(ListParticipantsResponse { participants })
    }

    pub async fn get_participant(
        &self,
        asked: RoomParticipantIdentity,
    ) -> Result<ParticipantInfo, Failed> {
        let room = self.moderated(&asked.room).await?;
        Ok(convert::participant(&*room.person(&asked.identity)?))
    }

    pub async fn remove_participant(
        &self,
        asked: RoomParticipantIdentity,
    ) -> Result<Empty, Failed> {
        if asked.revoke_token_ts != 0 {
            return Err(Failed::unimplemented("revoke_token_ts"));
        }
        let room = self.moderated(&asked.room).await?;
        self.caller.remove(&room, &asked.identity).await?;
        Ok(Empty {})
    }

    pub async fn mute_track(
        &self,
        asked: MuteRoomTrackRequest,
    ) -> Result<MuteRoomTrackResponse, Failed> {
        let room = self.moderated(&asked.room).await?;
        let track = room.mute(&asked.identity, &asked.track_sid, asked.muted)?;
        Ok(MuteRoomTrackResponse { track: Some(convert::track(&track.info())) })
    }

    pub async fn update_participant(
        &self,
        asked: UpdateParticipantRequest,
    ) -> Result<ParticipantInfo, Failed> {
        let room = self.moderated(&asked.room).await?;
        let unknown = || Failed::invalid("a source is not known");
        let permission = asked.permission.as_ref();
        let permission = permission.map(|it| convert::permission_of(it).ok_or_else(unknown));
        let given = |text: String| (!text.is_empty()).then_some(text);
        let change = Change {
            metadata: given(asked.metadata),
            name: given(asked.name),
            attributes: asked.attributes,
            permission: permission.transpose()?,
        };
        Ok(convert::participant(&*room.change(&asked.identity, change)?))
    }

    pub async fn update_subscriptions(
        &self,
        asked: UpdateSubscriptionsRequest,
    ) -> Result<Empty, Failed> {
        let room = self.moderated(&asked.room).await?;
        let mut tracks = asked.track_sids;
        tracks.extend(asked.participant_tracks.into_iter().flat_map(|of| of.track_sids));
        room.subscribe(&asked.identity, &tracks, asked.subscribe)?;
        Ok(Empty {})
    }

    pub async fn send_data(&self, asked: SendDataRequest) -> Result<Empty, Failed> {
        let room = self.moderated(&asked.room).await?;
        let mut to = asked.destination_identities.clone();
        let people = room.people(true);
        let named = people.iter().filter(|info| asked.destination_sids.contains(&info.sid));
        to.extend(named.map(|info| info.identity.clone()));
        if to.is_empty() && !asked.destination_sids.is_empty() {
            return Ok(Empty {});
        }
        let packet = DataPacket {
            kind: asked.kind,
            destination_identities: to.clone(),
            user: Some(UserPacket {
                payload: asked.data.clone(),
                topic: asked.topic.clone(),
                nonce: asked.nonce,
                ..UserPacket::default()
            }),
            ..DataPacket::default()
        };
        room.say(Message {
            from: (String::new(), String::new()),
            to,
            topic: asked.topic,
            is_reliable: asked.kind == 0,
            payload: asked.data,
            packet: Some(packet.encode_to_vec().into()),
        })?;
        Ok(Empty {})
    }

    pub async fn update_metadata(&self, asked: UpdateRoomMetadataRequest) -> Result<Room, Failed> {
        let room = self.moderated(&asked.room).await?;
        let text = "UPDATE rtc.rooms SET metadata = $2 WHERE name = $1 RETURNING name";
        let values = vec![json!(asked.room), json!(asked.metadata)];
        if self.caller.rows(text, values).await?.is_empty() {
            return Err(no_room(&asked.room));
        }
        let found = entry::look(&self.caller, &asked.room).await?;
        if let Some((definition, _)) = found {
            room.configure(definition);
        }
        Ok(convert::room(&room.about()))
    }
}

fn no_room(name: &str) -> Failed {
    Failed::not_found(format!("room \"{name}\" does not exist"))
}

/// What a room cannot be given is named.
fn refuse_unsupported(asked: &CreateRoomRequest) -> Result<(), Failed> {
    let given = [
        ("room_preset", !asked.room_preset.is_empty()),
        ("node_id", !asked.node_id.is_empty()),
        ("tags", !asked.tags.is_empty()),
        ("egress", !asked.egress.is_empty()),
        ("min_playout_delay", asked.min_playout_delay > 0),
        ("max_playout_delay", asked.max_playout_delay > 0),
        ("sync_streams", asked.sync_streams),
        ("replay_enabled", asked.replay_enabled),
        ("agents", !asked.agents.is_empty()),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        Some((name, _)) => Err(Failed::unimplemented(name)),
        None => Ok(()),
    }
}
