//! Choosing among functions or operators of one name (chapter 10.2 and 10.3).

use super::Binder;
use super::polymorphic::is_polymorphic;
use super::typename::category;
use crate::catalog::CastContext;
use crate::sql::types::{Oid, oid};

impl Binder<'_> {
    /// Whether arguments of these types can be given (`can_coerce_type`).
    pub(super) fn accepts(&self, actual: &[Oid], declared: &[Oid]) -> bool {
        let plain = actual.iter().zip(declared).all(|(actual, declared)| {
            is_polymorphic(*declared) || self.can_coerce(*actual, *declared, CastContext::Implicit)
        });
        plain
            && (!declared.iter().any(|ty| is_polymorphic(*ty))
                || self.polymorphic_fits(actual, declared))
    }

    /// The indexes of the best candidates by `func_select_candidate`: one when
    /// the choice is clear, none or several when not. All candidates accept the
    /// arguments.
    pub(super) fn best_candidate(&self, actual: &[Oid], candidates: &[&[Oid]]) -> Option<usize> {
        let inputs: Vec<Oid> = actual
            .iter()
            .map(|ty| if *ty == oid::UNKNOWN { oid::UNKNOWN } else { self.base(*ty) })
            .collect();
        let mut left: Vec<usize> = (0..candidates.len()).collect();
        left = most(left, |index| {
            inputs
                .iter()
                .zip(candidates[index])
                .filter(|(input, ty)| **input != oid::UNKNOWN && input == ty)
                .count()
        });
        if let [only] = left[..] {
            return Some(only);
        }
        let categories: Vec<char> = inputs.iter().map(|ty| self.category(*ty)).collect();
        left = most(left, |index| {
            (0..inputs.len())
                .filter(|slot| {
                    let ty = candidates[index][*slot];
                    inputs[*slot] != oid::UNKNOWN
                        && (ty == inputs[*slot] || self.is_preferred(categories[*slot], ty))
                })
                .count()
        });
        if let [only] = left[..] {
            return Some(only);
        }
        if !inputs.contains(&oid::UNKNOWN) {
            return None;
        }
        left = self.by_unknown_category(&inputs, candidates, left);
        if let [only] = left[..] {
            return Some(only);
        }
        self.by_known_type(&inputs, candidates, &left)
    }

    /// Unknown literals: a category that all candidates share at a position, or
    /// the string category, decides; preferred types win within it.
    fn by_unknown_category(
        &self,
        inputs: &[Oid],
        candidates: &[&[Oid]],
        left: Vec<usize>,
    ) -> Vec<usize> {
        let mut slots = Vec::new();
        for slot in (0..inputs.len()).filter(|slot| inputs[*slot] == oid::UNKNOWN) {
            let Some(choice) = self.slot_category(slot, candidates, &left) else { return left };
            slots.push((slot, choice));
        }
        let fits = |index: &usize| {
            slots.iter().all(|(slot, (wanted, needs_preferred))| {
                let ty = candidates[*index][*slot];
                self.category(ty) == *wanted && (!needs_preferred || self.is_preferred(*wanted, ty))
            })
        };
        let kept: Vec<usize> = left.iter().copied().filter(fits).collect();
        if kept.is_empty() { left } else { kept }
    }

    /// The category of one position, and whether a candidate has its preferred type.
    fn slot_category(
        &self,
        slot: usize,
        candidates: &[&[Oid]],
        left: &[usize],
    ) -> Option<(char, bool)> {
        let mut choice: Option<(char, bool)> = None;
        let mut conflict = false;
        for index in left {
            let ty = candidates[*index][slot];
            let category = self.category(ty);
            let preferred = self.is_preferred(category, ty);
            choice = match choice {
                None => Some((category, preferred)),
                Some((known, has)) if known == category => Some((known, has || preferred)),
                Some(_) if category == category::STRING => Some((category, preferred)),
                other => {
                    conflict = true;
                    other
                }
            };
        }
        choice.filter(|(category, _)| !conflict || *category == category::STRING)
    }

    /// If all known arguments have one type, assume the unknown ones have it too.
    fn by_known_type(
        &self,
        inputs: &[Oid],
        candidates: &[&[Oid]],
        left: &[usize],
    ) -> Option<usize> {
        let mut known = inputs.iter().copied().filter(|ty| *ty != oid::UNKNOWN);
        let first = known.next()?;
        if known.any(|ty| ty != first) {
            return None;
        }
        let assumed = vec![first; inputs.len()];
        let mut fitting = left
            .iter()
            .filter(|index| self.accepts(&assumed, &candidates[**index][..inputs.len()]));
        let only = fitting.next()?;
        fitting.next().is_none().then_some(*only)
    }
}

/// Those with the highest score.
fn most(indexes: Vec<usize>, score: impl Fn(usize) -> usize) -> Vec<usize> {
    let scores: Vec<usize> = indexes.iter().map(|index| score(*index)).collect();
    let best = scores.iter().max().copied().unwrap_or(0);
    indexes.into_iter().zip(scores).filter(|(_, s)| *s == best).map(|(index, _)| index).collect()
}
