use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;

use super::*;

fn store() -> (tempfile::TempDir, Arc<Store>) {
    let directory = tempfile::tempdir().unwrap();
    let config = Config { data_directory: directory.path().to_owned(), ..Config::default() };
    let store = Store::open(&config, Arc::default()).unwrap();
    (directory, Arc::new(store))
}

fn bytes_of(count: usize) -> Vec<u8> {
    (0..count).map(|n| (n * 31 + n / 251) as u8).collect()
}

async fn kept(store: &Store, data: &[u8]) -> Hash {
    let mut stager = store.stage().unwrap();
    for piece in data.chunks(100_000) {
        stager.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    let staged = stager.finish().await.unwrap();
    assert_eq!(staged.hash, Hash::of(data));
    store.place(staged.path(), &staged.hash, staged.size).unwrap();
    staged.hash
}

async fn read(content: &read::Content, range: std::ops::Range<u64>) -> Result<Vec<u8>> {
    let mut pieces = content.read(range).await?;
    let mut all = Vec::new();
    while let Some(piece) = pieces.next().await {
        all.extend_from_slice(&piece?);
    }
    Ok(all)
}

#[tokio::test]
async fn a_content_is_read_as_it_was_written() {
    let (_directory, store) = store();
    for size in [0, 1, 100_000, 1 << 20, (1 << 20) + 1, 5_000_000] {
        let data = bytes_of(size);
        let hash = kept(&store, &data).await;
        // Again: the same file.
        kept(&store, &data).await;
        let end = size as u64;
        let content = store.open_content(hash, end, Location::Disk, None).await.unwrap();
        assert!(read(&content, 0..end).await.unwrap() == data);
        assert!(read(&content, end / 3..end / 2).await.unwrap() == data[size / 3..size / 2]);
    }
    assert_eq!(fs::read_dir(store.root().join(TMP)).unwrap().count(), 0);
}

#[tokio::test]
async fn damage_is_an_error_before_the_last_byte() {
    let (_directory, store) = store();
    let data = bytes_of(3_000_000);
    let hash = kept(&store, &data).await;
    let path = store.path(&hash);
    std::thread::sleep(Duration::from_millis(20));
    let mut damaged = data.clone();
    damaged[1_500_000] ^= 1;
    fs::write(&path, &damaged).unwrap();
    let content = store.open_content(hash, 3_000_000, Location::Disk, None).await.unwrap();
    let mut pieces = content.read(0..3_000_000).await.unwrap();
    let mut passed = 0;
    let error = loop {
        match pieces.next().await.expect("an error comes first") {
            Ok(piece) => passed += piece.len(),
            Err(error) => break error,
        }
    };
    assert!(passed < data.len());
    assert_eq!(error.code(), sqlstate::DATA_CORRUPTED);
    assert!(read(&content, 5..6).await.is_err(), "a part of it is not told either");
    fs::write(&path, &data[..100]).unwrap();
    let cut = store.open_content(hash, 3_000_000, Location::Disk, None).await;
    assert_eq!(cut.err().map(|error| error.code()), Some(sqlstate::DATA_CORRUPTED));
    // The same content brought again heals it.
    kept(&store, &data).await;
    let content = store.open_content(hash, 3_000_000, Location::Disk, None).await.unwrap();
    assert!(read(&content, 0..3_000_000).await.unwrap() == data);
}

#[tokio::test]
async fn what_is_pinned_is_not_removed_and_what_is_removed_is_not_pinned() {
    let (_directory, store) = store();
    let hash = Hash::of(b"x");
    let (one, two) = (store.pins.pin(hash).await, store.pins.pin(hash).await);
    assert!(store.pins.remove(hash).is_none());
    drop(one);
    assert!(store.pins.remove(hash).is_none());
    drop(two);
    let removing = store.pins.remove(hash).expect("nobody has it");
    let pins = store.pins.clone();
    let waiting = tokio::spawn(async move { pins.pin(hash).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    drop(removing);
    let pin = tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    assert!(store.pins.remove(hash).is_none());
    drop(pin);
    assert!(store.pins.remove(hash).is_some());
}

#[tokio::test]
async fn copies_have_all_contents_and_show_damage() {
    let (directory, store) = store();
    let hashes = [kept(&store, &bytes_of(10)).await, kept(&store, &bytes_of(200_000)).await];
    let to = directory.path().join("backup/files");
    let copied = copy::all(store.root(), &to, None, &|| false).unwrap();
    assert_eq!(copied, copy::Copied { files: 2, bytes: 200_010 });
    assert_eq!(copy::verify(&to).unwrap(), copied);
    assert_eq!(
        copy::all(store.root(), &to, None, &|| true).unwrap_err().code(),
        sqlstate::QUERY_CANCELED
    );
    let path = super::path(&to, &hashes[1]);
    fs::remove_file(&path).unwrap();
    fs::write(&path, b"other").unwrap();
    assert_eq!(copy::verify(&to).unwrap_err().code(), sqlstate::DATA_CORRUPTED);
}
