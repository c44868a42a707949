//! How far a long job has come, told while it works.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use serde_json::json;

use super::attempt::Claimed;
use super::{Engine, NAME};
use crate::error::Result;
use crate::sql::types::Oid;

/// After the first of these it is told for the first time, then after twice as long each
/// time, up to the second.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);

const TELL: &str =
    "SELECT jobs.heartbeat($1::bigint, $2::uuid, interval '1 minute', $3::float8, $4::text)";

/// Tells of a job, in transactions beside the job's own.
pub struct Progress<'a> {
    pub engine: &'a Engine,
    pub database: Oid,
    pub job: &'a Claimed,
}

impl Progress<'_> {
    /// Does work and tells of it meanwhile: a share of 1 where there is one, and words.
    pub async fn beside<T>(
        &self,
        work: impl Future<Output = T>,
        told: impl Fn() -> (Option<f64>, String),
    ) -> T {
        match select(pin!(work), pin!(self.tell_on(told))).await {
            Either::Left((done, _)) => done,
            Either::Right((never, _)) => match never {},
        }
    }

    async fn tell_on(&self, told: impl Fn() -> (Option<f64>, String)) -> Infallible {
        let mut pause = PAUSE;
        loop {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
            // The job goes on all the same.
            if let Err(error) = self.tell(told()).await {
                tracing::debug!(%error, channel = NAME, "the progress of a job is not told");
            }
        }
    }

    async fn tell(&self, (share, message): (Option<f64>, String)) -> Result<()> {
        let values = [json!(self.job.id), json!(self.job.lease), json!(share), json!(message)];
        self.engine.desk(self.database).await?.rows(TELL, &values).await.map(drop)
    }
}
