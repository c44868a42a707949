//! Histories of concurrent transactions, and whether their isolation level allows
//! them: list-append as Elle does it (Kingsbury and Alvaro, VLDB 2020).
//!
//! ```text
//! table lists: key → list                 append n: UPDATE lists SET v = v || n WHERE k = …
//! T1 append 1 to x, read y ⇒ []           every n is appended once, so a list says which
//! T2 append 2 to y, read x ⇒ [1]          transactions it saw, and in which order they wrote
//! ```
//!
//! [`workload`] runs transactions over real connections and writes down what each
//! did and saw; [`checker`] finds the anomalies (and is itself tested with planted
//! ones); [`bank`] holds a sum constant under transfers.

mod bank;
mod checker;
mod cycle;
mod workload;

use checker::{Op, Transaction};
