//! Places in an order that can always take one more between any two.
//!
//! A rank is a fraction in base 255, its digits as bytes from 1 to 255, compared byte
//! by byte; the last digit is never 1, so that something fits before any rank. An
//! enum's labels have one each: index keys hold it, and a label added between two
//! others leaves all keys as they are.
//!
//! ```text
//! three labels      [2 2 2]   [2 2 3]   [2 2 4]
//! one before all    [2 2 1 128]
//! one between 1, 2       [2 2 2 128]
//! ```

use serde::{Deserialize, Serialize};

/// The middle digit: where there is room on both sides.
const MIDDLE: u8 = 128;
/// The digits of a rank made by [`Rank::sequence`].
const SEQUENCE_DIGITS: usize = 3;
/// What such a digit can be: from 2 up.
const SEQUENCE_BASE: usize = 254;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Rank(Vec<u8>);

impl Rank {
    /// The ranks of things made together, in order.
    pub fn sequence() -> impl Iterator<Item = Rank> {
        (0..SEQUENCE_BASE.pow(SEQUENCE_DIGITS as u32)).map(|mut number| {
            let mut digits = vec![0; SEQUENCE_DIGITS];
            for digit in digits.iter_mut().rev() {
                *digit = (number % SEQUENCE_BASE) as u8 + 2;
                number /= SEQUENCE_BASE;
            }
            Rank(digits)
        })
    }

    /// A rank after one and before the other; `None` is no limit.
    pub fn between(before: Option<&Rank>, after: Option<&Rank>) -> Rank {
        let before = before.map_or(&[][..], |rank| &rank.0);
        Rank(match after {
            Some(after) => digits_between(before, &after.0),
            None => digits_after(before),
        })
    }

    pub fn from_digits(digits: Vec<u8>) -> Rank {
        Rank(digits)
    }

    pub fn digits(&self) -> &[u8] {
        &self.0
    }
}

/// The shortest digits after these: the last one that can be is one more.
fn digits_after(before: &[u8]) -> Vec<u8> {
    match before.iter().rposition(|digit| *digit < u8::MAX) {
        Some(last) => {
            let mut digits = before[..=last].to_vec();
            digits[last] += 1;
            digits
        }
        None => [before, &[MIDDLE]].concat(),
    }
}

/// Digits between two, of which the first may be empty.
fn digits_between(before: &[u8], after: &[u8]) -> Vec<u8> {
    let shared = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (low, high) = (before.get(shared).copied().unwrap_or(0), after[shared]);
    let mut digits = after[..shared].to_vec();
    match (low, high - low) {
        (0, 1) => {
            digits.push(1);
            digits.extend(digits_between(&[], &after[shared + 1..]));
        }
        (_, 1) => {
            digits.push(low);
            digits.extend(digits_after(&before[shared + 1..]));
        }
        (_, distance) => match low + distance / 2 {
            1 => digits.extend([1, MIDDLE]),
            middle => digits.push(middle),
        },
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_legal(rank: &Rank) -> bool {
        !rank.0.contains(&0) && rank.0.last().is_some_and(|digit| *digit > 1)
    }

    #[test]
    fn a_thousand_fit_at_every_place() {
        for place in 0..=3usize {
            let mut ranks: Vec<Rank> = Rank::sequence().take(3).collect();
            for _ in 0..1000 {
                let before = place.checked_sub(1).map(|at| &ranks[at]);
                let rank = Rank::between(before, ranks.get(place));
                assert!(is_legal(&rank), "{rank:?}");
                ranks.insert(place, rank);
            }
            assert!(ranks.is_sorted_by(|a, b| a < b), "place {place}");
        }
    }

    #[test]
    fn a_thousand_fit_towards_either_neighbour() {
        let ends: Vec<Rank> = Rank::sequence().take(2).collect();
        let (mut low, mut high) = (ends[0].clone(), ends[1].clone());
        for step in 0..1000 {
            let rank = Rank::between(Some(&low), Some(&high));
            assert!(is_legal(&rank) && low < rank && rank < high, "{low:?} {rank:?} {high:?}");
            if step % 3 == 0 { low = rank } else { high = rank }
        }
    }

    #[test]
    fn the_largest_digits_have_something_after_them() {
        let last = Rank(vec![255, 255]);
        assert!(Rank::between(Some(&last), None) > last);
    }
}
