//! COPY's options: checked together, as PostgreSQL does before it looks at data.

use crate::error::{Error, Result};
use crate::sql::outcome::CopyFormat;
use crate::sql::types::encoding::Encoding;
use crate::sqlstate;

/// One option as written.
#[derive(Clone, Debug)]
pub struct CopyOption {
    pub name: String,
    pub value: OptionValue,
    /// Byte offset in the statement, or -1.
    pub location: i32,
}

#[derive(Clone, Debug, PartialEq)]
pub enum OptionValue {
    /// The bare name.
    None,
    Text(String),
    Star,
    Names(Vec<String>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Header {
    None,
    Present,
    /// FROM only: the names must be those of the columns.
    Match,
}

/// Columns that a FORCE option names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Forced {
    #[default]
    None,
    All,
    Named(Vec<String>),
}

impl Forced {
    pub fn contains(&self, column: &str) -> bool {
        match self {
            Forced::None => false,
            Forced::All => true,
            Forced::Named(names) => names.iter().any(|name| name == column),
        }
    }

    fn is_some(&self) -> bool {
        *self != Forced::None
    }
}

#[derive(Clone, Debug)]
pub struct CopyOptions {
    pub format: CopyFormat,
    pub delimiter: u8,
    pub null: String,
    pub header: Header,
    pub quote: u8,
    pub escape: u8,
    pub force_quote: Forced,
    pub force_not_null: Forced,
    pub force_null: Forced,
    /// Rows need no later freezing here; what is left of it is its precondition.
    pub freeze: bool,
    /// What the data is in; none is the client's encoding.
    pub encoding: Option<Encoding>,
}

/// Options as collected, before their defaults depend on the format.
#[derive(Default)]
struct Given {
    format: Option<CopyFormat>,
    delimiter: Option<String>,
    null: Option<String>,
    header: Option<Header>,
    quote: Option<String>,
    escape: Option<String>,
    encoding: Option<Encoding>,
    freeze: bool,
    force_quote: Forced,
    force_not_null: Forced,
    force_null: Forced,
}

impl CopyOptions {
    pub fn new(is_from: bool, options: &[CopyOption]) -> Result<CopyOptions> {
        let mut given = Given::default();
        let mut seen: Vec<&str> = Vec::new();
        for option in options {
            if seen.contains(&option.name.as_str()) {
                return Err(Error::syntax("conflicting or redundant options").at(option.location));
            }
            seen.push(&option.name);
            given.take(is_from, option).map_err(|error| error.at(option.location))?;
        }
        given.check(is_from)
    }
}

impl Given {
    fn take(&mut self, is_from: bool, option: &CopyOption) -> Result<()> {
        match option.name.as_str() {
            "format" => self.format = Some(format(&text(option)?)?),
            "delimiter" => self.delimiter = Some(text(option)?),
            "null" => self.null = Some(text(option)?),
            "header" => self.header = Some(header(is_from, option)?),
            "quote" => self.quote = Some(text(option)?),
            "escape" => self.escape = Some(text(option)?),
            "freeze" => self.freeze = boolean(option)?,
            "encoding" => {
                self.encoding = Some(encoding(&text(option)?)?);
            }
            "force_quote" => self.force_quote = forced(option, true)?,
            "force_not_null" => self.force_not_null = forced(option, false)?,
            "force_null" => self.force_null = forced(option, false)?,
            name => {
                return Err(Error::syntax(format!("option \"{name}\" not recognized")));
            }
        }
        Ok(())
    }

    fn check(self, is_from: bool) -> Result<CopyOptions> {
        let format = self.format.unwrap_or(CopyFormat::Text);
        let csv = format == CopyFormat::Csv;
        if self.freeze && !is_from {
            return Err(Error::unsupported("COPY FREEZE TO"));
        }
        if format == CopyFormat::Binary {
            self.check_binary()?;
        }
        let delimiter = self.delimiter.unwrap_or_else(|| if csv { "," } else { "\t" }.to_owned());
        let null = self.null.unwrap_or_else(|| if csv { "" } else { "\\N" }.to_owned());
        let delimiter = single_byte(&delimiter, "COPY delimiter")?;
        check_delimiter(delimiter, csv)?;
        if null.contains(['\r', '\n']) {
            return Err(invalid("COPY null representation cannot use newline or carriage return"));
        }
        if !csv && self.quote.is_some() {
            return Err(only_csv("quote"));
        }
        if !csv && self.escape.is_some() {
            return Err(only_csv("escape"));
        }
        let quote = single_byte(self.quote.as_deref().unwrap_or("\""), "COPY quote")?;
        if csv && quote == delimiter {
            return Err(invalid("COPY delimiter and quote must be different"));
        }
        let escape = match self.escape.as_deref() {
            Some(escape) => single_byte(escape, "COPY escape")?,
            None => quote,
        };
        if null.as_bytes().contains(&delimiter) {
            return Err(invalid("COPY delimiter must not appear in the NULL specification"));
        }
        if csv && null.as_bytes().contains(&quote) {
            return Err(invalid("CSV quote character must not appear in the NULL specification"));
        }
        check_forced("force quote", &self.force_quote, csv, !is_from, "TO")?;
        check_forced("force not null", &self.force_not_null, csv, is_from, "FROM")?;
        check_forced("force null", &self.force_null, csv, is_from, "FROM")?;
        Ok(CopyOptions {
            format,
            delimiter,
            null,
            header: self.header.unwrap_or(Header::None),
            quote,
            escape,
            force_quote: self.force_quote,
            force_not_null: self.force_not_null,
            force_null: self.force_null,
            freeze: self.freeze,
            encoding: self.encoding,
        })
    }

    fn check_binary(&self) -> Result<()> {
        let refused = [
            (self.delimiter.is_some(), "cannot specify DELIMITER in BINARY mode"),
            (self.null.is_some(), "cannot specify NULL in BINARY mode"),
            (
                self.header.is_some_and(|header| header != Header::None),
                "cannot specify HEADER in BINARY mode",
            ),
        ];
        match refused.iter().find(|(given, _)| *given) {
            Some((_, message)) => Err(Error::syntax(*message)),
            None => Ok(()),
        }
    }
}

fn invalid(message: &str) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

fn only_csv(what: &str) -> Error {
    Error::new(sqlstate::FEATURE_NOT_SUPPORTED, format!("COPY {what} available only in CSV mode"))
}

fn check_forced(what: &str, forced: &Forced, csv: bool, direction: bool, only: &str) -> Result<()> {
    if forced.is_some() && !csv {
        return Err(only_csv(what));
    }
    if forced.is_some() && !direction {
        return Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!("COPY {what} only available using COPY {only}"),
        ));
    }
    Ok(())
}

fn single_byte(text: &str, what: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        _ => Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!("{what} must be a single one-byte character"),
        )),
    }
}

fn check_delimiter(delimiter: u8, csv: bool) -> Result<()> {
    if matches!(delimiter, b'\r' | b'\n') {
        return Err(invalid("COPY delimiter cannot be newline or carriage return"));
    }
    // Anything that an escape sequence may be made of.
    let reserved = b"\\.abcdefghijklmnopqrstuvwxyz0123456789";
    if !csv && reserved.contains(&delimiter) {
        let delimiter = char::from(delimiter);
        return Err(invalid(&format!("COPY delimiter cannot be \"{delimiter}\"")));
    }
    Ok(())
}

fn text(option: &CopyOption) -> Result<String> {
    match &option.value {
        OptionValue::Text(text) => Ok(text.clone()),
        _ => Err(Error::syntax(format!("{} requires a parameter", option.name))),
    }
}

fn boolean(option: &CopyOption) -> Result<bool> {
    let text = match &option.value {
        OptionValue::None => return Ok(true),
        OptionValue::Text(text) => text.to_ascii_lowercase(),
        _ => String::new(),
    };
    match text.as_str() {
        "true" | "on" | "1" => Ok(true),
        "false" | "off" | "0" => Ok(false),
        _ => Err(Error::syntax(format!("{} requires a Boolean value", option.name))),
    }
}

fn header(is_from: bool, option: &CopyOption) -> Result<Header> {
    if let OptionValue::Text(text) = &option.value
        && text.eq_ignore_ascii_case("match")
    {
        return match is_from {
            true => Ok(Header::Match),
            false => Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot use \"match\" with HEADER in COPY TO",
            )),
        };
    }
    match boolean(option) {
        Ok(true) => Ok(Header::Present),
        Ok(false) => Ok(Header::None),
        Err(_) => Err(Error::syntax("header requires a Boolean value or \"match\"")),
    }
}

fn format(name: &str) -> Result<CopyFormat> {
    match name {
        "text" => Ok(CopyFormat::Text),
        "csv" => Ok(CopyFormat::Csv),
        "binary" => Ok(CopyFormat::Binary),
        _ => Err(invalid(&format!("COPY format \"{name}\" not recognized"))),
    }
}

fn encoding(name: &str) -> Result<Encoding> {
    match Encoding::named(name) {
        Some(encoding) if encoding.is_convertible() => Ok(encoding),
        Some(encoding) => {
            Err(Error::unsupported(format_args!("COPY encoding \"{}\"", encoding.name())))
        }
        None => Err(invalid("argument to option \"encoding\" must be a valid encoding name")),
    }
}

fn forced(option: &CopyOption, star: bool) -> Result<Forced> {
    match &option.value {
        OptionValue::Star if star => Ok(Forced::All),
        OptionValue::Names(names) => Ok(Forced::Named(names.clone())),
        _ => Err(invalid(&format!(
            "argument to option \"{}\" must be a list of column names",
            option.name
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(name: &str, value: &str) -> CopyOption {
        let value = OptionValue::Text(value.to_owned());
        CopyOption { name: name.to_owned(), value, location: -1 }
    }

    fn message(is_from: bool, options: &[CopyOption]) -> String {
        match CopyOptions::new(is_from, options) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.message().to_owned(),
        }
    }

    #[test]
    fn csv_changes_the_defaults() {
        let options = CopyOptions::new(true, &[option("format", "csv")]).expect("valid");
        assert_eq!((options.delimiter, options.null.as_str()), (b',', ""));
        let options = CopyOptions::new(true, &[]).expect("valid");
        assert_eq!((options.delimiter, options.null.as_str()), (b'\t', "\\N"));
    }

    #[test]
    fn options_that_do_not_go_together_are_refused_in_postgresqls_words() {
        let csv = option("format", "csv");
        let cases = [
            (vec![option("quote", "'")], "COPY quote available only in CSV mode"),
            (vec![option("delimiter", "ab")], "COPY delimiter must be a single one-byte character"),
            (vec![option("delimiter", "a")], "COPY delimiter cannot be \"a\""),
            (
                vec![csv.clone(), option("delimiter", "\"")],
                "COPY delimiter and quote must be different",
            ),
            (
                vec![option("format", "binary"), option("null", "x")],
                "cannot specify NULL in BINARY mode",
            ),
            (vec![csv.clone(), csv], "conflicting or redundant options"),
            (vec![option("format", "xml")], "COPY format \"xml\" not recognized"),
        ];
        for (options, expected) in cases {
            assert_eq!(message(true, &options), expected);
        }
    }
}
