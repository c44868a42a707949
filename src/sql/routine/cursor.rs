//! Cursors that functions have opened: the session's, until its transaction ends.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use parking_lot::Mutex;

use super::frame::{Answer, Frame};
use crate::error::{Error, Result};
use crate::sql::dml::reserve;
use crate::sql::outcome::ResultColumn;
use crate::sql::types::Datum;
use crate::sqlstate;

/// Cursors that one session may have open.
const CURSORS_MAX: usize = 10_000;

/// A session's open cursors by name.
#[derive(Default)]
pub struct Cursors {
    open: Mutex<HashMap<String, OpenCursor>>,
    next: AtomicU64,
}

impl Cursors {
    pub fn contains(&self, name: &str) -> bool {
        self.open.lock().contains_key(name)
    }

    pub fn is_empty(&self) -> bool {
        self.open.lock().is_empty()
    }

    /// A name for a cursor whose variable has none.
    pub fn free_name(&self) -> String {
        format!("<unnamed portal {}>", self.next.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub fn add(&self, name: String, cursor: OpenCursor) -> Result<()> {
        let mut open = self.open.lock();
        if open.len() >= CURSORS_MAX {
            return Err(Error::new(
                sqlstate::CONFIGURATION_LIMIT_EXCEEDED,
                "too many cursors in this session",
            ));
        }
        open.insert(name, cursor);
        Ok(())
    }

    pub fn take(&self, name: &str) -> Option<OpenCursor> {
        self.open.lock().remove(name)
    }

    pub fn put_back(&self, name: String, cursor: OpenCursor) {
        self.open.lock().insert(name, cursor);
    }

    /// What a cursor's rows look like.
    pub fn columns(&self, name: &str) -> Option<Arc<[ResultColumn]>> {
        self.open.lock().get(name).map(|cursor| cursor.columns.clone())
    }

    pub fn clear(&self) {
        self.open.lock().clear();
    }
}

/// A query half way through; the rows read are kept, so that it can go back.
pub struct OpenCursor {
    pub columns: Arc<[ResultColumn]>,
    pub text: String,
    answer: Option<Answer>,
    kept: Vec<Vec<Datum>>,
    reservation: MemoryReservation,
    scroll: bool,
    /// 0 is before the first row, n on the n-th, one more than all is after the last.
    position: usize,
}

/// Where to go.
#[derive(Clone, Copy)]
pub enum Move {
    /// So many rows on, or back: all that are passed.
    By(i64),
    /// To the n-th row; from the end if negative.
    To(i64),
    /// To the n-th row from here.
    Step(i64),
}

impl OpenCursor {
    pub fn new(
        answer: Answer,
        text: String,
        scroll: Option<bool>,
        pool: &Arc<dyn MemoryPool>,
    ) -> OpenCursor {
        OpenCursor {
            columns: answer.columns.clone().unwrap_or_else(|| [].into()),
            text,
            answer: Some(answer),
            kept: Vec::new(),
            reservation: MemoryConsumer::new("cursor").register(pool),
            scroll: scroll != Some(false),
            position: 0,
        }
    }

    /// Reads until so many rows are kept, or the end.
    fn read_to(&mut self, count: usize, frame: &mut Frame<'_>) -> Result<()> {
        while self.kept.len() < count {
            frame.check_cancel()?;
            let Some(answer) = &mut self.answer else { return Ok(()) };
            match answer.next(frame)? {
                None => self.answer = None,
                Some(row) => {
                    reserve(&mut self.reservation, &row)?;
                    self.kept.push(row);
                }
            }
        }
        Ok(())
    }

    /// Moves, and answers the rows on the way; of a jump the one that it ends on.
    pub fn move_by(&mut self, to: Move, frame: &mut Frame<'_>) -> Result<Vec<Vec<Datum>>> {
        match to {
            Move::By(0) => Ok(self.row().into_iter().collect()),
            Move::By(count) if count > 0 => {
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                let end = self.position.saturating_add(count);
                self.read_to(end, frame)?;
                let last = end.min(self.kept.len());
                let rows = self.kept[self.position.min(last)..last].to_vec();
                self.position = end.min(self.kept.len() + 1);
                Ok(rows)
            }
            Move::By(count) => {
                self.require_scroll()?;
                let mut rows = Vec::new();
                let mut left = count.unsigned_abs();
                while left > 0 && self.position > 0 {
                    self.position -= 1;
                    left -= 1;
                    rows.extend(self.row());
                }
                Ok(rows)
            }
            Move::To(at) if at >= 0 => {
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                self.jump(at, frame)
            }
            Move::To(at) => {
                self.read_to(usize::MAX, frame)?;
                let back = usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX);
                let at = (self.kept.len() + 1).saturating_sub(back);
                self.jump(at, frame)
            }
            Move::Step(by) => {
                let at = (self.position as i64).saturating_add(by).max(0);
                self.jump(usize::try_from(at).unwrap_or(usize::MAX), frame)
            }
        }
    }

    fn jump(&mut self, at: usize, frame: &mut Frame<'_>) -> Result<Vec<Vec<Datum>>> {
        if at < self.position {
            self.require_scroll()?;
        }
        self.read_to(at, frame)?;
        self.position = at.min(self.kept.len() + 1);
        Ok(self.row().into_iter().collect())
    }

    fn row(&self) -> Option<Vec<Datum>> {
        self.position.checked_sub(1).and_then(|at| self.kept.get(at)).cloned()
    }

    fn require_scroll(&self) -> Result<()> {
        if self.scroll {
            return Ok(());
        }
        Err(Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, "cursor can only scan forward")
            .with_hint("Declare it with SCROLL option to enable backward scan."))
    }
}
