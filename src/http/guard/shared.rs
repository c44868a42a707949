//! Limits that several servers count together, in Redis.
//!
//! One script does what [`super::limits`] does in the process: it keeps, for each key, the
//! time at which its bucket is whole again (the theoretical arrival time), in microseconds
//! of Redis' clock, and lets the key expire then. The script is one command, so that
//! servers do not race.
//!
//! While Redis does not answer within [`TIMEOUT`], nothing waits for it: for
//! [`PAUSE`] each server counts for itself, then one request asks whether it is there
//! again. The log is told when it goes and when it comes back.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisResult, Script};

use super::class::Class;
use super::limits::{Verdict, Who};
use crate::redact::redact;

/// How long a request waits for Redis.
const TIMEOUT: Duration = Duration::from_millis(100);

/// How long Redis is left alone after a failure.
const PAUSE: Duration = Duration::from_secs(2);

/// Keys of this use begin with it.
const PREFIX: &str = "zserver:rate:";

/// `KEYS[1]`: who. `ARGV`: microseconds from one request to the next, and how many at once.
/// Answers how many are left, and how many microseconds to wait (0: it is let through).
const GCRA: &str = r"
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local next = arrival + interval
local wait = next - now - interval * burst
if wait > 0 then return {0, math.ceil(wait)} end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return {math.floor((interval * burst - (next - now)) / interval), 0}
";

/// The connection, made when it is first needed and anew for another URL.
#[derive(Default)]
pub struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    url: String,
    connection: Option<ConnectionManager>,
    script: Option<Arc<Script>>,
    /// It has failed: when it may be asked again.
    pause_until: Option<Instant>,
}

impl Shared {
    /// Counts a request; none while Redis does not answer.
    pub async fn count(
        &self,
        url: &str,
        class: Class,
        who: &Who,
        limit: NonZeroU32,
    ) -> Option<Verdict> {
        let (mut connection, script) = self.connection(url)?;
        let key = format!("{PREFIX}{}:{}:{limit}", class.as_str(), who.word());
        let interval = 60_000_000 / u64::from(limit.get());
        let mut call = script.key(key);
        call.arg(interval).arg(limit.get());
        let asked = call.invoke_async::<(i64, i64)>(&mut connection);
        match tokio::time::timeout(TIMEOUT, asked).await {
            Ok(Ok((remaining, wait))) => {
                if self.0.lock().pause_until.take().is_some() {
                    tracing::info!("Redis counts requests again");
                }
                Some(Verdict {
                    class,
                    limit: limit.get(),
                    remaining: u32::try_from(remaining).unwrap_or(0),
                    retry_after: (wait > 0).then(|| Duration::from_micros(wait.unsigned_abs())),
                })
            }
            Ok(Err(error)) => self.failed(&error.to_string()),
            Err(_) => self.failed("it does not answer in time"),
        }
    }

    fn failed(&self, why: &str) -> Option<Verdict> {
        let mut state = self.0.lock();
        if state.pause_until.is_none() {
            tracing::warn!("Redis does not count requests, this server does: {}", redact(why));
        }
        state.pause_until = Some(Instant::now() + PAUSE);
        None
    }

    fn connection(&self, url: &str) -> Option<(ConnectionManager, Arc<Script>)> {
        let mut state = self.0.lock();
        if state.url != url {
            *state = State { url: url.to_owned(), ..State::default() };
        }
        if let Some(until) = state.pause_until {
            let now = Instant::now();
            if until > now {
                return None;
            }
            // Who asks now does it for all.
            state.pause_until = Some(now + PAUSE);
        }
        if state.connection.is_none() {
            match connect(url) {
                Ok(connection) => state.connection = Some(connection),
                Err(error) => {
                    drop(state);
                    self.failed(&error.to_string());
                    return None;
                }
            }
        }
        let script = state.script.get_or_insert_with(|| Arc::new(Script::new(GCRA))).clone();
        state.connection.clone().map(|connection| (connection, script))
    }
}

/// A connection that is made with its first use, and again when it breaks.
fn connect(url: &str) -> RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(TIMEOUT))
        .set_response_timeout(Some(TIMEOUT))
        .set_number_of_retries(1);
    ConnectionManager::new_lazy_with_config(Client::open(url)?, config)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    const FIVE: NonZeroU32 = NonZeroU32::new(5).unwrap();

    fn who() -> Who {
        Who::address(IpAddr::from(rand::random::<[u8; 4]>()))
    }

    /// `TEST_REDIS` names a server that may be used.
    #[tokio::test]
    async fn two_servers_count_together() {
        let Ok(url) = std::env::var("TEST_REDIS") else {
            println!("skipped: TEST_REDIS names no server");
            return;
        };
        let (one, other, who) = (Shared::default(), Shared::default(), who());
        for left in (0..5).rev() {
            let server = if left % 2 == 0 { &one } else { &other };
            let verdict = server.count(&url, Class::Auth, &who, FIVE).await.expect("it answers");
            assert_eq!((verdict.remaining, verdict.retry_after), (left, None));
        }
        for server in [&one, &other] {
            let verdict = server.count(&url, Class::Auth, &who, FIVE).await.expect("it answers");
            let wait = verdict.retry_after.expect("too many").as_secs();
            assert!((10..=12).contains(&wait), "{wait}");
        }
    }

    #[tokio::test]
    async fn a_redis_that_is_gone_stops_nobody() {
        let (shared, begun) = (Shared::default(), Instant::now());
        for _ in 0..100 {
            let counted = shared.count("redis://127.0.0.1:1/", Class::Auth, &who(), FIVE).await;
            assert_eq!(counted, None);
        }
        assert!(shared.count("nonsense", Class::Auth, &who(), FIVE).await.is_none());
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
}
