//! Vectors: distances, exact search, and the graph that finds the nearest quickly.
//!
//! Nothing here knows SQL, transactions or storage; the server keeps the rows, hands out
//! commit timestamps and saves pages.
//!
//! | module | what |
//! |---|---|
//! | `simd` | one instruction set behind one trait, chosen at run time |
//! | `kernel` | distances of f32, f16, int8 codes, bits and sparse vectors |
//! | `codes` | int8 codes with a bound of what they lose |
//! | `exact` | the nearest by scanning codes, certified by that bound |
//! | `space` | how values are kept by slot, one space for each kind of value |
//! | `graph` | layers of neighbours: walks, linking, repair, pages |
//! | `index` | a space with its graph: insert, search, delete, load |
//! | `ivf` | inverted lists over the same codes |
//! | `value` | the SQL types: text, stored form, keys, casts, functions |
//! | `slots` | which slot is which row, from when until when |
//! | `packed` | rows of f32 in 28 bits each, without loss |
//! | `region`, `rows` | memory that never moves |
//!
//! `unsafe` is denied for the server and lives here only, each block with its proof: in
//! `simd` (instructions that were detected), `region` and `rows` (memory shared without
//! locks) and where rows are written.

pub mod codes;
pub mod exact;
pub mod fidelity;
pub mod graph;
mod hits;
pub mod index;
pub mod ivf;
pub mod kernel;
mod metric;
mod packed;
mod random;
mod region;
mod rows;
pub mod simd;
pub mod slots;
pub mod space;
#[cfg(test)]
mod tests;
pub mod value;

pub use hits::Hit;
pub use metric::{BitMetric, Metric};
pub use random::Random;
pub use region::OutOfMemory;
pub use rows::SLOTS_MAX;
