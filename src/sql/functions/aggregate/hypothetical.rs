//! Hypothetical-set aggregates: `rank`, `dense_rank`, `percent_rank`, `cume_dist`.
//!
//! They answer what a window function would for a row that is not there. The
//! caller sorts the rows and compares each with that row, by the keys of WITHIN
//! GROUP; a state is fed two arguments per row, in order: where the row stands
//! (`int4`: below 0 before the hypothetical row, 0 its peer, above 0 after), and
//! whether it is the first of its own peers (`bool`).

use super::aggregates;
use crate::error::Result;
use crate::sql::functions::call::arg;
use crate::sql::functions::{AggregateKernel, AggregateState};
use crate::sql::types::Datum;

pub const AGGREGATES: &[AggregateKernel] = aggregates! {
    every "rank_any" => |_| Standing::new(Answer::Rank);
    every "dense_rank_any" => |_| Standing::new(Answer::DenseRank);
    every "percent_rank_any" => |_| Standing::new(Answer::PercentRank);
    every "cume_dist_any" => |_| Standing::new(Answer::CumeDist);
};

#[derive(Debug)]
enum Answer {
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
}

/// Where the hypothetical row stands among the rows seen.
#[derive(Debug)]
struct Standing {
    answer: Answer,
    rows: i64,
    before: i64,
    groups_before: i64,
    peers: i64,
}

impl Standing {
    fn new(answer: Answer) -> Standing {
        Standing { answer, rows: 0, before: 0, groups_before: 0, peers: 0 }
    }
}

impl AggregateState for Standing {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        let place: i32 = arg(args, 0)?;
        let is_first_peer: bool = arg(args, 1)?;
        self.rows += 1;
        self.before += i64::from(place < 0);
        self.groups_before += i64::from(place < 0 && is_first_peer);
        self.peers += i64::from(place == 0);
        Ok(())
    }

    fn finish(&mut self) -> Result<Datum> {
        let ratio = |part: i64, whole: i64| Datum::Float8(part as f64 / whole as f64);
        Ok(match self.answer {
            Answer::Rank => Datum::Int8(self.before + 1),
            Answer::DenseRank => Datum::Int8(self.groups_before + 1),
            Answer::PercentRank if self.rows == 0 => Datum::Float8(0.0),
            Answer::PercentRank => ratio(self.before, self.rows),
            Answer::CumeDist => ratio(self.before + self.peers + 1, self.rows + 1),
        })
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        let counts = [self.rows, self.before, self.groups_before, self.peers];
        Ok(counts.into_iter().map(Datum::Int8).collect())
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        self.rows += arg::<i64>(state, 0)?;
        self.before += arg::<i64>(state, 1)?;
        self.groups_before += arg::<i64>(state, 2)?;
        self.peers += arg::<i64>(state, 3)?;
        Ok(())
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>()
    }
}
