//! The options of CREATE DATABASE.

use super::super::options::{boolean, conflicting, integer, options, string};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::Oid;
use crate::sql::types::encoding::Encoding as CharacterSet;
use crate::sqlstate;

pub(super) struct CreateOptions {
    pub owner: Option<String>,
    pub template: Option<String>,
    pub is_template: bool,
    pub allow_connections: bool,
    pub connection_limit: i32,
    pub oid: Option<Oid>,
    encoding: Option<Encoding>,
    encoding_location: i32,
    collate: Option<String>,
    ctype: Option<String>,
    provider: Option<String>,
    strategy: Option<String>,
    tablespace: Option<String>,
}

/// By name or by number.
enum Encoding {
    Name(String),
    Number(i64),
}

const UTF8: i64 = 6;

/// The one locale that there is.
const LOCALE: &str = "C";

impl CreateOptions {
    pub fn read(statement: &ast::CreatedbStmt) -> Result<CreateOptions> {
        let mut read = CreateOptions {
            owner: None,
            template: None,
            is_template: false,
            allow_connections: true,
            connection_limit: -1,
            oid: None,
            encoding: None,
            encoding_location: -1,
            collate: None,
            ctype: None,
            provider: None,
            strategy: None,
            tablespace: None,
        };
        let mut seen: Vec<&str> = Vec::new();
        for option in options(&statement.options) {
            if seen.contains(&option.defname.as_str()) {
                return Err(conflicting(option));
            }
            seen.push(&option.defname);
            read.take(option)?;
        }
        let has = |name: &str| seen.contains(&name);
        if has("locale") && (has("lc_collate") || has("lc_ctype")) {
            return Err(Error::syntax("conflicting or redundant options")
                .with_detail("LOCALE cannot be specified together with LC_COLLATE or LC_CTYPE."));
        }
        Ok(read)
    }

    fn take(&mut self, option: &ast::DefElem) -> Result<()> {
        let text = || string(option).map(str::to_owned);
        match option.defname.as_str() {
            "owner" => self.owner = text(),
            "template" => self.template = text(),
            "encoding" => {
                self.encoding = encoding(option)?;
                self.encoding_location = option.location;
            }
            "locale" => (self.collate, self.ctype) = (text(), text()),
            "lc_collate" => self.collate = text(),
            "lc_ctype" => self.ctype = text(),
            "locale_provider" => self.provider = text(),
            "strategy" => self.strategy = text(),
            "tablespace" => self.tablespace = text(),
            "is_template" => self.is_template = boolean(option)?,
            "allow_connections" => self.allow_connections = boolean(option)?,
            "connection_limit" => self.connection_limit = connection_limit(option)?,
            "oid" => self.oid = Some(object_id(option)?),
            "icu_locale" => return Err(Error::unsupported("ICU_LOCALE")),
            "collation_version" => return Err(Error::unsupported("COLLATION_VERSION")),
            "location" => return Err(Error::unsupported("LOCATION")),
            other => {
                let message = format!("option \"{other}\" not recognized");
                return Err(Error::syntax(message).at(option.location));
            }
        }
        Ok(())
    }

    /// What there is only one of.
    pub fn check(&self, template: &str) -> Result<()> {
        if let Some(strategy) = &self.strategy
            && !["wal_log", "file_copy"].contains(&strategy.as_str())
        {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("invalid create database strategy \"{strategy}\""),
            )
            .with_hint("Valid strategies are \"wal_log\" and \"file_copy\"."));
        }
        self.check_encoding(template)?;
        match self.provider.as_deref() {
            None | Some("libc") => {}
            Some("icu") => return Err(Error::unsupported("LOCALE_PROVIDER icu")),
            Some(other) => {
                return Err(Error::new(
                    sqlstate::INVALID_OBJECT_DEFINITION,
                    format!("unrecognized locale provider: {other}"),
                ));
            }
        }
        for locale in [&self.collate, &self.ctype].into_iter().flatten() {
            if locale != LOCALE {
                return Err(Error::unsupported(format!("locale \"{locale}\"")));
            }
        }
        check_tablespace(self.tablespace.as_deref())
    }

    fn check_encoding(&self, template: &str) -> Result<()> {
        let undefined = |message: String| {
            let error = Error::new(sqlstate::UNDEFINED_OBJECT, message);
            Err(error.at(self.encoding_location))
        };
        let other = match &self.encoding {
            None | Some(Encoding::Number(UTF8 | -1)) => return Ok(()),
            Some(Encoding::Number(number)) => {
                match i32::try_from(*number).ok().and_then(CharacterSet::numbered) {
                    Some(known) if known.is_for_databases() => known,
                    _ => return undefined(format!("{number} is not a valid encoding code")),
                }
            }
            Some(Encoding::Name(name)) => match CharacterSet::named(name) {
                Some(CharacterSet::UTF8) => return Ok(()),
                Some(known) if known.is_for_databases() => known,
                _ => return undefined(format!("{name} is not a valid encoding name")),
            },
        };
        let other = other.name();
        if template == "template0" {
            return Err(Error::unsupported(format!("encoding \"{other}\"")));
        }
        Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!(
                "new encoding ({other}) is incompatible with the encoding of the template database \
                 (UTF8)"
            ),
        )
        .with_hint(
            "Use the same encoding as in the template database, or use template0 as template.",
        ))
    }
}

fn encoding(option: &ast::DefElem) -> Result<Option<Encoding>> {
    match option.arg.as_ref().and_then(|node| node.node.as_ref()) {
        None => Ok(None),
        Some(NodeEnum::Integer(_)) => integer(option).map(|number| Some(Encoding::Number(number))),
        Some(_) => Ok(string(option).map(|name| Encoding::Name(name.to_owned()))),
    }
}

/// CONNECTION LIMIT, of a database.
pub(super) fn connection_limit(option: &ast::DefElem) -> Result<i32> {
    let limit = integer(option)?;
    i32::try_from(limit).ok().filter(|limit| *limit >= -1).ok_or_else(|| {
        let message = format!("invalid connection limit: {limit}");
        Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
    })
}

fn object_id(option: &ast::DefElem) -> Result<Oid> {
    let number = match string(option) {
        Some(text) => text.parse().map_err(|_| {
            Error::new(
                sqlstate::INVALID_TEXT_REPRESENTATION,
                format!("invalid input syntax for type oid: \"{text}\""),
            )
        })?,
        None => integer(option)?,
    };
    Oid::try_from(number).map_err(|_| {
        Error::new(
            sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
            format!("value \"{number}\" is out of range for type oid"),
        )
    })
}

pub(super) fn check_tablespace(name: Option<&str>) -> Result<()> {
    match name {
        None | Some("pg_default") => Ok(()),
        Some("pg_global") => Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            "pg_global cannot be used as default tablespace",
        )),
        Some(other) => Err(Error::new(
            sqlstate::UNDEFINED_OBJECT,
            format!("tablespace \"{other}\" does not exist"),
        )),
    }
}
