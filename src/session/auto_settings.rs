//! ALTER SYSTEM: the defaults of session parameters that were set by SQL.
//!
//! They are in `zserver.auto.toml` of the data directory, a table of names and values as
//! they were written, and lie over the configuration's. The file is replaced as a whole:
//! written beside the old one, synced, and renamed over it. It takes effect when the
//! configuration is read again: at a start, by SIGHUP, by `pg_reload_conf()`.
//!
//! Only parameters that are a session's can be set so. What the server itself is
//! configured by is in the configuration file.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::Database;
use super::hooks::Hooks;
use super::settings::{self, Authority, Context, Settings, parameter};
use crate::error::{Error, Result};
use crate::sql::functions::StoredSetting;
use crate::sql::parse::ast;
use crate::sql::types::Datum;
use crate::sqlstate;

const FILE: &str = "zserver.auto.toml";

/// Names and values, in the order of names.
pub type AutoSettings = Vec<(String, String)>;

pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join(FILE)
}

/// What the file says; nothing where there is none. A file that cannot be read is an error.
pub(super) fn read(directory: &Path) -> Result<AutoSettings> {
    let path = path(directory);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io(&format!("read file {path:?}"), &error)),
    };
    let damaged = |what: &str| {
        Error::new(sqlstate::CONFIG_FILE_ERROR, format!("file {path:?} cannot be read: {what}"))
    };
    let table: toml::Table = text.parse().map_err(|error| damaged(&format!("{error}")))?;
    let pair = |(name, value): (String, toml::Value)| match value {
        toml::Value::String(value) => Ok((name, value)),
        _ => Err(damaged(&format!("the value of \"{name}\" is no string"))),
    };
    table.into_iter().map(pair).collect()
}

fn write(directory: &Path, settings: &[(String, String)]) -> Result<()> {
    let path = path(directory);
    let failed = |error: std::io::Error| Error::io(&format!("write file {path:?}"), &error);
    let value = |(name, value): &(String, String)| (name.clone(), toml::Value::from(value.clone()));
    let table: toml::Table = settings.iter().map(value).collect();
    let new = directory.join(format!("{FILE}.new"));
    let mut file = File::create(&new).map_err(failed)?;
    writeln!(file, "# Written by ALTER SYSTEM.\n{table}").map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&new, &path).map_err(failed)?;
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)
}

/// The settings that are valid, the others told of in the log.
pub(super) fn valid(settings: AutoSettings) -> AutoSettings {
    let is_valid = |(name, value): &(String, String)| match check(name, value) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!("{FILE}: {error}");
            false
        }
    };
    settings.into_iter().filter(is_valid).collect()
}

/// Whether a default may be set by ALTER SYSTEM.
fn check(name: &str, value: &str) -> Result<()> {
    may_set(name)?;
    settings::defaults(&[(name, value.to_owned())]).map(|_| ())
}

fn may_set(name: &str) -> Result<()> {
    let found = parameter::table().find(name).ok_or_else(|| {
        Error::new(
            sqlstate::UNDEFINED_OBJECT,
            format!("unrecognized configuration parameter \"{name}\""),
        )
    })?;
    match parameter::table().parameters[found].context {
        Context::User | Context::Superuser | Context::Backend | Context::SuperuserBackend => Ok(()),
        Context::Internal => Err(Error::new(
            sqlstate::CANT_CHANGE_RUNTIME_PARAM,
            format!("parameter \"{name}\" cannot be changed"),
        )),
        Context::Sighup | Context::Postmaster => {
            Err(Error::unsupported(format!("ALTER SYSTEM of parameter \"{name}\""))
                .with_hint("It may be set in the configuration file."))
        }
    }
}

impl Database {
    /// Changes the file; what it says counts from the next reload on.
    fn alter_auto_settings(&self, change: impl FnOnce(&mut AutoSettings)) -> Result<()> {
        let _one = self.auto_file.lock();
        let directory = self.config().data_directory.clone();
        let mut settings = read(&directory)?;
        change(&mut settings);
        settings.sort();
        write(&directory, &settings)
    }
}

impl Hooks {
    /// ALTER SYSTEM SET and RESET.
    pub(super) fn alter_system_settings(&self, statement: &ast::VariableSetStmt) -> Result<()> {
        let is_superuser = self.authority() == Authority::Superuser;
        let denied = |what: String| Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, what));
        if !is_superuser {
            return match statement.kind() {
                ast::VariableSetKind::VarResetAll => {
                    denied("permission denied to perform ALTER SYSTEM RESET ALL".to_owned())
                }
                _ => denied(format!("permission denied to set parameter \"{}\"", statement.name)),
            };
        }
        if statement.kind() != ast::VariableSetKind::VarResetAll {
            may_set(&statement.name)?;
        }
        match self.setting_to_store(statement)? {
            StoredSetting::Set { name, value } => {
                if value.contains('\n') {
                    return Err(Error::new(
                        sqlstate::INVALID_PARAMETER_VALUE,
                        "parameter value for ALTER SYSTEM must not contain a newline",
                    ));
                }
                check(&name, &value)?;
                self.database.alter_auto_settings(|settings| {
                    settings.retain(|(known, _)| *known != name);
                    settings.push((name, value));
                })
            }
            StoredSetting::Reset { name } => {
                let name = Settings::spelled(&name).to_owned();
                self.database.alter_auto_settings(|settings| {
                    settings.retain(|(known, _)| *known != name);
                })
            }
            StoredSetting::ResetAll => self.database.alter_auto_settings(Vec::clear),
        }
    }

    /// `pg_file_settings`: of the file of ALTER SYSTEM.
    pub(super) fn file_setting_rows(&self) -> Result<Vec<Vec<Datum>>> {
        if self.authority() != Authority::Superuser {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                "permission denied for function pg_show_all_file_settings",
            ));
        }
        let directory = self.database.config().data_directory.clone();
        let file = path(&directory).display().to_string();
        let text = |text: &str| Datum::Text(text.to_owned());
        let row = |(at, (name, value)): (usize, (String, String))| {
            let error = check(&name, &value).err().map(|error| error.message().to_owned());
            vec![
                text(&file),
                // The first line says where the file is from.
                Datum::Int4(at as i32 + 2),
                Datum::Int4(at as i32 + 1),
                text(&name),
                text(&value),
                Datum::Bool(error.is_none()),
                error.map_or(Datum::Null, Datum::Text),
            ]
        };
        Ok(read(&directory)?.into_iter().enumerate().map(row).collect())
    }

    /// `pg_reload_conf`.
    pub(super) fn request_reload(&self) -> Result<bool> {
        if self.authority() != Authority::Superuser {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                "permission denied for function pg_reload_conf",
            ));
        }
        self.database.reload_requested.notify_one();
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_comes_back_and_its_bad_lines_are_left_out() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        assert_eq!(read(directory.path()).expect("no file"), Vec::new());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let settings = vec![pair("search_path", "a, \"B c\""), pair("work_mem", "8MB")];
        write(directory.path(), &settings).expect("written");
        assert_eq!(read(directory.path()).expect("read"), settings);
        let all = vec![pair("nope", "1"), pair("port", "1"), pair("work_mem", "lots")];
        assert_eq!(valid([settings.clone(), all].concat()), settings);
        fs::write(path(directory.path()), "work_mem = 3").expect("written");
        assert!(read(directory.path()).is_err());
    }
}
