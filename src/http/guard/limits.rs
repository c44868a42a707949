//! How many requests a minute: the generic cell rate algorithm (GCRA), by class of routes.
//!
//! A limit of `n` lets `n` requests through at once, and then one each 60/n seconds. Who is
//! counted is a [`Who`]: an address before a proof, a role or an API key after it.
//!
//! | class | counted by | setting | default |
//! |---|---|---|---|
//! | `auth` | address | `http_rate_auth` | 10 a minute |
//! | `anonymous` | address | `http_rate_anonymous` | 100 |
//! | `admin` | role | `http_rate_admin` | 60 |
//! | `user` | role | `http_rate_user` | 100 |
//! | `data` | role or API key | `http_rate_data`, `http_rate_plans` | none |
//! | `health` | | | none |
//!
//! A socket counts once, when it is opened, whatever is said on it; a request whose proof is
//! wrong, or that nobody has asked for one, counts as anonymous. Who has proved a right to the
//! data is not slowed down unless the configuration says so: what a role may cost is
//! bounded by its connections, timeouts and memory.
//!
//! The addresses of the machine itself are those of proxies and of its administrators, so
//! limits by address leave them out (`http_rate_loopback`). A proxy that
//! `http_trusted_proxies` names tells by `X-Forwarded-For` whom it stands for. Of an IPv6
//! address its network (/64) counts.
//!
//! ```text
//! HTTP/1.1 429 Too Many Requests
//! RateLimit-Policy: "auth";q=10;w=60
//! RateLimit: "auth";r=0;t=60
//! Retry-After: 6
//! ```
//! (draft-ietf-httpapi-ratelimit-headers: `r` are left, after `t` seconds of nothing all
//! are there again.)
//!
//! Counts are kept in this process, of `http_rate_keys` at most and a few more: those that
//! are as new are forgotten first, and all of them if that is not enough. With
//! `http_rate_redis` (and the feature `redis`) several servers count together; while it
//! does not answer, each counts for itself ([`super::shared`]).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use parking_lot::RwLock;

use super::class::Class;
use crate::config::Config;

/// What a limit is of.
const WINDOW_SECONDS: u32 = 60;

/// How many are let through before it is looked how many are counted.
const TIDY_INTERVAL: usize = 1_024;

/// Whom a limit counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    Address(IpAddr),
    /// A role of a database.
    Role(String, String),
    /// By its identifier.
    Key(String),
}

impl Who {
    pub fn address(ip: IpAddr) -> Who {
        Who::Address(match ip {
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from(u128::from(ip) & (u128::MAX << 64))),
            ip => ip,
        })
    }

    /// One word, for a store of several servers.
    #[cfg_attr(not(feature = "redis"), allow(dead_code))]
    pub fn word(&self) -> String {
        match self {
            Who::Address(ip) => format!("a:{ip}"),
            Who::Role(database, role) => format!("r:{database}/{role}"),
            Who::Key(id) => format!("k:{id}"),
        }
    }
}

/// What came of counting a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub class: Class,
    /// Requests a minute.
    pub limit: u32,
    pub remaining: u32,
    /// How long to wait, of one that is too many.
    pub retry_after: Option<Duration>,
}

impl Verdict {
    /// Tells it in an answer.
    pub fn put(&self, headers: &mut HeaderMap) {
        let class = self.class.as_str();
        let mut put = |name: HeaderName, value: String| {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        };
        let policy = format!("\"{class}\";q={};w={WINDOW_SECONDS}", self.limit);
        put(HeaderName::from_static("ratelimit-policy"), policy);
        let spent = u64::from(self.limit.saturating_sub(self.remaining));
        let whole_again =
            (spent * u64::from(WINDOW_SECONDS)).div_ceil(u64::from(self.limit.max(1)));
        let told = format!("\"{class}\";r={};t={whole_again}", self.remaining);
        put(HeaderName::from_static("ratelimit"), told);
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_millis().div_ceil(1_000).max(1);
            put(header::RETRY_AFTER, seconds.to_string());
        }
    }
}

type Counts = DefaultKeyedRateLimiter<(Class, Who), StateInformationMiddleware>;

/// Counts of this process, by how many requests a minute are let through.
#[derive(Default)]
pub struct Limits {
    counts: RwLock<HashMap<u32, Arc<Counts>>>,
    counted: AtomicUsize,
    #[cfg(feature = "redis")]
    shared: super::shared::Shared,
}

impl Limits {
    /// Counts a request; none where there is no limit.
    pub async fn count(
        &self,
        config: &Config,
        class: Class,
        who: Who,
        limit: u32,
    ) -> Option<Verdict> {
        let limit = NonZeroU32::new(limit)?;
        #[cfg(feature = "redis")]
        if let Some(url) = &config.http_rate_redis
            && let Some(verdict) = self.shared.count(url, class, &who, limit).await
        {
            return Some(verdict);
        }
        Some(self.count_here(config.http_rate_keys, class, who, limit))
    }

    fn count_here(&self, most: usize, class: Class, who: Who, limit: NonZeroU32) -> Verdict {
        let counts = self.counts_of(limit);
        if self.counted.fetch_add(1, Ordering::Relaxed) % TIDY_INTERVAL == TIDY_INTERVAL - 1 {
            self.tidy(most);
        }
        let verdict = Verdict { class, limit: limit.get(), remaining: 0, retry_after: None };
        match counts.check_key(&(class, who)) {
            Ok(state) => Verdict { remaining: state.remaining_burst_capacity(), ..verdict },
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                Verdict { retry_after: Some(wait), ..verdict }
            }
        }
    }

    fn counts_of(&self, limit: NonZeroU32) -> Arc<Counts> {
        if let Some(counts) = self.counts.read().get(&limit.get()) {
            return counts.clone();
        }
        let made = || {
            let counts = RateLimiter::keyed(Quota::per_minute(limit));
            Arc::new(counts.with_middleware::<StateInformationMiddleware>())
        };
        self.counts.write().entry(limit.get()).or_insert_with(made).clone()
    }

    /// Forgets who has waited long enough, and everybody if there are too many still.
    fn tidy(&self, most: usize) {
        let total = || self.counts.read().values().map(|counts| counts.len()).sum::<usize>();
        if total() <= most {
            return;
        }
        for counts in self.counts.read().values() {
            counts.retain_recent();
            counts.shrink_to_fit();
        }
        self.counts.write().retain(|_, counts| !counts.is_empty());
        if total() > most {
            tracing::warn!(most, "limits on requests begin anew: more than \"http_rate_keys\"");
            self.counts.write().clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: NonZeroU32 = NonZeroU32::new(10).unwrap();

    fn who(last: u8) -> Who {
        Who::address(IpAddr::from([10, 0, 0, last]))
    }

    #[test]
    fn ten_a_minute_are_ten_and_then_one_each_six_seconds() {
        let limits = Limits::default();
        let count = |last| limits.count_here(100, Class::Auth, who(last), TEN);
        for left in (0..10).rev() {
            let verdict = count(1);
            assert_eq!((verdict.remaining, verdict.retry_after), (left, None));
        }
        let wait = count(1).retry_after.expect("too many");
        assert!(wait > Duration::from_secs(5) && wait <= Duration::from_secs(6), "{wait:?}");
        assert_eq!(count(2).retry_after, None, "another address");
        let other = limits.count_here(100, Class::Anonymous, who(1), TEN);
        assert_eq!(other.retry_after, None, "another class");
    }

    #[test]
    fn an_answer_tells_how_many_are_left() {
        let mut headers = HeaderMap::new();
        let retry_after = Some(Duration::from_millis(5_100));
        let verdict = Verdict { class: Class::Auth, limit: 10, remaining: 0, retry_after };
        verdict.put(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"auth\";q=10;w=60");
        assert_eq!(headers["ratelimit"], "\"auth\";r=0;t=60");
        assert_eq!(headers["retry-after"], "6");
    }

    #[test]
    fn how_many_are_counted_is_bounded() {
        let limits = Limits::default();
        let hour = NonZeroU32::new(1).unwrap();
        for number in 0..20_000_u32 {
            let who = Who::address(IpAddr::from(number.to_be_bytes()));
            limits.count_here(100, Class::Anonymous, who, hour);
        }
        let kept: usize = limits.counts.read().values().map(|counts| counts.len()).sum();
        assert!(kept <= 100 + TIDY_INTERVAL, "{kept}");
    }

    #[test]
    fn of_ipv6_the_network_counts() {
        let ip = |text: &str| Who::address(text.parse().unwrap());
        assert_eq!(ip("2001:db8:1:2::1"), ip("2001:db8:1:2:ffff::9"));
        assert_ne!(ip("2001:db8:1:2::1"), ip("2001:db8:1:3::1"));
    }
}
