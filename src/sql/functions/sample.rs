//! The row filters of TABLESAMPLE.
//!
//! Whether a row is in a sample depends on its identity and the seed alone, so that a
//! sample with REPEATABLE is the same each time, and of two samples with one seed the
//! larger contains the smaller.

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::Datum;
use crate::sqlstate;

use super::Kernel;
use super::call::wrong_type;

pub const KERNELS: &[&[Kernel]] = &[SAMPLES];

/// Rows that `system` takes or leaves together: those that would share a page.
const ROWS_PER_BLOCK: u64 = 64;

const SAMPLES: &[Kernel] = kernels! {
    call "tablesample_bernoulli" => |_, args| sampled(args, 1);
    call "tablesample_system" => |_, args| sampled(args, ROWS_PER_BLOCK);
};

/// `(rid, percentage, seed)`: whether the row, or its block, is in the sample.
fn sampled(args: &[Datum], rows_per_block: u64) -> Result<Datum> {
    let [rid, percentage, seed] = args else { return Err(wrong_type()) };
    let percentage = match percentage {
        Datum::Float4(value) => *value,
        Datum::Null => return Err(invalid("TABLESAMPLE parameter cannot be null")),
        _ => return Err(wrong_type()),
    };
    if !(0.0..=100.0).contains(&percentage) {
        return Err(invalid("sample percentage must be between 0 and 100"));
    }
    let seed = match seed {
        Datum::Float8(value) => value.to_bits(),
        Datum::Null => {
            return Err(Error::new(
                sqlstate::INVALID_TABLESAMPLE_REPEAT,
                "TABLESAMPLE REPEATABLE parameter cannot be null",
            ));
        }
        _ => return Err(wrong_type()),
    };
    let Datum::Int8(rid) = rid else { return Ok(Datum::Bool(false)) };
    let block = *rid as u64 / rows_per_block;
    let cutoff = f64::from(percentage) / 100.0 * 2f64.powi(32);
    Ok(Datum::Bool(f64::from(spread(block, seed)) < cutoff))
}

fn invalid(message: &str) -> Error {
    Error::new(sqlstate::INVALID_TABLESAMPLE_ARGUMENT, message)
}

/// 32 bits that look random, of a number and a seed (splitmix64).
fn spread(number: u64, seed: u64) -> u32 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ seed.rotate_left(17);
    for (shift, factor) in [(30, 0xbf58_476d_1ce4_e5b9u64), (27, 0x94d0_49bb_1331_11eb)] {
        mixed = (mixed ^ (mixed >> shift)).wrapping_mul(factor);
    }
    (mixed >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(percentage: f32, seed: f64, rows_per_block: u64) -> usize {
        let row = |rid: i64| {
            let args = [Datum::Int8(rid), Datum::Float4(percentage), Datum::Float8(seed)];
            matches!(sampled(&args, rows_per_block), Ok(Datum::Bool(true)))
        };
        (0..100_000).filter(|rid| row(*rid)).count()
    }

    #[test]
    fn samples_have_about_their_size() {
        assert_eq!(count(0.0, 1.0, 1), 0);
        assert_eq!(count(100.0, 1.0, 1), 100_000);
        for seed in [0.0, 1.0, 0.3, 200.0] {
            assert!((9_000..11_000).contains(&count(10.0, seed, 1)), "seed {seed}");
        }
        assert!((30_000..70_000).contains(&count(50.0, 2.0, ROWS_PER_BLOCK)));
    }
}
