//! Contents in an S3-compatible service.
//!
//! A content is the object `PREFIX/ab/cdef…` of one bucket. It is put whole (in parts,
//! where it is large) before its row is committed, and is never changed; a put of a content
//! that is there already writes the same again. Uploads come to this machine first.
//!
//! Keys are read from `files_s3_credentials_file` (`access_key_id = "…"` and
//! `secret_access_key = "…"`, TOML), or from `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`
//! and `AWS_SESSION_TOKEN` in the environment.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use futures::StreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{
    GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig,
    path::Path as Key,
};
use serde::Deserialize;

use super::read::Pieces;
use super::{Hash, failed};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::sqlstate;

/// Up to this a content is put in one request.
const SINGLE_PUT_BYTES_MAX: u64 = 8 << 20;
/// S3 takes no more parts of one object.
const PARTS_MAX: u64 = 10_000;
/// How long a request is tried again.
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);
const RETRIES_MAX: usize = 4;

pub struct Remote {
    store: AmazonS3,
    prefix: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    #[serde(default)]
    session_token: Option<String>,
}

impl Remote {
    /// None where no bucket is configured.
    pub fn open(config: &Config) -> Result<Option<Remote>> {
        let Some(bucket) = &config.files_s3_bucket else { return Ok(None) };
        let retry = RetryConfig {
            max_retries: RETRIES_MAX,
            retry_timeout: RETRY_TIMEOUT,
            ..RetryConfig::default()
        };
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_region(&config.files_s3_region)
            .with_retry(retry);
        if let Some(endpoint) = &config.files_s3_endpoint {
            builder = builder
                .with_endpoint(endpoint)
                .with_virtual_hosted_style_request(false)
                .with_allow_http(endpoint.starts_with("http://"));
        }
        if let Some(path) = &config.files_s3_credentials_file {
            let credentials = read_credentials(&config.data_directory.join(path))?;
            builder = builder
                .with_access_key_id(credentials.access_key_id)
                .with_secret_access_key(credentials.secret_access_key);
            if let Some(token) = credentials.session_token {
                builder = builder.with_token(token);
            }
        }
        let store = builder.build().map_err(|error| {
            let message = format!("could not configure the S3 service: {error}");
            Error::new(sqlstate::CONFIG_FILE_ERROR, message)
        })?;
        let prefix = config.files_s3_prefix.trim_matches('/').to_owned();
        Ok(Some(Remote { store, prefix }))
    }

    fn key(&self, hash: &Hash) -> Key {
        let digits = hash.to_string();
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        Key::from(format!("{}{slash}{}/{}", self.prefix, &digits[..2], &digits[2..]))
    }

    /// Puts a file's bytes.
    pub async fn put(&self, hash: &Hash, path: &Path, size: u64) -> Result<()> {
        let (key, path) = (self.key(hash), path.to_owned());
        let read_failed = |error: std::io::Error| failed("read", &path, &error);
        if size <= SINGLE_PUT_BYTES_MAX {
            let data = tokio::fs::read(&path).await.map_err(read_failed)?;
            let put = self.store.put(&key, PutPayload::from(data)).await;
            return put.map(|_| ()).map_err(|error| refused("write to", &error));
        }
        let mut upload =
            self.store.put_multipart(&key).await.map_err(|error| refused("write to", &error))?;
        let written = put_parts(&mut *upload, &path, size).await;
        if let Err(error) = written {
            // Parts that stay are for the service's own rules.
            let _ = upload.abort().await;
            return Err(error);
        }
        upload.complete().await.map(|_| ()).map_err(|error| refused("write to", &error))
    }

    pub(super) async fn read(&self, hash: &Hash, range: Range<u64>) -> Result<Pieces> {
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let got =
            self.store.get_opts(&self.key(hash), options).await.map_err(|error| match &error {
                object_store::Error::NotFound { .. } => {
                    Error::data_corrupted(format!("content {hash} is not in the S3 service"))
                }
                _ => refused("read from", &error),
            })?;
        let pieces = got.into_stream();
        Ok(pieces.map(|piece| piece.map_err(|error| refused("read from", &error))).boxed())
    }

    pub async fn remove(&self, hash: &Hash) -> Result<()> {
        match self.store.delete(&self.key(hash)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(refused("delete from", &error)),
        }
    }

    /// The contents whose hashes begin with a byte, and their ages.
    pub async fn contents_from(&self, first: u8) -> Result<Vec<(Hash, Duration)>> {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        let prefix = Key::from(format!("{}{slash}{first:02x}", self.prefix));
        let mut listed = self.store.list(Some(&prefix));
        let mut found = Vec::new();
        while let Some(object) = listed.next().await {
            let object = object.map_err(|error| refused("list", &error))?;
            let rest = object.location.filename().unwrap_or_default();
            let Some(hash) = Hash::parse(&format!("{first:02x}{rest}")) else { continue };
            let age = chrono::Utc::now().signed_duration_since(object.last_modified);
            found.push((hash, age.to_std().unwrap_or_default()));
        }
        Ok(found)
    }
}

async fn put_parts(upload: &mut dyn MultipartUpload, path: &Path, size: u64) -> Result<()> {
    use tokio::io::AsyncReadExt;
    let read_failed = |error: std::io::Error| failed("read", path, &error);
    let part_bytes = SINGLE_PUT_BYTES_MAX.max(size.div_ceil(PARTS_MAX - 1));
    let mut file = tokio::fs::File::open(path).await.map_err(read_failed)?;
    loop {
        let mut part = Vec::new();
        (&mut file).take(part_bytes).read_to_end(&mut part).await.map_err(read_failed)?;
        if part.is_empty() {
            return Ok(());
        }
        let put = upload.put_part(PutPayload::from(part));
        put.await.map_err(|error| refused("write to", &error))?;
    }
}

fn read_credentials(path: &Path) -> Result<Credentials> {
    let text = std::fs::read_to_string(path).map_err(|error| failed("read", path, &error))?;
    toml::from_str(&text).map_err(|_| {
        let message = format!("\"{}\" has no S3 credentials", path.display());
        Error::new(sqlstate::CONFIG_FILE_ERROR, message)
            .with_hint("It has access_key_id = \"…\" and secret_access_key = \"…\".")
    })
}

fn refused(what: &str, error: &object_store::Error) -> Error {
    Error::new(sqlstate::IO_ERROR, format!("could not {what} the S3 service: {error}"))
}
