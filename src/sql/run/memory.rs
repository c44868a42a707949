//! The memory that all queries share.
//!
//! Some consumers can write what they hold to disk (sorts, aggregates, some joins),
//! the others cannot. What a sort keeps is merged by one of the others, and the
//! merge counts each batch with all buffers that it shares with the next ones: about
//! three times what the sorts hold, though no more memory is used. If sorts could
//! take everything, as in DataFusion's `FairSpillPool`, they would never go to disk
//! and the merge would fail. So they share a third, equally; the others may have
//! whatever is free.

use std::fmt;

use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use parking_lot::Mutex;

/// The part of the memory that those who can go to disk have, as a divisor.
const SPILLING_PART: usize = 3;

#[derive(Debug)]
pub struct QueryMemory {
    bytes_max: usize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    /// Consumers that can go to disk.
    spilling: usize,
    spilling_bytes: usize,
    other_bytes: usize,
}

impl QueryMemory {
    pub fn new(bytes_max: usize) -> QueryMemory {
        QueryMemory { bytes_max, used: Mutex::default() }
    }
}

impl Used {
    fn bytes(&mut self, consumer: &MemoryConsumer) -> &mut usize {
        if consumer.can_spill() { &mut self.spilling_bytes } else { &mut self.other_bytes }
    }

    fn total(&self) -> usize {
        self.spilling_bytes + self.other_bytes
    }
}

impl fmt::Display for QueryMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "memory_limit of {} bytes", self.bytes_max)
    }
}

impl MemoryPool for QueryMemory {
    fn name(&self) -> &str {
        "memory_limit"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.used.lock().spilling += usize::from(consumer.can_spill());
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.used.lock().spilling -= usize::from(consumer.can_spill());
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        *self.used.lock().bytes(reservation.consumer()) += additional;
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        *self.used.lock().bytes(reservation.consumer()) -= shrink;
    }

    fn try_grow(
        &self,
        reservation: &MemoryReservation,
        additional: usize,
    ) -> Result<(), DataFusionError> {
        let mut used = self.used.lock();
        let mut free = self.bytes_max.saturating_sub(used.total());
        if reservation.consumer().can_spill() {
            let share = self.bytes_max / SPILLING_PART / used.spilling.max(1);
            free = free.min(share.saturating_sub(reservation.size()));
        }
        if additional > free {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{} needs {additional} bytes besides its {}; {free} are left of the {self}.",
                reservation.consumer().name(),
                reservation.size(),
            )));
        }
        *used.bytes(reservation.consumer()) += additional;
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.used.lock().total()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes_max)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn those_who_can_spill_share_a_third_and_leave_the_rest() {
        let pool: Arc<dyn MemoryPool> = Arc::new(QueryMemory::new(1_500));
        let sort = |name: &str| MemoryConsumer::new(name).with_can_spill(true).register(&pool);
        let (first, second) = (sort("first"), sort("second"));
        let other = MemoryConsumer::new("merge").register(&pool);
        first.try_grow(250).expect("half of a third");
        first.try_grow(1).expect_err("no more than its share");
        second.try_grow(250).expect("the other half");
        other.try_grow(1_000).expect("what is free");
        other.try_grow(1).expect_err("nothing is left");
        drop(second);
        other.try_grow(250).expect("what was given back");
        drop((first, other));
        assert_eq!(pool.reserved(), 0);
    }
}
