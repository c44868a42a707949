//! The end of an upload: its bytes become a content, and a file that has it.

use super::super::files::commit::{self, Bringing, Wanted};
use super::super::problem::Problem;
use super::Call;
use super::create::wanted;
use super::state::Upload;
use crate::error::Error;
use crate::files::Hash;

/// Makes the file of an upload whose bytes are all here. Done again after a crash, it does
/// the same: the row of the upload is finished in the transaction that makes the file, and
/// its bytes stay where they are until then.
pub(super) async fn finish(call: &Call, upload: &mut Upload) -> Result<(), Problem> {
    let refused = |error: Error| Problem::of(&error, "");
    let (Some(bucket), Some(name)) = (&upload.bucket, &upload.name) else {
        return Err(refused(Error::internal("an upload that names no file")));
    };
    let store = call.http.files.store(&call.http).await.map_err(refused)?;
    let inline_max = call.http.front.database.config().files_inline_max.0;
    let (hashing, received) = (store.upload_path(&upload.id), upload.received);
    let bringing = tokio::task::spawn_blocking(move || {
        if received <= inline_max {
            let data = std::fs::read(&hashing);
            let data = data.map_err(|error| crate::files::failed("read", &hashing, &error))?;
            return Ok::<_, Error>((data.len() as u64, Bringing::Small(data.into())));
        }
        let (hash, size) = Hash::of_file(&hashing)?;
        Ok((size, Bringing::File(hashing, hash, size)))
    });
    let bringing = bringing.await.map_err(|_| Problem::unavailable())?;
    let (size, bringing) = bringing.map_err(refused)?;
    if size != upload.received {
        let message = format!("an upload has {size} bytes instead of {}", upload.received);
        return Err(refused(Error::data_corrupted(message)));
    }
    let wanted = Wanted { upload: Some(upload.id.clone()), ..wanted(upload, bucket, name)? };
    let version = commit::commit(&call.http, &call.principal, bringing, wanted).await?;
    (upload.version, upload.is_finished) = (Some(version), true);
    call.http.front.database.statistics.uploads_finished.add(1);
    // A file that stays is swept when the upload expires.
    store.remove_upload(&upload.id).await;
    Ok(())
}
