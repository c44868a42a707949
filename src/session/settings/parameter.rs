//! What parameters there are: the rows of `parameters.tsv`, and how a text
//! becomes a value of one.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::check;
use crate::config::unit::{self, Unit};
use crate::error::{Error, Result};
use crate::sqlstate;

/// One parameter.
#[derive(Debug)]
pub struct Parameter {
    pub name: &'static str,
    pub kind: Kind,
    pub unit: Option<Unit>,
    pub context: Context,
    pub default: Value,
    pub effect: Effect,
    /// Whether ParameterStatus tells the client.
    pub report: bool,
    pub category: &'static str,
    pub short_desc: &'static str,
}

#[derive(Debug)]
pub enum Kind {
    Bool,
    Integer { min: i64, max: i64 },
    Real { min: f64, max: f64 },
    Enum(Vec<&'static str>),
    String,
}

/// Who may change it, and when (`pg_settings.context`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Context {
    Internal,
    Postmaster,
    Sighup,
    Backend,
    SuperuserBackend,
    Superuser,
    User,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    Used,
    /// Only speed or logs; never a result.
    Hint,
    /// Only its default is supported.
    Fixed,
}

/// A parameter's value, in its base unit.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    Bool(bool),
    Integer(i64),
    Real(f64),
    Text(Arc<str>),
}

/// Those whose values are for superusers and members of `pg_read_all_settings` only.
const FOR_SUPERUSERS: &[&str] = &[
    "config_file",
    "data_directory",
    "dynamic_library_path",
    "external_pid_file",
    "hba_file",
    "ident_file",
    "jit_provider",
    "krb_server_keyfile",
    "log_directory",
    "log_filename",
    "primary_conninfo",
    "session_preload_libraries",
    "shared_preload_libraries",
    "ssl_ciphers",
    "ssl_dh_params_file",
    "ssl_ecdh_curve",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "ssl_passphrase_command",
    "unix_socket_directories",
];

impl Parameter {
    pub fn is_for_superusers(&self) -> bool {
        FOR_SUPERUSERS.contains(&self.name)
    }
}

impl Context {
    pub fn as_str(self) -> &'static str {
        match self {
            Context::Internal => "internal",
            Context::Postmaster => "postmaster",
            Context::Sighup => "sighup",
            Context::Backend => "backend",
            Context::SuperuserBackend => "superuser-backend",
            Context::Superuser => "superuser",
            Context::User => "user",
        }
    }
}

impl Kind {
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Bool => "bool",
            Kind::Integer { .. } => "integer",
            Kind::Real { .. } => "real",
            Kind::Enum(_) => "enum",
            Kind::String => "string",
        }
    }
}

impl Value {
    pub fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    /// As `pg_settings.setting` shows it: without a unit.
    pub fn raw(&self) -> String {
        match self {
            Value::Bool(true) => "on".to_owned(),
            Value::Bool(false) => "off".to_owned(),
            Value::Integer(value) => value.to_string(),
            Value::Real(value) => value.to_string(),
            Value::Text(text) => text.to_string(),
        }
    }
}

/// All parameters, and where each is.
pub struct Table {
    pub parameters: Vec<Parameter>,
    by_name: HashMap<String, usize>,
}

impl Table {
    /// The index of a parameter, by its name in any case.
    pub fn find(&self, name: &str) -> Option<usize> {
        if let Some(index) = self.by_name.get(name) {
            return Some(*index);
        }
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }
}

/// The parameters of this server.
pub fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let lines = include_str!("parameters.tsv").lines().filter(|line| !line.starts_with('#'));
        let parameters: Vec<Parameter> = lines.map(read_line).collect();
        let by_name = parameters
            .iter()
            .enumerate()
            .map(|(index, parameter)| (parameter.name.to_ascii_lowercase(), index))
            .collect();
        Table { parameters, by_name }
    })
}

fn read_line(line: &'static str) -> Parameter {
    let fields: Vec<&'static str> = line.split('\t').collect();
    let [name, kind, unit, context, min, max, values, default, effect, report, category, desc] =
        fields[..]
    else {
        panic!("parameters.tsv: {line}: twelve columns are expected");
    };
    let number = |text: &str| text.parse::<f64>().expect("parameters.tsv: a number");
    let kind = match kind {
        "bool" => Kind::Bool,
        "integer" => Kind::Integer { min: number(min) as i64, max: number(max) as i64 },
        "real" => Kind::Real { min: number(min), max: number(max) },
        "enum" => Kind::Enum(values.split(',').collect()),
        _ => Kind::String,
    };
    let default = match &kind {
        Kind::Bool => Value::Bool(default == "on"),
        Kind::Integer { .. } => Value::Integer(number(default) as i64),
        Kind::Real { .. } => Value::Real(number(default)),
        Kind::Enum(_) | Kind::String => Value::text(default),
    };
    Parameter {
        name,
        kind,
        unit: Unit::parse(unit),
        context: match context {
            "internal" => Context::Internal,
            "postmaster" => Context::Postmaster,
            "sighup" => Context::Sighup,
            "backend" => Context::Backend,
            "superuser-backend" => Context::SuperuserBackend,
            "superuser" => Context::Superuser,
            _ => Context::User,
        },
        default,
        effect: match effect {
            "hint" => Effect::Hint,
            "fixed" => Effect::Fixed,
            _ => Effect::Used,
        },
        report: report == "report",
        category,
        short_desc: desc,
    }
}

impl Parameter {
    /// As SHOW prints it: with the largest fitting unit.
    pub fn show(&self, value: &Value) -> String {
        match (value, self.unit) {
            (Value::Integer(number), Some(unit)) => unit.display(*number),
            (Value::Real(number), Some(unit)) => unit.display_real(*number),
            _ => value.raw(),
        }
    }

    /// Reads a value, checks it, and brings it into its one spelling. `current`
    /// completes a value given in part (`SET DateStyle TO DMY`).
    pub fn parse(&self, text: &str, current: &Value) -> Result<Value> {
        let value = match &self.kind {
            Kind::Bool => Value::Bool(parse_bool(text).ok_or_else(|| {
                invalid(format!("parameter \"{}\" requires a Boolean value", self.name))
            })?),
            Kind::Integer { min, max } => self.parse_integer(text, *min, *max)?,
            Kind::Real { min, max } => self.parse_real(text, *min, *max)?,
            Kind::Enum(values) => self.parse_enum(text, values)?,
            Kind::String => check::canonical(self, text, current)?,
        };
        if self.effect == Effect::Fixed && value != self.default {
            let shown = self.show(&value);
            return Err(Error::unsupported(format!("setting \"{}\" to \"{shown}\"", self.name)));
        }
        Ok(value)
    }

    /// A number in the base unit.
    fn quantity(&self, text: &str) -> Result<f64> {
        let (number, suffix) = unit::split(text);
        let parsed = match number.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16).ok().map(|value| value as f64),
            None => number.parse::<f64>().ok(),
        };
        let Some(value) = parsed.filter(|value| value.is_finite()) else {
            return Err(self.invalid_value(text));
        };
        if suffix.is_empty() {
            return Ok(value);
        }
        let Some(unit) = self.unit else { return Err(self.invalid_value(text)) };
        match unit.factor(suffix) {
            Some(factor) => Ok(value * factor),
            None => Err(self.invalid_value(text).with_hint(unit.hint())),
        }
    }

    fn parse_integer(&self, text: &str, min: i64, max: i64) -> Result<Value> {
        let value = self.quantity(text)?.round_ties_even();
        if value.abs() > i32::MAX as f64 {
            return Err(self.invalid_value(text).with_hint("Value exceeds integer range."));
        }
        let value = value as i64;
        if !(min..=max).contains(&value) {
            return Err(self.outside_range(value, min, max));
        }
        Ok(Value::Integer(value))
    }

    fn parse_real(&self, text: &str, min: f64, max: f64) -> Result<Value> {
        let value = self.quantity(text)?;
        if !(min..=max).contains(&value) {
            return Err(self.outside_range(value, min, max));
        }
        Ok(Value::Real(value))
    }

    fn outside_range<T: std::fmt::Display>(&self, value: T, min: T, max: T) -> Error {
        let unit = self.unit.map(|unit| format!(" {}", unit.as_str())).unwrap_or_default();
        invalid(format!(
            "{value}{unit} is outside the valid range for parameter \"{}\" ({min} .. {max})",
            self.name
        ))
    }

    fn parse_enum(&self, text: &str, values: &[&'static str]) -> Result<Value> {
        if let Some(value) = values.iter().find(|value| value.eq_ignore_ascii_case(text)) {
            return Ok(Value::text(value));
        }
        // Boolean spellings mean on and off where these are values.
        let spelled = match parse_bool(text) {
            Some(true) => "on",
            Some(false) => "off",
            None => "",
        };
        if values.contains(&spelled) {
            return Ok(Value::text(spelled));
        }
        let available = values.join(", ");
        Err(self.invalid_value(text).with_hint(format!("Available values: {available}.")))
    }

    pub fn invalid_value(&self, text: &str) -> Error {
        invalid(format!("invalid value for parameter \"{}\": \"{text}\"", self.name))
    }
}

fn invalid(message: String) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

/// PostgreSQL's spellings of true and false, and their unique beginnings.
pub fn parse_bool(text: &str) -> Option<bool> {
    let text = text.trim().to_ascii_lowercase();
    let begins = |word: &str, min: usize| text.len() >= min && word.starts_with(&text);
    if begins("true", 1) || begins("yes", 1) || text == "on" || text == "1" {
        Some(true)
    } else if begins("false", 1) || begins("no", 1) || begins("off", 2) || text == "0" {
        Some(false)
    } else {
        None
    }
}
