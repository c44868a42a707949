//! A content that is read from place to place, a window of it at a time.

use bytes::{Bytes, BytesMut};
use futures::StreamExt;

use crate::error::{Error, Result};
use crate::files::read::Content;

/// Bytes that are read at once and kept.
const WINDOW_BYTES: u64 = 512 << 10;

pub struct Reader {
    content: Content,
    /// Where the window is.
    start: u64,
    window: Bytes,
}

impl Reader {
    pub fn new(content: Content) -> Reader {
        Reader { content, start: 0, window: Bytes::new() }
    }

    pub fn size(&self) -> u64 {
        self.content.size
    }

    /// Bytes at a place, and what is behind them is read ahead; none where the file ends
    /// before them.
    pub async fn read(&mut self, at: u64, count: usize) -> Result<Option<Bytes>> {
        let Some(end) = self.end_of(at, count) else { return Ok(None) };
        if self.kept(at, end).is_none() {
            let until = end.max(at + WINDOW_BYTES).min(self.content.size);
            self.window = self.fetch(at, until).await?;
            self.start = at;
        }
        Ok(self.kept(at, end))
    }

    /// The same without reading ahead: for who looks here and there.
    pub async fn peek(&mut self, at: u64, count: usize) -> Result<Option<Bytes>> {
        let Some(end) = self.end_of(at, count) else { return Ok(None) };
        match self.kept(at, end) {
            Some(kept) => Ok(Some(kept)),
            None => self.fetch(at, end).await.map(Some),
        }
    }

    /// As many of these bytes as there are before the end.
    pub async fn peek_up_to(&mut self, at: u64, count: u64) -> Result<Bytes> {
        let count = count.min(self.content.size.saturating_sub(at));
        Ok(self.peek(at, count as usize).await?.unwrap_or_default())
    }

    fn end_of(&self, at: u64, count: usize) -> Option<u64> {
        at.checked_add(count as u64).filter(|end| *end <= self.content.size)
    }

    fn kept(&self, at: u64, end: u64) -> Option<Bytes> {
        let from = usize::try_from(at.checked_sub(self.start)?).ok()?;
        let to = usize::try_from(end.checked_sub(self.start)?).ok()?;
        (to <= self.window.len()).then(|| self.window.slice(from..to))
    }

    async fn fetch(&self, from: u64, to: u64) -> Result<Bytes> {
        if from == to {
            return Ok(Bytes::new());
        }
        let mut pieces = self.content.read(from..to).await?;
        let mut all = BytesMut::new();
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            if all.is_empty() && piece.len() as u64 == to - from {
                return Ok(piece);
            }
            all.extend_from_slice(&piece);
        }
        match all.len() as u64 == to - from {
            true => Ok(all.freeze()),
            false => Err(Error::data_corrupted("a content was cut off")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_reads_any_place_up_to_the_end() {
        let size = WINDOW_BYTES as usize * 2 + 10;
        let data: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        let mut reader = Reader::new(Content::of_bytes(data.clone().into()));
        for (at, count) in [(0, 4), (size - 4, 4), (3, 9), (WINDOW_BYTES as usize - 2, 520_000)] {
            let found = reader.read(at as u64, count).await.expect("read");
            assert_eq!(found.as_deref(), Some(&data[at..at + count]));
            let found = reader.peek(at as u64, count).await.expect("read");
            assert_eq!(found.as_deref(), Some(&data[at..at + count]));
        }
        assert_eq!(reader.read(size as u64 - 3, 4).await.expect("read"), None);
        assert_eq!(reader.read(u64::MAX, 4).await.expect("read"), None);
        assert_eq!(reader.peek_up_to(size as u64 - 3, 4).await.expect("read").len(), 3);
        assert!(reader.peek_up_to(size as u64 + 3, 4).await.expect("read").is_empty());
    }
}
