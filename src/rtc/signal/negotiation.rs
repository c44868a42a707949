//! Whose turn it is to describe.
//!
//! ```text
//! Stable ── begin ──▶ Offered ── answered ──▶ Stable
//!   ▲                    │ their offer: ours is given up, and made again later
//!   └────────────────────┘
//! ```

/// An answer came to which there is no offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unexpected;

#[derive(Debug, Default)]
pub struct Negotiation {
    has_offered: bool,
    is_wanted: bool,
    restarts_ice: bool,
}

impl Negotiation {
    /// Something has changed that the other side has to be told.
    pub fn want(&mut self) {
        self.is_wanted = true;
    }

    /// The same, and the way to the other side is to be found anew.
    pub fn want_restart(&mut self) {
        self.is_wanted = true;
        self.restarts_ice = true;
    }

    /// Whether an offer is to be made now: whether it restarts ICE.
    pub fn begin(&mut self) -> Option<bool> {
        if !self.is_wanted || self.has_offered {
            return None;
        }
        self.has_offered = true;
        self.is_wanted = false;
        Some(std::mem::take(&mut self.restarts_ice))
    }

    /// The other side offers.
    pub fn offered(&mut self) {
        self.is_wanted |= std::mem::take(&mut self.has_offered);
    }

    /// The other side answers.
    pub fn answered(&mut self) -> Result<(), Unexpected> {
        match std::mem::take(&mut self.has_offered) {
            true => Ok(()),
            false => Err(Unexpected),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_offer_at_a_time_and_the_other_side_goes_first() {
        let mut negotiation = Negotiation::default();
        assert_eq!(negotiation.begin(), None);
        assert_eq!(negotiation.answered(), Err(Unexpected));
        negotiation.want();
        assert_eq!(negotiation.begin(), Some(false));
        negotiation.want_restart();
        assert_eq!(negotiation.begin(), None);
        assert_eq!(negotiation.answered(), Ok(()));
        assert_eq!(negotiation.begin(), Some(true));
        // Both at once: ours is made again.
        negotiation.offered();
        assert_eq!(negotiation.answered(), Err(Unexpected));
        assert_eq!(negotiation.begin(), Some(false));
    }
}
