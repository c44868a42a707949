//! Polymorphic types: `anyelement` and `anycompatible` with their families.
//!
//! In one call all `anyelement` arguments have one type, `anyarray` is its array
//! and so on; the `anycompatible` family is brought to a common type instead.

use super::Binder;
use crate::catalog::TypeKind;
use crate::error::{Error, Result};
use crate::sql::types::{Oid, oid};
use crate::sqlstate;

pub fn is_polymorphic(ty: Oid) -> bool {
    is_simple(ty) || is_compatible(ty)
}

fn is_simple(ty: Oid) -> bool {
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

fn is_compatible(ty: Oid) -> bool {
    matches!(
        ty,
        oid::ANYCOMPATIBLE
            | oid::ANYCOMPATIBLEARRAY
            | oid::ANYCOMPATIBLENONARRAY
            | oid::ANYCOMPATIBLERANGE
            | oid::ANYCOMPATIBLEMULTIRANGE
    )
}

/// What the polymorphic types stand for in one call.
#[derive(Default)]
struct Resolution {
    element: Option<Oid>,
    array: Option<Oid>,
    range: Option<Oid>,
    multirange: Option<Oid>,
    compatible: Option<Oid>,
    compatible_range: Option<Oid>,
    compatible_multirange: Option<Oid>,
}

impl Binder<'_> {
    pub(super) fn polymorphic_fits(&self, actual: &[Oid], declared: &[Oid]) -> bool {
        self.resolution(actual, declared).is_ok()
    }

    /// The declared types with polymorphic ones replaced, and the result type
    /// (`enforce_generic_type_consistency`).
    pub(super) fn resolve_polymorphic(
        &self,
        actual: &[Oid],
        declared: &[Oid],
        result: Oid,
    ) -> Result<(Vec<Oid>, Oid)> {
        if !is_polymorphic(result) && !declared.iter().any(|ty| is_polymorphic(*ty)) {
            return Ok((declared.to_vec(), result));
        }
        let mut resolution = self.resolution(actual, declared)?;
        if declared.iter().any(|ty| is_simple(*ty)) && resolution.element.is_none() {
            let kind = declared.iter().copied().find(|ty| is_simple(*ty));
            if kind == Some(oid::ANYARRAY) && resolution.array.is_some() {
                resolution.element = None;
            } else {
                return Err(Error::new(
                    sqlstate::DATATYPE_MISMATCH,
                    "could not determine polymorphic type because input has type unknown",
                ));
            }
        }
        let types = declared
            .iter()
            .map(|ty| self.stands_for(*ty, &resolution))
            .collect::<Result<Vec<_>>>()?;
        Ok((types, self.stands_for(result, &resolution)?))
    }

    fn stands_for(&self, ty: Oid, resolution: &Resolution) -> Result<Oid> {
        let array_of = |element: Option<Oid>| {
            let element = element.ok_or_else(undetermined)?;
            self.array_of(element).ok_or_else(|| {
                Error::new(
                    sqlstate::UNDEFINED_OBJECT,
                    format!(
                        "could not find array type for data type {}",
                        self.display_type(element)
                    ),
                )
            })
        };
        match ty {
            oid::ANYELEMENT | oid::ANYNONARRAY | oid::ANYENUM => {
                resolution.element.ok_or_else(undetermined)
            }
            oid::ANYARRAY => match resolution.array {
                Some(array) => Ok(array),
                None => array_of(resolution.element),
            },
            oid::ANYRANGE => resolution.range.ok_or_else(|| unknown_input("anyrange")),
            oid::ANYMULTIRANGE => match (resolution.multirange, resolution.range) {
                (Some(multirange), _) => Ok(multirange),
                (None, Some(range)) => self.multirange_of(range),
                (None, None) => Err(unknown_input("anymultirange")),
            },
            oid::ANYCOMPATIBLERANGE => {
                resolution.compatible_range.ok_or_else(|| unknown_input("anycompatiblerange"))
            }
            oid::ANYCOMPATIBLEMULTIRANGE => {
                match (resolution.compatible_multirange, resolution.compatible_range) {
                    (Some(multirange), _) => Ok(multirange),
                    (None, Some(range)) => self.multirange_of(range),
                    (None, None) => Err(unknown_input("anycompatiblemultirange")),
                }
            }
            oid::ANYCOMPATIBLE | oid::ANYCOMPATIBLENONARRAY => {
                resolution.compatible.ok_or_else(undetermined)
            }
            oid::ANYCOMPATIBLEARRAY => array_of(resolution.compatible),
            plain => Ok(plain),
        }
    }

    fn resolution(&self, actual: &[Oid], declared: &[Oid]) -> Result<Resolution> {
        let mut found = Resolution::default();
        let mut compatible = Vec::new();
        let mut wants_compatible = false;
        for (actual, declared) in actual.iter().zip(declared) {
            wants_compatible |= is_compatible(*declared);
            if *actual == oid::UNKNOWN {
                continue;
            }
            match *declared {
                oid::ANYELEMENT | oid::ANYNONARRAY | oid::ANYENUM => {
                    unify(&mut found.element, *actual, "anyelement", self)?;
                }
                oid::ANYARRAY => unify(&mut found.array, self.base(*actual), "anyarray", self)?,
                oid::ANYRANGE => unify(&mut found.range, self.base(*actual), "anyrange", self)?,
                oid::ANYMULTIRANGE => {
                    unify(&mut found.multirange, self.base(*actual), "anymultirange", self)?;
                }
                oid::ANYCOMPATIBLERANGE => {
                    let range = self.base(*actual);
                    unify(&mut found.compatible_range, range, "anycompatiblerange", self)?;
                    compatible.push(self.subtype(range, "anycompatiblerange")?);
                }
                oid::ANYCOMPATIBLEMULTIRANGE => {
                    let multirange = self.base(*actual);
                    unify(
                        &mut found.compatible_multirange,
                        multirange,
                        "anycompatiblemultirange",
                        self,
                    )?;
                    let range = self.range_of(multirange, "anycompatiblemultirange")?;
                    compatible.push(self.subtype(range, "anycompatiblerange")?);
                }
                oid::ANYCOMPATIBLE | oid::ANYCOMPATIBLENONARRAY => compatible.push(*actual),
                oid::ANYCOMPATIBLEARRAY => {
                    compatible.push(self.array_element(*actual, "anycompatiblearray")?);
                }
                _ => {}
            }
        }
        self.unify_containers(&mut found)?;
        self.check_kinds(&found, declared)?;
        if wants_compatible {
            let common = self.common_of(&compatible).map_err(|(left, right, _)| {
                Error::new(
                    sqlstate::DATATYPE_MISMATCH,
                    format!(
                        "arguments of anycompatible family cannot be cast to a common type: {} and {}",
                        self.display_type(left),
                        self.display_type(right)
                    ),
                )
            })?;
            found.compatible = Some(common);
            self.unify_compatible(&mut found, common)?;
        }
        Ok(found)
    }

    /// Ranges are not converted: their bounds must have the common type already.
    fn unify_compatible(&self, found: &mut Resolution, common: Oid) -> Result<()> {
        if let Some(multirange) = found.compatible_multirange {
            let range = self.range_of(multirange, "anycompatiblemultirange")?;
            match found.compatible_range {
                Some(known) if known != range => {
                    return Err(self.inconsistent(
                        ("anycompatiblemultirange", multirange),
                        ("anycompatiblerange", known),
                    ));
                }
                _ => found.compatible_range = Some(range),
            }
        }
        let Some(range) = found.compatible_range else { return Ok(()) };
        if self.subtype(range, "anycompatiblerange")? == common {
            return Ok(());
        }
        Err(Error::new(
            sqlstate::DATATYPE_MISMATCH,
            format!(
                "anycompatiblerange type {} does not match anycompatible type {}",
                self.display_type(range),
                self.display_type(common)
            ),
        ))
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

    fn unify_containers(&self, found: &mut Resolution) -> Result<()> {
        if let Some(array) = found.array
            && array != oid::ANYARRAY
        {
            let element = self.array_element(array, "anyarray")?;
            let inconsistent = found.element.is_some_and(|known| known != element);
            if inconsistent {
                return Err(Error::new(
                    sqlstate::DATATYPE_MISMATCH,
                    "argument declared anyarray is not consistent with argument declared anyelement",
                )
                .with_detail(format!(
                    "{} versus {}",
                    self.display_type(array),
                    self.display_type(found.element.unwrap_or(oid::UNKNOWN))
                )));
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
        let Some(element) = found.element else { return Ok(()) };
        if declared.contains(&oid::ANYNONARRAY) && self.element(self.base(element)).is_some() {
            return Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "type matched to anynonarray is an array type: {}",
                    self.display_type(element)
                ),
            ));
        }
        let is_enum =
            |ty| matches!(self.catalog.type_(ty).map(|ty| &ty.kind), Some(TypeKind::Enum { .. }));
        if declared.contains(&oid::ANYENUM) && !is_enum(element) {
            return Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "type matched to anyenum is not an enum type: {}",
                    self.display_type(element)
                ),
            ));
        }
        Ok(())
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
