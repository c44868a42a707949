//! Statements of routines, for `pg_stat_statements`: each is counted when its rows have
//! been read, or are wanted no more.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::frame::{Answer, Frame};
use super::plan::{BoundPlan, Code, Plan};
use crate::error::Result;
use crate::sql::functions::{NestedStatement, SessionHooks};
use crate::sql::parse::Identity;

/// One that runs. It is counted when it is dropped, unless it has failed.
pub struct Counted {
    session: Arc<dyn SessionHooks>,
    done: NestedStatement,
    running_since: Option<Instant>,
    has_failed: bool,
}

impl Counted {
    /// Begins, if anybody counts it.
    pub fn begin(frame: &Frame<'_>, plan: &Plan, bound: &BoundPlan) -> Option<Counted> {
        let is_utility = matches!(&bound.code, Code::Statement(prepared) if !prepared.is_planned());
        let is_planned = !bound.has_run.swap(true, Ordering::Relaxed);
        Counted::of(frame, is_utility, is_planned, || bound.identity(&plan.parsed))
    }

    /// The same of a statement that is bound for this run.
    pub fn of(
        frame: &Frame<'_>,
        is_utility: bool,
        is_planned: bool,
        identity: impl FnOnce() -> Arc<Identity>,
    ) -> Option<Counted> {
        let session = &frame.ctx.eval.session;
        let depth = frame.depth;
        session.counts_nested(depth, is_utility).then(|| Counted {
            session: session.clone(),
            done: NestedStatement {
                identity: identity(),
                depth,
                is_planned,
                elapsed: Duration::ZERO,
                rows: 0,
            },
            running_since: Some(Instant::now()),
            has_failed: false,
        })
    }

    pub fn add_rows(&mut self, rows: u64) {
        self.done.rows += rows;
    }

    pub fn pause(&mut self) {
        if let Some(since) = self.running_since.take() {
            self.done.elapsed += since.elapsed();
        }
    }

    pub fn resume(&mut self) {
        self.running_since = Some(Instant::now());
    }

    /// What fails is not counted.
    pub fn fail(mut self) {
        self.has_failed = true;
    }
}

/// What a statement gives, counted as it is read.
pub fn finished(answer: Result<Answer>, counted: Option<Counted>) -> Result<Answer> {
    match (answer, counted) {
        (Ok(answer), counted) => Ok(answer.counted(counted)),
        (Err(error), counted) => {
            if let Some(counted) = counted {
                counted.fail();
            }
            Err(error)
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if !self.has_failed {
            self.pause();
            self.session.count_nested(&self.done);
        }
    }
}
