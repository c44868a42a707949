//! What a client lets happen to itself, to see how it takes it.

use std::time::Duration;

use super::asked::refuse;
use super::line::Line;
use super::{Ended, Session};
use crate::http::livekit::signal::{
    LeaveRequest, Response as Answer, Scenario, SimulateScenario, refusal,
};
use crate::rooms::{Reason, Speaker};

/// How long somebody seems to speak at least, and at most.
const SPEAKS_MIN: Duration = Duration::from_secs(1);
const SPEAKS_MAX: Duration = Duration::from_secs(60);

/// The next socket of a session that is resumed breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    BeforeMessages,
    AfterMessages,
}

/// What a client is to do (`LeaveRequest.Action`).
const DISCONNECT: i32 = 0;
const RESUME: i32 = 1;
const RECONNECT: i32 = 2;

const SERVER_SHUTDOWN: i32 = 3;
const MIGRATION: i32 = 8;

impl Session {
    pub(super) async fn simulate(
        &mut self,
        line: &mut Line,
        asked: SimulateScenario,
    ) -> Result<(), Ended> {
        let leave = |action, reason| {
            Answer::Leave(LeaveRequest { can_reconnect: action != DISCONNECT, reason, action })
        };
        let unknown = "this simulation is not supported";
        match asked.scenario {
            Some(Scenario::SpeakerUpdate(seconds)) => {
                self.seem_to_speak(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
                Ok(())
            }
            // All that the server knows of the session is lost.
            Some(Scenario::NodeFailure(_)) => Err(Ended::By(Reason::Left)),
            Some(Scenario::Migration(_)) => line.send(leave(RESUME, MIGRATION)).await,
            Some(Scenario::ServerLeave(_)) => {
                line.send(leave(DISCONNECT, SERVER_SHUTDOWN)).await?;
                Err(Ended::By(Reason::Left))
            }
            Some(Scenario::LeaveRequestFullReconnect(_)) => {
                line.send(leave(RECONNECT, SERVER_SHUTDOWN)).await
            }
            Some(Scenario::DisconnectOnResume(_)) => {
                self.simulated = Some(Cut::AfterMessages);
                Ok(())
            }
            Some(Scenario::DisconnectOnResumeNoMessages(_)) => {
                self.simulated = Some(Cut::BeforeMessages);
                Ok(())
            }
            Some(Scenario::SwitchCandidateProtocol(_)) => {
                let message = "ICE over TCP and TLS is not supported";
                refuse(line, 0, (refusal::UNSUPPORTED_TYPE, message), None).await
            }
            Some(Scenario::SubscriberBandwidth(_)) => {
                let message =
                    "a limit of the bandwidth (\"subscriber_bandwidth\") is not supported";
                refuse(line, 0, (refusal::UNSUPPORTED_TYPE, message), None).await
            }
            None => refuse(line, 0, (refusal::UNSUPPORTED_TYPE, unknown), None).await,
        }
    }

    /// Everybody sees it speak for a while; what is asked meanwhile is passed over.
    fn seem_to_speak(&mut self, time: Duration) {
        if self.speaking.as_ref().is_some_and(|before| !before.is_finished()) {
            return;
        }
        let (room, sid) = (self.seat.room().clone(), self.seat.sid().to_owned());
        let speaker = move |is_active: bool| Speaker {
            sid: sid.clone(),
            level: if is_active { 1.0 } else { 0.0 },
            is_active,
        };
        room.set_speakers(vec![speaker(true)]);
        let speaking = self.tasks.spawn(async move {
            tokio::time::sleep(time.clamp(SPEAKS_MIN, SPEAKS_MAX)).await;
            room.set_speakers(vec![speaker(false)]);
        });
        self.speaking = Some(speaking);
    }
}
