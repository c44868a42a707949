//! PostgreSQL's isolation specs by its own tester: those of
//! `compat/isolation/passing.txt` keep passing.
//!
//! The list only grows (`compat/isolation/run.py --update`). The specs are PostgreSQL's
//! and not in this repository: the runner fetches them, or says that it cannot.

use crate::support::runner;

#[test]
fn passing_specs_keep_passing() {
    runner::check("compat/isolation/run.py", "--check");
}
