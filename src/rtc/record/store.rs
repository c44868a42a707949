//! A recording on this server's disk, and its way into a bucket.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::container::{Form, repair};
use super::recorder::content_type_of;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::files::{Hash, failed};
use crate::http::Http;
use crate::http::conversation::Conversation;
use crate::http::files::caller::Target;
use crate::http::files::commit::{self, Bringing, Wanted};
use crate::http::principal::Scopes;
use crate::sql::types::Oid;

/// What is recorded, and where it goes: beside the bytes as `ID.json`, for a start after a
/// crash.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub id: String,
    pub database: Oid,
    /// As whom it is stored.
    pub role: String,
    pub room: String,
    pub track: Option<String>,
    pub bucket: String,
    /// As it was asked for.
    pub name: Option<String>,
    /// `ogg`, `mp4`, `webm`.
    pub extension: String,
}

impl Plan {
    /// The name of the file.
    pub fn file_name(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("{}.{}", self.id, self.extension))
    }

    pub fn wanted(&self) -> Result<Wanted> {
        let target = Target::checked(self.bucket.clone(), self.file_name());
        let target = target.map_err(|problem| {
            let code = crate::sqlstate::INVALID_PARAMETER_VALUE;
            Error::new(code, problem.text("message").to_owned())
        })?;
        let metadata = json!({"recording": self.id, "room": self.room, "track": self.track});
        Ok(Wanted {
            target,
            content_type: Some(content_type_of(&self.extension).to_owned()),
            metadata: Some(metadata.to_string()),
            only_if: None,
            upload: None,
        })
    }
}

/// The recordings that are being made, and those that a crash has left.
#[derive(Clone)]
pub struct Shelf(PathBuf);

impl Shelf {
    pub fn of(config: &Config) -> Shelf {
        Shelf(config.files_directory().join("recordings"))
    }

    pub fn path(&self, id: &str) -> PathBuf {
        self.0.join(format!("{id}.part"))
    }

    fn plan_path(&self, id: &str) -> PathBuf {
        self.0.join(format!("{id}.json"))
    }

    /// Blocks. Durable when it returns.
    pub fn begin(&self, plan: &Plan) -> Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0);
        made.map_err(|error| failed("make directory", &self.0, &error))?;
        let path = self.plan_path(&plan.id);
        let text = json!(plan).to_string();
        let written = fs::write(&path, text).and_then(|()| File::open(&path)?.sync_all());
        written.map_err(|error| failed("write", &path, &error))?;
        crate::files::sync_directory(&self.0)
    }

    /// What is there from before. Blocks.
    pub fn left(&self) -> Vec<Plan> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        let paths = entries.flatten().map(|entry| entry.path());
        let plans = paths.filter(|path| path.extension().is_some_and(|it| it == "json"));
        plans.filter_map(|path| serde_json::from_slice(&fs::read(path).ok()?).ok()).collect()
    }

    /// Makes what a crash has left good; its length. Blocks.
    pub fn repair(&self, plan: &mut Plan) -> Result<u64> {
        let path = self.path(&plan.id);
        let file = match File::options().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(failed("open", &path, &error)),
        };
        let form = Form::of_extension(&plan.extension)
            .ok_or_else(|| Error::internal("a recording of an unknown form"))?;
        let length = repair(&file, form).map_err(|error| failed("repair", &path, &error))?;
        if form == Form::Matroska {
            plan.extension = matroska_extension(&path).to_owned();
        }
        Ok(length)
    }

    /// Blocks. What is not there is gone already.
    pub fn remove(&self, id: &str) {
        for path in [self.path(id), self.plan_path(id)] {
            if let Err(error) = fs::remove_file(&path)
                && error.kind() != ErrorKind::NotFound
            {
                tracing::warn!(%error, "{path:?} could not be removed");
            }
        }
    }
}

/// Which of the two kinds of document it says to be.
fn matroska_extension(path: &Path) -> &'static str {
    let mut head = [0; 64];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    let is_webm = read.is_ok() && head.windows(4).any(|four| four == b"webm");
    if is_webm { "webm" } else { "mkv" }
}

/// A conversation of the role that a recording is stored as.
pub async fn as_role(http: &Arc<Http>, plan: &Plan) -> Result<Conversation> {
    let name = http.database_name(plan.database)?;
    let scopes = Scopes::all();
    Conversation::of_role(&http.front.database, &plan.role, &name, scopes, Vec::new()).await
}

/// Whether the role may store the file: what would be refused at the end is refused now.
pub async fn check(http: &Arc<Http>, plan: &Plan) -> Result<()> {
    let mut desk = http.as_server(plan.database).await?;
    let secret = commit::own_secret(&mut desk).await?;
    drop(desk);
    let mut session = as_role(http, plan).await?;
    commit::try_in(&mut session, &plan.wanted()?, &secret).await
}

/// Stores the bytes of a recording.
pub async fn store(http: &Arc<Http>, shelf: &Shelf, plan: &Plan) -> Result<()> {
    let config = http.front.database.config();
    let contents = http.front.database.contents.store(config.clone()).await?;
    let (path, inline_max) = (shelf.path(&plan.id), config.files_inline_max.0);
    let bringing = tokio::task::spawn_blocking(move || bringing(path, inline_max));
    let bringing =
        bringing.await.map_err(|_| Error::internal("the thread that reads has ended"))??;
    let mut desk = http.as_server(plan.database).await?;
    let secret = commit::own_secret(&mut desk).await?;
    drop(desk);
    let mut session = as_role(http, plan).await?;
    session.begin("BEGIN").await?;
    let made = commit::within(&mut session, &contents, bringing, &plan.wanted()?, &secret).await?;
    session.commit().await?;
    drop(made);
    Ok(())
}

fn bringing(path: PathBuf, inline_max: u64) -> Result<Bringing> {
    let look = |error: std::io::Error| failed("read", &path, &error);
    if fs::metadata(&path).map_err(look)?.len() <= inline_max {
        return Ok(Bringing::Small(fs::read(&path).map_err(look)?.into()));
    }
    let (hash, size) = Hash::of_file(&path)?;
    Ok(Bringing::File(path, hash, size))
}
