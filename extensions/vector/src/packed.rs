//! Rows of f32 in 28 bits each, without loss.
//!
//! The elements of an embedding lie within a few powers of two of each other, so that of
//! their exponents four bits are enough: how far each is below the greatest of its row.
//! What is read is what was written, bit for bit, at 3.5 bytes an element in place of 4.
//!
//! ```text
//! one row, 16 + 3 dims + ⌈dims / 2⌉ bytes:
//!   exponent u8 | 3 · unused | 4 · exception | low half of each f32, u16 |
//!   sign and the rest of the mantissa of each, u8 | places, 4 bits
//! ```
//! A *place* of 0 to 14 is the distance from the row's exponent; 15 stands for an exponent
//! field of 0: zeros and subnormal numbers. An element that is smaller still is an
//! *exception*: its index (u16) and its exponent, of which a row has up to four. Of normally
//! distributed elements one in five thousand is; a row of more is kept as it came, in a
//! table beside the rows, and costs twice as much.
//!
//! The places of the first half of the elements are the low halves of their bytes, those of
//! the second half the high ones: a loop over each half is one that compilers vectorise.

use crate::kernel::dispatch;
use crate::region::OutOfMemory;
use crate::rows::Rows;
use crate::simd::Simd;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

const EXCEPTIONS: usize = 4;
/// Bytes before the elements of a row.
const HEADER_BYTES: usize = 4 + 3 * EXCEPTIONS;
/// The place of numbers whose exponent field is 0.
const ZERO: u8 = 15;
/// In the place of a row's exponent: the row is in the table. No finite number has it.
const KEPT_BESIDE: u8 = 255;
/// Elements whose exceptions an index of 16 bits can name.
const DIMS_MAX: usize = u16::MAX as usize;

pub(crate) struct Packed {
    dims: usize,
    rows: Rows<u8>,
    /// Rows with more exceptions than fit.
    beside: RwLock<HashMap<u32, Arc<[f32]>>>,
}

thread_local! {
    /// The row that is being read.
    static UNPACKED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Rows of elements, each read as it was written.
pub(crate) trait Kept<E>: Send + Sync {
    /// Rows of `dims` elements.
    fn new(dims: usize) -> Self;

    /// Maps the memory of `slot`.
    fn make(&self, slot: u32) -> Result<(), OutOfMemory>;

    /// Writes the row of a slot that was made.
    ///
    /// # Safety
    ///
    /// As [`Rows::write`].
    #[allow(unsafe_code)]
    unsafe fn write(&self, slot: u32, elements: &[E]);

    /// Reads the row of a slot that was written.
    fn with<R>(&self, slot: u32, read: impl FnOnce(&[E]) -> R) -> R;

    /// Asks for the cache lines of a row that will be read soon.
    fn prefetch(&self, slot: u32);

    /// Bytes of so many slots.
    fn bytes(&self, slots: u32) -> usize;
}

impl Kept<f32> for Packed {
    fn new(dims: usize) -> Packed {
        assert!(dims <= DIMS_MAX);
        Packed { dims, rows: Rows::new(row_bytes(dims)), beside: RwLock::default() }
    }

    fn make(&self, slot: u32) -> Result<(), OutOfMemory> {
        self.rows.make(slot)
    }

    #[allow(unsafe_code)]
    unsafe fn write(&self, slot: u32, elements: &[f32]) {
        assert_eq!(elements.len(), self.dims);
        let row = pack(elements);
        self.keep_beside(slot, row.is_none().then_some(elements));
        // SAFETY: the same contract.
        unsafe { self.rows.write(slot, row.as_deref().unwrap_or(&[KEPT_BESIDE])) }
    }

    #[inline]
    fn with<R>(&self, slot: u32, read: impl FnOnce(&[f32]) -> R) -> R {
        let row = self.rows.row(slot);
        if row[0] == KEPT_BESIDE {
            let elements = Arc::clone(&self.beside()[&slot]);
            return read(&elements);
        }
        UNPACKED.with_borrow_mut(|unpacked| {
            unpacked.resize(self.dims, 0.0);
            unpack(row, unpacked);
            read(unpacked)
        })
    }

    fn prefetch(&self, slot: u32) {
        self.rows.prefetch(slot);
    }

    fn bytes(&self, slots: u32) -> usize {
        self.rows.bytes(slots) + self.beside().len() * self.dims * size_of::<f32>()
    }
}

impl Packed {
    fn beside(&self) -> RwLockReadGuard<'_, HashMap<u32, Arc<[f32]>>> {
        self.beside.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The row of a slot, which may have been another's before; none where it is packed.
    fn keep_beside(&self, slot: u32, elements: Option<&[f32]>) {
        if elements.is_none() && !self.beside().contains_key(&slot) {
            return;
        }
        let mut beside = self.beside.write().unwrap_or_else(PoisonError::into_inner);
        match elements {
            Some(elements) => beside.insert(slot, elements.into()),
            None => beside.remove(&slot),
        };
    }
}

impl Kept<u16> for Rows<u16> {
    fn new(dims: usize) -> Rows<u16> {
        Rows::new(dims)
    }

    fn make(&self, slot: u32) -> Result<(), OutOfMemory> {
        self.make(slot)
    }

    #[allow(unsafe_code)]
    unsafe fn write(&self, slot: u32, elements: &[u16]) {
        // SAFETY: the same contract.
        unsafe { self.write(slot, elements) }
    }

    #[inline]
    fn with<R>(&self, slot: u32, read: impl FnOnce(&[u16]) -> R) -> R {
        read(self.row(slot))
    }

    fn prefetch(&self, slot: u32) {
        self.prefetch(slot);
    }

    fn bytes(&self, slots: u32) -> usize {
        self.bytes(slots)
    }
}

fn row_bytes(dims: usize) -> usize {
    HEADER_BYTES + 3 * dims + dims.div_ceil(2)
}

/// The exponent field of a number.
fn exponent(element: f32) -> u8 {
    (element.to_bits() >> 23) as u8
}

/// The row; none where it has too many exceptions, or what is not finite.
fn pack(elements: &[f32]) -> Option<Vec<u8>> {
    let dims = elements.len();
    let greatest = elements.iter().map(|element| exponent(*element)).max().unwrap_or(0);
    if greatest == KEPT_BESIDE {
        return None;
    }
    let mut row = vec![0u8; row_bytes(dims)];
    let (header, rest) = row.split_at_mut(HEADER_BYTES);
    let (low, rest) = rest.split_at_mut(2 * dims);
    let (middle, places) = rest.split_at_mut(dims);
    header[0] = greatest;
    let mut exceptions = header[4..].chunks_exact_mut(3);
    for (at, element) in elements.iter().enumerate() {
        let (bits, exponent) = (element.to_bits(), exponent(*element));
        low[2 * at..2 * at + 2].copy_from_slice(&(bits as u16).to_le_bytes());
        middle[at] = (bits >> 16) as u8 & 0x7f | (bits >> 24) as u8 & 0x80;
        let place = match greatest - exponent {
            _ if exponent == 0 => ZERO,
            place if place < ZERO => place,
            _ => {
                let exception = exceptions.next()?;
                exception[..2].copy_from_slice(&(at as u16).to_le_bytes());
                exception[2] = exponent;
                ZERO
            }
        };
        let half = places.len();
        places[at % half] |= place << (4 * (at / half));
    }
    Some(row)
}

#[inline(always)]
fn unpack_by<S: Simd>(_simd: S, row: &[u8], elements: &mut [f32]) {
    let dims = elements.len();
    let (header, rest) = row.split_at(HEADER_BYTES);
    let (low, rest) = rest.split_at(2 * dims);
    let (middle, places) = rest.split_at(dims);
    let half = places.len();
    let greatest = u32::from(header[0]);
    let (low, _) = low.as_chunks::<2>();
    unpack_half::<0>(greatest, &low[..half], &middle[..half], places, &mut elements[..half]);
    unpack_half::<4>(greatest, &low[half..], &middle[half..], places, &mut elements[half..]);
    for exception in header[4..].chunks_exact(3) {
        // The exponent of what is no exception is 0, and so are those of unused ones.
        if exception[2] != 0 {
            let at = usize::from(u16::from_le_bytes([exception[0], exception[1]]));
            let bits = elements[at].to_bits() | u32::from(exception[2]) << 23;
            elements[at] = f32::from_bits(bits);
        }
    }
}

#[inline(always)]
fn unpack_half<const SHIFT: u32>(
    greatest: u32,
    low: &[[u8; 2]],
    middle: &[u8],
    places: &[u8],
    elements: &mut [f32],
) {
    for (((element, low), middle), place) in elements.iter_mut().zip(low).zip(middle).zip(places) {
        let place = u32::from(*place) >> SHIFT & 15;
        let exponent = if place == u32::from(ZERO) { 0 } else { greatest - place };
        let middle = u32::from(*middle);
        let mantissa = u32::from(u16::from_le_bytes(*low)) | (middle & 0x7f) << 16;
        *element = f32::from_bits(mantissa | exponent << 23 | (middle & 0x80) << 24);
    }
}

dispatch! {
    fn unpack(row: &[u8], elements: &mut [f32]) -> () = unpack_by;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::simd::available;

    fn written(packed: &Packed, slot: u32, elements: &[f32]) {
        packed.make(slot).unwrap();
        #[allow(unsafe_code)]
        // SAFETY: one thread.
        unsafe {
            packed.write(slot, elements);
        }
    }

    fn bits(elements: &[f32]) -> Vec<u32> {
        elements.iter().map(|element| element.to_bits()).collect()
    }

    /// Any finite number, by its bits.
    fn finite(random: &mut Random) -> f32 {
        let value = f32::from_bits(random.bits() as u32);
        if value.is_finite() { value } else { finite(random) }
    }

    /// Mostly of one size, as embeddings are, with whatever else there is.
    fn element(random: &mut Random) -> f32 {
        match random.below(44) {
            0 => 0.0,
            1 => -0.0,
            2 => f32::MIN_POSITIVE / 3.0,
            3 => finite(random),
            4 => (random.unit() - 0.5) * 1e-5,
            _ => random.unit() - 0.5,
        }
    }

    fn row_of(random: &mut Random, element: fn(&mut Random) -> f32, dims: usize) -> Vec<f32> {
        (0..dims).map(|_| element(random)).collect()
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let mut random = Random::new(28);
        for dims in (1..70).chain([384, 16_000]) {
            let packed = Packed::new(dims);
            // A slot is used again: from a row in the table to one that is not, and back.
            for element in [element, finite, element, finite] {
                let elements = row_of(&mut random, element, dims);
                written(&packed, 1025, &elements);
                packed.with(1025, |read| assert_eq!(bits(read), bits(&elements)));
            }
        }
    }

    #[test]
    fn levels_agree() {
        let mut random = Random::new(29);
        for dims in 1..200 {
            let elements = row_of(&mut random, element, dims);
            let Some(row) = pack(&elements) else { continue };
            for level in available() {
                let mut read = vec![7.0; dims];
                at_level::unpack(level, &row, &mut read);
                assert_eq!(bits(&read), bits(&elements), "{level:?}");
            }
        }
    }

    #[test]
    fn a_row_has_four_exceptions() {
        let mut elements = vec![1.0f32; 9];
        elements[8] = -1.5e-30;
        elements[..3].fill(3e-9);
        let packed = Packed::new(9);
        written(&packed, 0, &elements);
        assert_eq!(packed.bytes(1), row_bytes(9));
        elements[5] = 1e-8;
        written(&packed, 1, &elements);
        assert_eq!(packed.bytes(2), 2 * row_bytes(9) + 4 * 9);
        packed.with(1, |read| assert_eq!(read, elements));
        written(&packed, 1, &[0.0; 9]);
        assert_eq!(packed.bytes(2), 2 * row_bytes(9));
    }
}
