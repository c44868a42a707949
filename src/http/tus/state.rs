//! Uploads as rows of `files.uploads`, written by the server itself.

use serde_json::{Value, json};

use super::super::files::rows::{self, Row};
use super::super::files::unix_seconds;
use super::super::problem::Problem;
use super::locks::Lock;
use super::{Call, no_upload};

/// An upload that goes on, or has ended.
#[derive(Clone, Debug)]
pub struct Upload {
    pub id: String,
    /// `whole`, `partial`, `final`.
    pub kind: String,
    pub bucket: Option<String>,
    pub name: Option<String>,
    pub content_type: String,
    /// JSON.
    pub metadata: String,
    /// `Upload-Metadata` as it was sent.
    pub told: Option<String>,
    pub length: Option<u64>,
    /// Bytes that are durable.
    pub received: u64,
    pub parts: Vec<String>,
    /// Of the file that it has become.
    pub version: Option<i64>,
    /// Seconds since 1970.
    pub expires: i64,
    pub is_finished: bool,
}

impl Upload {
    pub fn is_complete(&self) -> bool {
        self.length == Some(self.received)
    }

    /// All is here, and it is no file yet.
    pub fn is_due(&self) -> bool {
        self.is_complete() && !self.is_finished && self.kind != "partial"
    }
}

const COLUMNS: &str = "id::text, kind, bucket, name, content_type, metadata::text, told, length, received, \
                       array_to_string(parts, ' '), version, expires, finished IS NOT NULL";

impl Call {
    /// An upload of who asks, and its lock. Whose it is not does not take its place.
    pub async fn take(&self, id: &str) -> Result<(Lock, Upload), Problem> {
        self.find(id).await?;
        let lock = self.http.files.locks.take(id).await?;
        Ok((lock, self.find(id).await?))
    }

    /// An upload of who asks, by role and by subject: 404 of one that is not there or
    /// another's, 410 of one that has expired.
    pub async fn find(&self, id: &str) -> Result<Upload, Problem> {
        let own = rows::own(&self.http, &self.principal)?;
        let text = format!(
            "SELECT {COLUMNS} FROM files.uploads WHERE id = $1 AND owner = $2 AND subject = $3"
        );
        let (role, subject) = (&self.principal.role, self.principal.subject());
        let values = vec![json!(id), json!(role), json!(subject)];
        let rows = rows::with(&self.http, &own, move |mut conversation| async move {
            rows::fetch(&mut conversation, &text, &values).await
        })
        .await?;
        let upload = rows.first().and_then(upload).ok_or_else(no_upload)?;
        match upload.expires < chrono::Utc::now().timestamp() {
            true => Err(Problem::gone("the upload has expired")),
            false => Ok(upload),
        }
    }

    /// Uploads of the role, whatever its subjects, that are not finished.
    pub async fn open_uploads(&self) -> Result<i64, Problem> {
        let own = rows::own(&self.http, &self.principal)?;
        let text = "SELECT count(*) FROM files.uploads WHERE owner = $1 AND finished IS NULL AND expires > now()";
        let rows = rows::query(&self.http, &own, text, vec![json!(self.principal.role)]).await?;
        Ok(rows.first().and_then(|row| row.number(0)).unwrap_or_default())
    }

    pub async fn insert(&self, upload: &Upload) -> Result<(), Problem> {
        let own = rows::own(&self.http, &self.principal)?;
        let text = "INSERT INTO files.uploads (id, owner, kind, bucket, name, content_type, metadata, told, length, received, parts, expires, subject) \
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, string_to_array($11, ' ')::uuid[], to_timestamp($12), $13)";
        let parts = match upload.parts.is_empty() {
            true => Value::Null,
            false => json!(upload.parts.join(" ")),
        };
        let values = vec![
            json!(upload.id),
            json!(self.principal.role),
            json!(upload.kind),
            json!(upload.bucket),
            json!(upload.name),
            json!(upload.content_type),
            json!(upload.metadata),
            json!(upload.told),
            json!(upload.length),
            json!(upload.received),
            parts,
            json!(upload.expires),
            json!(self.principal.subject()),
        ];
        rows::query(&self.http, &own, text, values).await.map(|_| ())
    }

    /// When an upload that is touched now expires.
    pub fn expiry(&self) -> i64 {
        let lasts = self.http.front.database.config().files_upload_expiry.0;
        chrono::Utc::now().timestamp().saturating_add_unsigned(lasts)
    }

    /// Makes durable how much is here and how long it is, and puts its end off. False if it
    /// is not there any more.
    pub async fn note(&self, upload: &mut Upload) -> Result<bool, Problem> {
        let own = rows::own(&self.http, &self.principal)?;
        upload.expires = self.expiry();
        let text = "UPDATE files.uploads SET received = $2, length = $3, expires = to_timestamp($4) WHERE id = $1 RETURNING 1";
        let values = vec![
            json!(upload.id),
            json!(upload.received),
            json!(upload.length),
            json!(upload.expires),
        ];
        Ok(!rows::query(&self.http, &own, text, values).await?.is_empty())
    }

    /// Removes the row, then the file: a file without a row is swept.
    pub async fn forget(&self, upload: &Upload) -> Result<(), Problem> {
        let own = rows::own(&self.http, &self.principal)?;
        let text = "DELETE FROM files.uploads WHERE id = $1";
        rows::query(&self.http, &own, text, vec![json!(upload.id)]).await?;
        if let Ok(store) = self.http.files.store(&self.http).await {
            store.remove_upload(&upload.id).await;
        }
        Ok(())
    }
}

fn upload(row: &Row) -> Option<Upload> {
    let parts = row.text(9).unwrap_or_default();
    Some(Upload {
        id: row.text(0)?,
        kind: row.text(1)?,
        bucket: row.text(2),
        name: row.text(3),
        content_type: row.text(4)?,
        metadata: row.text(5)?,
        told: row.text(6),
        length: row.number(7).map(i64::unsigned_abs),
        received: row.number(8)?.unsigned_abs(),
        parts: parts.split(' ').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
        version: row.number(10),
        expires: unix_seconds(row.number(11)?),
        is_finished: row.flag(12),
    })
}
