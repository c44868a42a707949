//! What a client asks for, one message at a time.

use super::media::failed;
use super::{Ended, Session, Sink, log, send};
use crate::error::Error;
use crate::http::livekit::convert;
use crate::http::livekit::signal::{
    self, AddTrackRequest, Pong, Request as Asked, RequestResponse, Response as Answer,
    SessionDescription, SubscriptionPermission, TrackPublishedResponse, TrickleRequest,
    UpdateParticipantMetadata, UpdateTrackSettings, refusal,
};
use crate::rooms::{Allowed, Change, Preference, Reason, now_ms};
use crate::rtc::peer::Candidate;
use crate::sqlstate;

impl Session {
    pub(super) async fn asked(&mut self, sink: &mut Sink, asked: Asked) -> Result<(), Ended> {
        match asked {
            Asked::Offer(offer) => {
                let answered = self.publisher.answer(&offer.sdp).await;
                let sdp = answered.map_err(|error| failed(&error))?;
                self.note_joined();
                self.unpublish(&offer.sdp);
                let kind = "answer".to_owned();
                let answer = SessionDescription { kind, sdp, id: offer.id, ..Default::default() };
                send(sink, Answer::Answer(answer)).await
            }
            Asked::Answer(answer) => {
                let taken = self.subscriber.accept_answer(&answer.sdp).await;
                taken.map_err(|error| failed(&error))?;
                self.note_joined();
                self.is_offering = false;
                match std::mem::take(&mut self.is_changed) {
                    true => self.offer(sink).await,
                    false => Ok(()),
                }
            }
            Asked::Trickle(trickle) => self.trickle(&trickle).await,
            Asked::AddTrack(asked) => self.add_track(sink, asked).await,
            Asked::Mute(mute) => {
                let muted = self.seat.mute(&mute.sid, mute.muted);
                log(muted.err());
                Ok(())
            }
            Asked::Subscription(asked) => {
                let mut tracks = asked.track_sids;
                let more = asked.participant_tracks.into_iter().flat_map(|of| of.track_sids);
                tracks.extend(more);
                log(self.seat.subscribe(&tracks, asked.subscribe).err());
                Ok(())
            }
            Asked::TrackSetting(asked) => {
                self.prefer(&asked);
                Ok(())
            }
            Asked::SubscriptionPermission(asked) => {
                self.seat.allow(allowed(asked));
                Ok(())
            }
            Asked::UpdateMetadata(asked) => self.update(sink, asked).await,
            Asked::Ping(_) => send(sink, Answer::Pong(now_ms())).await,
            Asked::PingReq(ping) => {
                let pong = Pong { last_ping_timestamp: ping.timestamp, timestamp: now_ms() };
                send(sink, Answer::PongResp(pong)).await
            }
            Asked::Leave(_) => Err(Ended::By(Reason::Left)),
            // Of a session that is resumed, which none is; and what is only told.
            Asked::SyncState(_)
            | Asked::UpdateLayers(_)
            | Asked::UpdateAudioTrack(_)
            | Asked::UpdateVideoTrack(_) => Ok(()),
            Asked::Simulate(_)
            | Asked::PublishDataTrack(_)
            | Asked::UnpublishDataTrack(_)
            | Asked::UpdateDataSubscription(_)
            | Asked::StoreDataBlob(_)
            | Asked::GetDataBlob(_) => {
                let message = "data tracks and simulations are not supported";
                refuse(sink, 0, (refusal::UNSUPPORTED_TYPE, message), None).await
            }
        }
    }

    async fn trickle(&mut self, trickle: &TrickleRequest) -> Result<(), Ended> {
        let target = match trickle.target {
            signal::PUBLISHER => &self.publisher,
            _ => &self.subscriber,
        };
        let candidate = match serde_json::from_str::<Candidate>(&trickle.candidate_init) {
            Ok(candidate) if !candidate.candidate.is_empty() => Some(candidate),
            Ok(_) => None,
            // There is no more.
            Err(_) if trickle.candidate_init.is_empty() => None,
            Err(error) => {
                tracing::debug!(%error, "a candidate cannot be read");
                return Ok(());
            }
        };
        // One that is of no use, as of another family, does not end the session.
        if let Err(error) = target.add_candidate(candidate).await {
            tracing::debug!(%error, "a candidate is not taken");
        }
        Ok(())
    }

    async fn add_track(&mut self, sink: &mut Sink, asked: AddTrackRequest) -> Result<(), Ended> {
        if !asked.sid.is_empty() {
            let why = (refusal::UNSUPPORTED_TYPE, "a second codec of a track is not supported");
            return refuse(sink, 0, why, Some(asked)).await;
        }
        let offer = match convert::offer(&asked) {
            Ok(offer) => offer,
            Err(why) => {
                return refuse(sink, 0, (refusal::UNSUPPORTED_TYPE, why), Some(asked)).await;
            }
        };
        match self.seat.publish(offer) {
            Ok(track) => {
                let track = Some(convert::track(&track.info()));
                let published = TrackPublishedResponse { cid: asked.cid, track };
                send(sink, Answer::TrackPublished(published)).await
            }
            Err(error) => refuse(sink, 0, why(&error), Some(asked)).await,
        }
    }

    async fn update(
        &mut self,
        sink: &mut Sink,
        asked: UpdateParticipantMetadata,
    ) -> Result<(), Ended> {
        let given = |text: String| (!text.is_empty()).then_some(text);
        let change = Change {
            metadata: given(asked.metadata),
            name: given(asked.name),
            attributes: asked.attributes,
            permission: None,
        };
        match self.seat.change(change) {
            Ok(_) => Ok(()),
            Err(error) => refuse(sink, asked.request_id, why(&error), None).await,
        }
    }

    fn prefer(&self, asked: &UpdateTrackSettings) {
        let preference = Preference {
            is_paused: asked.disabled || asked.quality == 3,
            quality: (0..=2).contains(&asked.quality).then_some(asked.quality),
            width: asked.width,
            height: asked.height,
        };
        self.seat.prefer(&asked.track_sids, preference);
    }
}

/// Who may have a publisher's tracks.
fn allowed(asked: SubscriptionPermission) -> Option<Allowed> {
    if asked.all_participants {
        return None;
    }
    let entry = |permission: signal::TrackPermission| {
        let who = match permission.participant_identity.is_empty() {
            true => permission.participant_sid,
            false => permission.participant_identity,
        };
        (who, (!permission.all_tracks).then_some(permission.track_sids))
    };
    Some(asked.track_permissions.into_iter().map(entry).collect())
}

/// Why something was refused.
fn why(error: &Error) -> (i32, &str) {
    let code = error.code();
    let reason = if code == sqlstate::INSUFFICIENT_PRIVILEGE {
        refusal::NOT_ALLOWED
    } else if code == sqlstate::UNDEFINED_OBJECT {
        refusal::NOT_FOUND
    } else if code == sqlstate::CONFIGURATION_LIMIT_EXCEEDED
        || code == sqlstate::PROGRAM_LIMIT_EXCEEDED
    {
        refusal::LIMIT_EXCEEDED
    } else {
        refusal::UNCLASSIFIED
    };
    (reason, error.message())
}

async fn refuse(
    sink: &mut Sink,
    request_id: u32,
    (reason, message): (i32, &str),
    add_track: Option<AddTrackRequest>,
) -> Result<(), Ended> {
    let message = message.to_owned();
    let refused = RequestResponse { request_id, reason, message, add_track };
    send(sink, Answer::RequestResponse(refused)).await
}
