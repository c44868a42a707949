//! Polymorphic types: `anyelement` and `anycompatible` with their families.
//!
//! In one call all `anyelement` arguments have one type, `anyarray` is its array
//! and so on; the `anycompatible` family is brought to a common type instead.
//!
//! The same question is asked three ways ([`Purpose`]): whether a candidate could take
//! the arguments at all, what the types of a call are, and, when an aggregate is
//! defined, what its functions take, where a type may stay polymorphic.

use super::Binder;
use crate::catalog::{CastContext, TypeKind};
use crate::error::{Error, Result};
use crate::sql::types::{Oid, oid};
use crate::sqlstate;

pub fn is_polymorphic(ty: Oid) -> bool {
    is_simple(ty) || is_compatible(ty)
}

pub fn is_simple(ty: Oid) -> bool {
    matches!(
        ty,
        oid::ANYELEMENT
            | oid::ANYARRAY
            | oid::ANYNONARRAY
            | oid::ANYENUM
            | oid::ANYRANGE
            | oid::ANYMULTIRANGE
    )
}

pub fn is_compatible(ty: Oid) -> bool {
    matches!(
        ty,
        oid::ANYCOMPATIBLE
            | oid::ANYCOMPATIBLEARRAY
            | oid::ANYCOMPATIBLENONARRAY
            | oid::ANYCOMPATIBLERANGE
            | oid::ANYCOMPATIBLEMULTIRANGE
    )
}

/// What a result of this type needs among the arguments, if none of them gives it
/// (`check_valid_polymorphic_signature`).
pub fn missing_input(result: Oid, args: &[Oid]) -> Option<&'static str> {
    let any_of = |wanted: &dyn Fn(Oid) -> bool| args.iter().any(|ty| wanted(*ty));
    match result {
        oid::ANYRANGE | oid::ANYMULTIRANGE => {
            let gives = |ty| matches!(ty, oid::ANYRANGE | oid::ANYMULTIRANGE);
            (!any_of(&gives)).then_some("anyrange or anymultirange")
        }
        oid::ANYCOMPATIBLERANGE | oid::ANYCOMPATIBLEMULTIRANGE => {
            let gives = |ty| matches!(ty, oid::ANYCOMPATIBLERANGE | oid::ANYCOMPATIBLEMULTIRANGE);
            (!any_of(&gives)).then_some("anycompatiblerange or anycompatiblemultirange")
        }
        ty if is_simple(ty) => (!any_of(&is_simple))
            .then_some("anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange"),
        ty if is_compatible(ty) => (!any_of(&is_compatible)).then_some(
            "anycompatible, anycompatiblearray, anycompatiblenonarray, anycompatiblerange, or \
             anycompatiblemultirange",
        ),
        _ => None,
    }
}

/// What the answer is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Whether arguments fit: what is not known yet does.
    Fit,
    /// The types of a call.
    Call,
    /// The types of a signature, whose arguments may be polymorphic themselves.
    Signature,
}

/// What the polymorphic types stand for in one call.
#[derive(Default)]
struct Resolution {
    element: Option<Oid>,
    array: Option<Oid>,
    range: Option<Oid>,
    multirange: Option<Oid>,
    compatible: Option<Oid>,
    compatible_array: Option<Oid>,
    compatible_range: Option<Oid>,
    compatible_multirange: Option<Oid>,
}

impl Resolution {
    /// No argument tells: an aggregate's state is then polymorphic itself.
    fn stay_polymorphic(&mut self) {
        if self.element.is_none() {
            self.element = Some(oid::ANYELEMENT);
            self.array = Some(oid::ANYARRAY);
            self.range = Some(oid::ANYRANGE);
            self.multirange = Some(oid::ANYMULTIRANGE);
        }
    }
}

impl Binder<'_> {
    pub(super) fn polymorphic_fits(&self, actual: &[Oid], declared: &[Oid]) -> bool {
        self.resolution(actual, declared, oid::VOID, Purpose::Fit).is_ok()
    }

    /// The declared types with polymorphic ones replaced, and the result type
    /// (`enforce_generic_type_consistency`).
    pub(super) fn resolve_polymorphic(
        &self,
        actual: &[Oid],
        declared: &[Oid],
        result: Oid,
    ) -> Result<(Vec<Oid>, Oid)> {
        self.resolve_for(actual, declared, result, Purpose::Call)
    }

    /// The same where the arguments may be polymorphic themselves.
    pub(super) fn resolve_signature(
        &self,
        actual: &[Oid],
        declared: &[Oid],
        result: Oid,
    ) -> Result<(Vec<Oid>, Oid)> {
        self.resolve_for(actual, declared, result, Purpose::Signature)
    }

    fn resolve_for(
        &self,
        actual: &[Oid],
        declared: &[Oid],
        result: Oid,
        purpose: Purpose,
    ) -> Result<(Vec<Oid>, Oid)> {
        if !declared.iter().any(|ty| is_polymorphic(*ty)) {
            return match is_polymorphic(result) && purpose == Purpose::Call {
                true => Err(undetermined()),
                false => Ok((declared.to_vec(), result)),
            };
        }
        let mut found = self.resolution(actual, declared, result, purpose)?;
        if purpose == Purpose::Signature && declared.iter().any(|ty| is_simple(*ty)) {
            found.stay_polymorphic();
        }
        let types =
            declared.iter().map(|ty| self.stands_for(*ty, &found)).collect::<Result<Vec<_>>>()?;
        Ok((types, self.stands_for(result, &found)?))
    }

    fn stands_for(&self, ty: Oid, found: &Resolution) -> Result<Oid> {
        let array_over = |array: Option<Oid>, element: Option<Oid>| match (array, element) {
            (Some(array), _) => Ok(array),
            (None, Some(element)) => self.array_over(element),
            (None, None) => Err(undetermined()),
        };
        match ty {
            oid::ANYELEMENT | oid::ANYNONARRAY | oid::ANYENUM => {
                found.element.ok_or_else(undetermined)
            }
            oid::ANYARRAY => array_over(found.array, found.element),
            oid::ANYRANGE => found.range.ok_or_else(|| unknown_input("anyrange")),
            oid::ANYMULTIRANGE => match (found.multirange, found.range) {
                (Some(multirange), _) => Ok(multirange),
                (None, Some(range)) => self.multirange_of(range),
                (None, None) => Err(unknown_input("anymultirange")),
            },
            oid::ANYCOMPATIBLE | oid::ANYCOMPATIBLENONARRAY => {
                found.compatible.ok_or_else(undetermined)
            }
            oid::ANYCOMPATIBLEARRAY => array_over(found.compatible_array, found.compatible),
            oid::ANYCOMPATIBLERANGE => {
                found.compatible_range.ok_or_else(|| unknown_input("anycompatiblerange"))
            }
            oid::ANYCOMPATIBLEMULTIRANGE => {
                match (found.compatible_multirange, found.compatible_range) {
                    (Some(multirange), _) => Ok(multirange),
                    (None, Some(range)) => self.multirange_of(range),
                    (None, None) => Err(unknown_input("anycompatiblemultirange")),
                }
            }
            plain => Ok(plain),
        }
    }

    fn resolution(
        &self,
        actual: &[Oid],
        declared: &[Oid],
        result: Oid,
        purpose: Purpose,
    ) -> Result<Resolution> {
        let mut found = Resolution::default();
        let mut compatible = Vec::new();
        for (actual, declared) in actual.iter().zip(declared) {
            let tells_nothing =
                *actual == oid::UNKNOWN || purpose == Purpose::Signature && actual == declared;
            if !tells_nothing {
                self.note(*actual, *declared, &mut found, &mut compatible)?;
            }
        }
        let simple = declared.iter().filter(|ty| is_simple(**ty)).count();
        if simple > 0 {
            self.unify_containers(&mut found, simple, result, purpose)?;
            if found.element.is_none() && purpose == Purpose::Call {
                return Err(undetermined());
            }
            self.check_kinds(&found, declared)?;
        }
        if declared.iter().any(|ty| is_compatible(*ty)) {
            self.unify_compatible(&mut found, compatible, (declared, result), purpose)?;
        }
        Ok(found)
    }

    /// What one argument tells.
    fn note(
        &self,
        actual: Oid,
        declared: Oid,
        found: &mut Resolution,
        compatible: &mut Vec<Oid>,
    ) -> Result<()> {
        match declared {
            oid::ANYELEMENT | oid::ANYNONARRAY | oid::ANYENUM => {
                unify(&mut found.element, actual, "anyelement", self)
            }
            oid::ANYARRAY => unify(&mut found.array, self.base(actual), "anyarray", self),
            oid::ANYRANGE => unify(&mut found.range, self.base(actual), "anyrange", self),
            oid::ANYMULTIRANGE => {
                unify(&mut found.multirange, self.base(actual), "anymultirange", self)
            }
            oid::ANYCOMPATIBLE | oid::ANYCOMPATIBLENONARRAY => {
                compatible.push(actual);
                Ok(())
            }
            oid::ANYCOMPATIBLEARRAY => {
                compatible.push(self.array_element(actual, "anycompatiblearray")?);
                Ok(())
            }
            oid::ANYCOMPATIBLERANGE => {
                let range = self.base(actual);
                unify(&mut found.compatible_range, range, "anycompatiblerange", self)?;
                compatible.push(self.subtype(range, "anycompatiblerange")?);
                Ok(())
            }
            oid::ANYCOMPATIBLEMULTIRANGE => {
                let multirange = self.base(actual);
                let known = &mut found.compatible_multirange;
                unify(known, multirange, "anycompatiblemultirange", self)?;
                self.range_of(multirange, "anycompatiblemultirange").map(drop)
            }
            _ => Ok(()),
        }
    }

    /// The common type of the `anycompatible` family. Ranges are not converted: their
    /// bounds must have the common type already.
    fn unify_compatible(
        &self,
        found: &mut Resolution,
        mut types: Vec<Oid>,
        (declared, result): (&[Oid], Oid),
        purpose: Purpose,
    ) -> Result<()> {
        let wants = |ty: Oid| result == ty || declared.contains(&ty);
        let mut wants_range = wants(oid::ANYCOMPATIBLERANGE);
        if let Some(multirange) = found.compatible_multirange {
            let range = self.range_of(multirange, "anycompatiblemultirange")?;
            match found.compatible_range {
                Some(known) if known != range => {
                    return Err(self.inconsistent(
                        ("anycompatiblemultirange", multirange),
                        ("anycompatiblerange", known),
                    ));
                }
                Some(_) => {}
                None => {
                    found.compatible_range = Some(range);
                    wants_range = true;
                    types.push(self.subtype(range, "anycompatiblemultirange")?);
                }
            }
        }
        if types.is_empty() {
            if purpose == Purpose::Signature {
                found.compatible = Some(oid::ANYCOMPATIBLE);
                found.compatible_array = Some(oid::ANYCOMPATIBLEARRAY);
                found.compatible_range = Some(oid::ANYCOMPATIBLERANGE);
                found.compatible_multirange = Some(oid::ANYCOMPATIBLEMULTIRANGE);
            } else {
                found.compatible = Some(oid::TEXT);
            }
            return Ok(());
        }
        let common = self.compatible_type(&types)?;
        found.compatible = Some(common);
        if wants(oid::ANYCOMPATIBLENONARRAY) && self.element(self.base(common)).is_some() {
            return Err(self.unfit("anycompatiblenonarray is an array type", common));
        }
        if purpose == Purpose::Fit && found.compatible_range.is_none() {
            return Ok(());
        }
        let wants_multirange = wants(oid::ANYCOMPATIBLEMULTIRANGE);
        match found.compatible_range {
            None if wants_range => Err(unknown_input("anycompatiblerange")),
            None if wants_multirange => Err(unknown_input("anycompatiblemultirange")),
            Some(range) if self.subtype(range, "anycompatiblerange")? != common => Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "anycompatiblerange type {} does not match anycompatible type {}",
                    self.display_type(range),
                    self.display_type(common)
                ),
            )),
            _ => Ok(()),
        }
    }

    fn compatible_type(&self, types: &[Oid]) -> Result<Oid> {
        let common = self.common_of(types).map_err(|(left, right, _)| {
            Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "arguments of anycompatible family cannot be cast to a common type: {} and {}",
                    self.display_type(left),
                    self.display_type(right)
                ),
            )
        })?;
        match types.iter().all(|ty| self.can_coerce(*ty, common, CastContext::Implicit)) {
            true => Ok(common),
            false => Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                "arguments of anycompatible family cannot be cast to a common type",
            )),
        }
    }

    /// The array type over an element type, which may be polymorphic.
    fn array_over(&self, element: Oid) -> Result<Oid> {
        match element {
            oid::ANYELEMENT => return Ok(oid::ANYARRAY),
            oid::ANYCOMPATIBLE => return Ok(oid::ANYCOMPATIBLEARRAY),
            _ => {}
        }
        self.array_of(element).ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("could not find array type for data type {}", self.display_type(element)),
            )
        })
    }

    /// The type of a range's bounds.
    fn subtype(&self, range: Oid, declared: &str) -> Result<Oid> {
        match self.catalog.type_(range).map(|ty| &ty.kind) {
            Some(TypeKind::Range { subtype, .. }) => Ok(*subtype),
            _ => Err(self.wrong_kind(declared, "a range type", range)),
        }
    }

    fn range_of(&self, multirange: Oid, declared: &str) -> Result<Oid> {
        match self.catalog.type_(multirange).map(|ty| &ty.kind) {
            Some(TypeKind::Multirange { range }) => Ok(*range),
            _ => Err(self.wrong_kind(declared, "a multirange type", multirange)),
        }
    }

    fn multirange_of(&self, range: Oid) -> Result<Oid> {
        self.catalog.multirange_of(range).ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!(
                    "could not find multirange type for data type {}",
                    self.display_type(range)
                ),
            )
        })
    }

    fn inconsistent(&self, one: (&str, Oid), other: (&str, Oid)) -> Error {
        Error::new(
            sqlstate::DATATYPE_MISMATCH,
            format!(
                "argument declared {} is not consistent with argument declared {}",
                one.0, other.0
            ),
        )
        .with_detail(format!(
            "{} versus {}",
            self.display_type(one.1),
            self.display_type(other.1)
        ))
    }

    /// Elements, arrays, ranges and multiranges tell of each other. `count` arguments are
    /// of this family.
    fn unify_containers(
        &self,
        found: &mut Resolution,
        count: usize,
        result: Oid,
        purpose: Purpose,
    ) -> Result<()> {
        if found.array == Some(oid::ANYARRAY) {
            // Statistics: nobody knows what they are arrays of.
            let needs_element = count != 1 || result != oid::ANYARRAY && is_simple(result);
            if needs_element && purpose != Purpose::Fit {
                return Err(Error::new(
                    sqlstate::DATATYPE_MISMATCH,
                    "cannot determine element type of \"anyarray\" argument",
                ));
            }
            found.element.get_or_insert(oid::ANYELEMENT);
        } else if let Some(array) = found.array {
            let element = self.array_element(array, "anyarray")?;
            if let Some(known) = found.element.filter(|known| *known != element) {
                return Err(self.inconsistent(("anyarray", array), ("anyelement", known)));
            }
            found.element = Some(element);
        }
        if let Some(multirange) = found.multirange {
            let range = self.range_of(multirange, "anymultirange")?;
            match found.range {
                Some(known) if known != range => {
                    return Err(
                        self.inconsistent(("anymultirange", multirange), ("anyrange", known))
                    );
                }
                _ => found.range = Some(range),
            }
        }
        if let Some(range) = found.range {
            let subtype = self.subtype(range, "anyrange")?;
            match found.element {
                Some(known) if known != subtype => {
                    return Err(self.inconsistent(("anyrange", range), ("anyelement", known)));
                }
                _ => found.element = Some(subtype),
            }
        }
        Ok(())
    }

    fn check_kinds(&self, found: &Resolution, declared: &[Oid]) -> Result<()> {
        let Some(element) = found.element.filter(|ty| *ty != oid::ANYELEMENT) else {
            return Ok(());
        };
        if declared.contains(&oid::ANYNONARRAY) && self.element(self.base(element)).is_some() {
            return Err(self.unfit("anynonarray is an array type", element));
        }
        let is_enum =
            |ty| matches!(self.catalog.type_(ty).map(|ty| &ty.kind), Some(TypeKind::Enum { .. }));
        if declared.contains(&oid::ANYENUM) && !is_enum(element) {
            return Err(self.unfit("anyenum is not an enum type", element));
        }
        Ok(())
    }

    fn unfit(&self, words: &str, ty: Oid) -> Error {
        Error::new(
            sqlstate::DATATYPE_MISMATCH,
            format!("type matched to {words}: {}", self.display_type(ty)),
        )
    }

    fn array_element(&self, array: Oid, declared: &str) -> Result<Oid> {
        self.element(self.base(array)).ok_or_else(|| self.wrong_kind(declared, "an array", array))
    }

    fn wrong_kind(&self, declared: &str, kind: &str, actual: Oid) -> Error {
        Error::new(
            sqlstate::DATATYPE_MISMATCH,
            format!(
                "argument declared {declared} is not {kind} but type {}",
                self.display_type(actual)
            ),
        )
    }
}

fn unknown_input(declared: &str) -> Error {
    Error::new(
        sqlstate::DATATYPE_MISMATCH,
        format!("could not determine polymorphic type {declared} because input has type unknown"),
    )
}

fn undetermined() -> Error {
    Error::new(
        sqlstate::DATATYPE_MISMATCH,
        "could not determine polymorphic type because input has type unknown",
    )
}

fn unify(known: &mut Option<Oid>, actual: Oid, kind: &str, binder: &Binder<'_>) -> Result<()> {
    match *known {
        Some(other) if other != actual => Err(Error::new(
            sqlstate::DATATYPE_MISMATCH,
            format!("arguments declared \"{kind}\" are not all alike"),
        )
        .with_detail(format!(
            "{} versus {}",
            binder.display_type(other),
            binder.display_type(actual)
        ))),
        _ => {
            *known = Some(actual);
            Ok(())
        }
    }
}
