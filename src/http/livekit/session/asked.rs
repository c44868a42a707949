//! What a client asks for, one message at a time.

use super::line::Line;
use super::media::failed;
use super::{Ended, Session, log};
use crate::error::Error;
use crate::http::livekit::convert;
use crate::http::livekit::signal::{
    self, AddTrackRequest, Pong, Request as Asked, RequestResponse, Response as Answer,
    SubscriptionPermission, TrackPublishedResponse, TrickleRequest, UpdateParticipantMetadata,
    UpdateTrackSettings, refusal,
};
use crate::rooms::{Allowed, Change, Preference, Reason, Shape, now_ms};
use crate::rtc::peer::Candidate;
use crate::sqlstate;

impl Session {
    pub(super) async fn asked(&mut self, line: &mut Line, asked: Asked) -> Result<(), Ended> {
        match asked {
            Asked::Offer(offer) => self.answer(line, offer).await,
            // To an offer of before the client came back.
            Asked::Answer(answer) if answer.id != 0 && answer.id != self.offers => Ok(()),
            Asked::Answer(answer) => {
                let taken = self.subscriber.accept_answer(&answer.sdp).await;
                taken.map_err(|error| failed(&error))?;
                self.note_joined();
                self.is_offering = false;
                match std::mem::take(&mut self.is_changed) {
                    true => self.offer(line, false).await,
                    false => Ok(()),
                }
            }
            Asked::Trickle(trickle) => self.trickle(&trickle).await,
            Asked::AddTrack(asked) => self.add_track(line, asked).await,
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
            Asked::UpdateMetadata(asked) => self.update(line, asked).await,
            Asked::Ping(_) => line.send(Answer::Pong(now_ms())).await,
            Asked::PingReq(ping) => {
                let pong = Pong { last_ping_timestamp: ping.timestamp, timestamp: now_ms() };
                line.send(Answer::PongResp(pong)).await
            }
            Asked::Leave(_) => Err(Ended::By(Reason::Left)),
            Asked::SyncState(sync) => self.sync(line, sync).await,
            Asked::Simulate(asked) => self.simulate(line, asked).await,
            Asked::UpdateAudioTrack(asked) => {
                let features = asked.features;
                self.reshape(line, &asked.track_sid, |shape| Shape { features, ..shape }).await
            }
            Asked::UpdateVideoTrack(asked) => {
                let (width, height) = (asked.width, asked.height);
                self.reshape(line, &asked.track_sid, |it| Shape { width, height, ..it }).await
            }
            Asked::UpdateLayers(_) => unsupported(line, "other layers of a track").await,
            Asked::PublishDataTrack(_)
            | Asked::UnpublishDataTrack(_)
            | Asked::UpdateDataSubscription(_) => unsupported(line, "tracks of data").await,
            Asked::StoreDataBlob(_) | Asked::GetDataBlob(_) => {
                unsupported(line, "stored data").await
            }
        }
    }

    /// A track of its own is like that now.
    async fn reshape(
        &mut self,
        line: &mut Line,
        sid: &str,
        change: impl FnOnce(Shape) -> Shape,
    ) -> Result<(), Ended> {
        let track = self.seat.room().track(sid);
        let shape = track.map(|track| track.shape()).unwrap_or_default();
        match self.seat.reshape(sid, change(shape)) {
            Ok(()) => Ok(()),
            Err(error) => refuse(line, 0, why(&error), None).await,
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

    pub(super) async fn add_track(
        &mut self,
        line: &mut Line,
        asked: AddTrackRequest,
    ) -> Result<(), Ended> {
        if !asked.sid.is_empty() {
            let why = (refusal::UNSUPPORTED_TYPE, "a second codec of a track is not supported");
            return refuse(line, 0, why, Some(asked)).await;
        }
        let offer = match convert::offer(&asked) {
            Ok(offer) => offer,
            Err(why) => {
                return refuse(line, 0, (refusal::UNSUPPORTED_TYPE, why), Some(asked)).await;
            }
        };
        match self.seat.publish(offer) {
            Ok(track) => {
                let track = Some(convert::track(&track.info()));
                let published = TrackPublishedResponse { cid: asked.cid, track };
                line.send(Answer::TrackPublished(published)).await
            }
            Err(error) => refuse(line, 0, why(&error), Some(asked)).await,
        }
    }

    async fn update(
        &mut self,
        line: &mut Line,
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
            Err(error) => refuse(line, asked.request_id, why(&error), None).await,
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

async fn unsupported(line: &mut Line, what: &str) -> Result<(), Ended> {
    let message = format!("{what}: this is not supported");
    refuse(line, 0, (refusal::UNSUPPORTED_TYPE, &message), None).await
}

pub(super) async fn refuse(
    line: &mut Line,
    request_id: u32,
    (reason, message): (i32, &str),
    add_track: Option<AddTrackRequest>,
) -> Result<(), Ended> {
    let message = message.to_owned();
    let refused = RequestResponse { request_id, reason, message, add_track };
    line.send(Answer::RequestResponse(refused)).await
}
