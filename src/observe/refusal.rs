//! Requests of HTTP that were refused before anything was done for them, by why.
//!
//! A request that a statement has failed for is not among them: it is counted with its
//! route, and its statement by SQLSTATE.

use super::count::Counter;

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// An address has too many connections; it is a connection that is refused.
    Connections,
    /// A line or headers that are too large: 414, 431.
    Head,
    /// A path that leads elsewhere: 400.
    Path,
    /// A name that is none of this server: 421.
    Host,
    /// A page of another origin: 403.
    Origin,
    /// Limits on requests, by class of routes: 429.
    RateAuth,
    RateAdmin,
    RateData,
    RateUser,
    RateAnonymous,
    /// A role has too many uploads at a time: 429.
    Uploads,
    /// What looks like an attack: 403.
    Attack,
    /// A body that does not come in time: 408.
    SlowBody,
    /// A body that is too large: 413.
    LargeBody,
    /// No proof of who asks, or a wrong one: 401, and 403 where a rule says so.
    Proof,
    /// A proof that is not good for what is asked: 403.
    Scope,
}

impl Reason {
    pub const ALL: [Reason; 16] = [
        Reason::Connections,
        Reason::Head,
        Reason::Path,
        Reason::Host,
        Reason::Origin,
        Reason::RateAuth,
        Reason::RateAdmin,
        Reason::RateData,
        Reason::RateUser,
        Reason::RateAnonymous,
        Reason::Uploads,
        Reason::Attack,
        Reason::SlowBody,
        Reason::LargeBody,
        Reason::Proof,
        Reason::Scope,
    ];

    /// As metrics name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Connections => "connections",
            Reason::Head => "head",
            Reason::Path => "path",
            Reason::Host => "host",
            Reason::Origin => "origin",
            Reason::RateAuth => "rate_auth",
            Reason::RateAdmin => "rate_admin",
            Reason::RateData => "rate_data",
            Reason::RateUser => "rate_user",
            Reason::RateAnonymous => "rate_anonymous",
            Reason::Uploads => "uploads",
            Reason::Attack => "attack",
            Reason::SlowBody => "slow_body",
            Reason::LargeBody => "large_body",
            Reason::Proof => "proof",
            Reason::Scope => "scope",
        }
    }
}

/// How many of each.
#[derive(Debug, Default)]
pub struct Refusals([Counter; Reason::ALL.len()]);

impl Refusals {
    pub fn note(&self, reason: Reason) {
        self.0[reason as usize].add(1);
    }

    /// Every reason, those that have not been, too: an alert sees the first of them.
    pub fn counts(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().map(|reason| (reason, self.0[reason as usize].get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_in_their_order_and_count_for_themselves() {
        let refusals = Refusals::default();
        for (at, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, at);
            (0..=at).for_each(|_| refusals.note(reason));
        }
        let counts: Vec<u64> = refusals.counts().map(|(_, count)| count).collect();
        assert_eq!(counts, (1..=Reason::ALL.len() as u64).collect::<Vec<_>>());
    }
}
