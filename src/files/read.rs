//! Contents as streams.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};

use super::remote::Remote;
use super::{Hash, Location, Stamp, Store, failed, stamp};
use crate::error::{Error, Result};

/// Bytes of a piece. Larger ones do not read faster, and each download holds two of them.
const PIECE_BYTES: u64 = 1 << 20;

pub type Pieces = BoxStream<'static, Result<Bytes>>;

/// A content that can be read.
#[derive(Clone)]
pub struct Content {
    pub hash: Hash,
    pub size: u64,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Bytes(Bytes),
    File { file: Arc<File>, stamp: Stamp, store: Arc<Store> },
    Remote(Arc<Remote>),
}

impl Store {
    /// Opens a content that is said to be somewhere; `data` is that of one in the database.
    /// `XX001` where it is not there, or has another size.
    pub async fn open_content(
        self: &Arc<Self>,
        hash: Hash,
        size: u64,
        location: Location,
        data: Option<Bytes>,
    ) -> Result<Content> {
        let source = match (location, data) {
            (Location::Database, Some(data)) => {
                if data.len() as u64 != size || Hash::of(&data) != hash {
                    return Err(damaged(&hash, "the database"));
                }
                Source::Bytes(data)
            }
            (Location::Disk, _) => {
                let store = self.clone();
                let opened = tokio::task::spawn_blocking(move || store.open_file(&hash, size));
                let (file, stamp) = opened.await.map_err(|_| ended())??;
                Source::File { file: Arc::new(file), stamp, store: self.clone() }
            }
            (Location::S3, _) => {
                let missing = || {
                    Error::data_corrupted(format!(
                        "content {hash} is in an S3 service that is not configured"
                    ))
                };
                Source::Remote(self.remote.clone().ok_or_else(missing)?)
            }
            (Location::Database, None) => return Err(damaged(&hash, "the database")),
        };
        Ok(Content { hash, size, source })
    }

    fn open_file(&self, hash: &Hash, size: u64) -> Result<(File, Stamp)> {
        let path = self.path(hash);
        let missing = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Error::data_corrupted(format!("content {hash} has no file"))
            }
            _ => failed("open", &path, &error),
        };
        let file = File::open(&path).map_err(missing)?;
        let metadata = file.metadata().map_err(missing)?;
        if metadata.len() != size {
            return Err(Error::data_corrupted(format!(
                "the file of content {hash} has {} bytes instead of {size}",
                metadata.len()
            )));
        }
        Ok((file, stamp(&metadata)))
    }
}

impl Content {
    /// One that is here.
    #[cfg(test)]
    pub fn of_bytes(data: Bytes) -> Content {
        Content { hash: Hash::of(&data), size: data.len() as u64, source: Source::Bytes(data) }
    }

    /// Pieces of a range of bytes that is within the content. What differs from its hash
    /// ends in an error before its last byte, and is told in the log.
    pub async fn read(&self, range: Range<u64>) -> Result<Pieces> {
        let is_whole = range == (0..self.size);
        match &self.source {
            Source::Bytes(data) => {
                let (from, to) = (range.start as usize, range.end as usize);
                let piece = data.get(from..to).map(|_| data.slice(from..to)).unwrap_or_default();
                Ok(stream::iter([Ok(piece)]).boxed())
            }
            Source::File { file, stamp, store } => {
                let is_known = store.verified.get(&self.hash) == Some(*stamp);
                if !is_known && !is_whole {
                    self.verify_file(file.clone(), *stamp, store).await?;
                }
                let pieces = file_pieces(file.clone(), range);
                match is_known || !is_whole {
                    true => Ok(pieces),
                    false => {
                        let (store, hash, stamp) = (store.clone(), self.hash, *stamp);
                        Ok(compared(pieces, hash, move || store.verified.insert(hash, stamp)))
                    }
                }
            }
            Source::Remote(remote) => {
                let pieces = remote.read(&self.hash, range).await?;
                Ok(if is_whole { compared(pieces, self.hash, || ()) } else { pieces })
            }
        }
    }

    async fn verify_file(&self, file: Arc<File>, stamp: Stamp, store: &Store) -> Result<()> {
        let (hash, size) = (self.hash, self.size);
        let verified = tokio::task::spawn_blocking(move || {
            let mut hasher = blake3::Hasher::new();
            let mut at = 0;
            while at < size {
                let piece = read_piece(&file, at, (size - at).min(PIECE_BYTES))?;
                hasher.update(&piece);
                at += piece.len() as u64;
            }
            Ok::<_, Error>(Hash(*hasher.finalize().as_bytes()) == hash)
        });
        match verified.await.map_err(|_| ended())?? {
            true => {
                store.verified.insert(hash, stamp);
                Ok(())
            }
            false => Err(damaged(&hash, "its file")),
        }
    }
}

fn ended() -> Error {
    Error::internal("the thread that reads a file has ended")
}

fn damaged(hash: &Hash, place: &str) -> Error {
    tracing::error!("content {hash} in {place} differs from its hash");
    Error::data_corrupted(format!("content {hash} is damaged"))
}

/// The next piece is read while one is on its way.
fn file_pieces(file: Arc<File>, range: Range<u64>) -> Pieces {
    let begin = move |file: &Arc<File>, at: u64, end: u64| {
        (at < end).then(|| {
            let file = file.clone();
            tokio::task::spawn_blocking(move || read_piece(&file, at, (end - at).min(PIECE_BYTES)))
        })
    };
    let first = begin(&file, range.start, range.end);
    stream::unfold((file, range, first), move |(file, range, reading)| async move {
        let read = reading?.await.unwrap_or_else(|_| Err(ended()));
        let at = read.as_ref().map_or(range.end, |piece| range.start + piece.len() as u64);
        let next = begin(&file, at, range.end);
        Some((read, (file, at..range.end, next)))
    })
    .boxed()
}

fn read_piece(file: &File, at: u64, length: u64) -> Result<Bytes> {
    /// Reads from a place, whatever others do with the same file.
    struct At<'a>(&'a File, u64);
    impl std::io::Read for At<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.read_at(into, self.1)?;
            self.1 += count as u64;
            Ok(count)
        }
    }
    use std::io::Read;
    let mut piece = vec![0; length as usize];
    let mut at = At(file, at);
    at.read_exact(&mut piece).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::data_corrupted("a content was cut off"),
        _ => Error::io("read a content", &error),
    })?;
    Ok(piece.into())
}

/// Compares what passes with a hash: the last piece passes when it is right.
fn compared(pieces: Pieces, hash: Hash, right: impl FnOnce() + Send + 'static) -> Pieces {
    struct State<F> {
        pieces: Pieces,
        hasher: blake3::Hasher,
        /// The piece before the one that comes.
        kept: Option<Bytes>,
        right: Option<F>,
    }
    let state = State { pieces, hasher: blake3::Hasher::new(), kept: None, right: Some(right) };
    stream::unfold(state, move |mut state| async move {
        loop {
            match state.pieces.next().await {
                Some(Ok(piece)) => {
                    state = tokio::task::spawn_blocking({
                        let piece = piece.clone();
                        move || {
                            state.hasher.update(&piece);
                            state
                        }
                    })
                    .await
                    .ok()?;
                    if let Some(kept) = state.kept.replace(piece) {
                        return Some((Ok(kept), state));
                    }
                }
                Some(Err(error)) => {
                    (state.pieces, state.kept) = (stream::empty().boxed(), None);
                    state.right = None;
                    return Some((Err(error), state));
                }
                None => {
                    let right = state.right.take()?;
                    if Hash(*state.hasher.finalize().as_bytes()) != hash {
                        return Some((Err(damaged(&hash, "its file")), state));
                    }
                    right();
                    return state.kept.take().map(|kept| (Ok(kept), state));
                }
            }
        }
    })
    .boxed()
}
