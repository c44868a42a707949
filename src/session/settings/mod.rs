//! A session's parameters: what SET, SHOW and RESET work on.
//!
//! The parameters are PostgreSQL's, one row each in `parameters.tsv`; a value is
//! checked when it is set, so whoever reads one reads a good one. Values change
//! with the transaction: SET is undone by a rollback, SET LOCAL also by a
//! commit. All values of a session are one shared immutable [`Layers`]; a
//! savepoint keeps a pointer to it and a change copies it.
//!
//! ```text
//! SET work_mem = '8MB'          session 8MB
//! BEGIN                         (keeps this state for ROLLBACK)
//! SET LOCAL work_mem = '1GB'    session 8MB   local 1GB   ← in force
//! COMMIT                        session 8MB
//! ```

mod check;
pub mod parameter;
mod view;

use std::sync::Arc;

pub use check::{parse_names, parse_time_zone};
pub use parameter::{Context, Effect, Kind, Value, parse_bool};
pub use view::{Derived, IsolationLevel, MessageLevel};

use crate::error::{Error, Result};
use crate::sqlstate;
use parameter::{Parameter, table};

/// Custom parameters (`app.user`) one session may set.
const CUSTOM_PARAMETERS_MAX: usize = 1_000;

/// Bytes of one custom parameter's value.
const CUSTOM_VALUE_BYTES_MAX: usize = 64 << 10;

/// How long a SET lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    Session,
    Transaction,
}

/// Who sets a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Authority {
    User,
    Superuser,
    /// The server itself: parameters that nobody may SET.
    Server,
    /// A startup packet; the flag is whether the user is a superuser.
    Startup {
        superuser: bool,
    },
}

/// All values at one moment.
#[derive(Clone, Debug)]
pub struct Layers {
    session: Vec<Value>,
    local: Vec<(usize, Value)>,
    custom: Vec<Custom>,
    /// What RESET goes back to.
    reset: Arc<Vec<Value>>,
    derived: Arc<Derived>,
}

#[derive(Clone, Debug)]
struct Custom {
    name: String,
    session: Option<Arc<str>>,
    local: Option<Arc<str>>,
}

pub struct Settings {
    layers: Arc<Layers>,
}

/// Defaults of a server: PostgreSQL's, with those its configuration names.
pub fn defaults(configured: &[(&str, String)]) -> Result<Arc<Vec<Value>>> {
    let mut values: Vec<Value> =
        table().parameters.iter().map(|parameter| parameter.default.clone()).collect();
    for (name, text) in configured {
        let index = table().find(name).ok_or_else(|| unrecognized(name))?;
        values[index] = table().parameters[index].parse(text, &values[index])?;
    }
    Ok(Arc::new(values))
}

impl Settings {
    pub fn new(defaults: Arc<Vec<Value>>) -> Settings {
        let mut layers = Layers {
            session: defaults.to_vec(),
            local: Vec::new(),
            custom: Vec::new(),
            reset: defaults,
            derived: Arc::new(Derived::default()),
        };
        layers.derive();
        Settings { layers: Arc::new(layers) }
    }

    /// The typed values that the server itself acts on.
    pub fn derived(&self) -> &Arc<Derived> {
        &self.layers.derived
    }

    /// The state to come back to.
    pub fn snapshot(&self) -> Arc<Layers> {
        self.layers.clone()
    }

    pub fn restore(&mut self, layers: Arc<Layers>) {
        self.layers = layers;
    }

    /// A transaction ended well: what was SET LOCAL ends with it.
    pub fn end_transaction(&mut self) {
        let lasting = self.layers.local.is_empty()
            && self.layers.custom.iter().all(|custom| custom.local.is_none());
        if !lasting {
            let layers = Arc::make_mut(&mut self.layers);
            layers.local.clear();
            layers.custom.iter_mut().for_each(|custom| custom.local = None);
            layers.derive();
        }
    }

    /// Whether nothing was set since the state was taken.
    pub fn is_unchanged(&self, since: &Arc<Layers>) -> bool {
        Arc::ptr_eq(&self.layers, since)
    }

    /// `SHOW name`.
    pub fn show(&self, name: &str) -> Result<String> {
        match table().find(name) {
            Some(index) => Ok(table().parameters[index].show(self.layers.value(index))),
            None => self.custom(name).ok_or_else(|| unrecognized(name)),
        }
    }

    fn custom(&self, name: &str) -> Option<String> {
        let custom = self.layers.custom.iter().find(|custom| custom.name == name)?;
        custom.local.as_ref().or(custom.session.as_ref()).map(|value| value.to_string())
    }

    /// All values with their parameters, in the order of names.
    pub fn all(&self) -> impl Iterator<Item = (&'static Parameter, &Value, &Value)> {
        table().parameters.iter().enumerate().map(|(index, parameter)| {
            (parameter, self.layers.value(index), &self.layers.reset[index])
        })
    }

    /// The parameters that ParameterStatus tells, as they are now.
    pub fn reported(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        self.all()
            .filter(|(parameter, ..)| parameter.report)
            .map(|(parameter, value, _)| (parameter.name, parameter.show(value)))
    }

    /// Sets a parameter, and answers its new value as SHOW prints it.
    pub fn set(
        &mut self,
        name: &str,
        text: &str,
        scope: Scope,
        authority: Authority,
    ) -> Result<String> {
        let Some(index) = table().find(name) else {
            return self.set_custom(name, Some(text), scope);
        };
        let parameter = &table().parameters[index];
        authorize(parameter, authority)?;
        let value = parameter.parse(text, self.layers.value(index))?;
        let shown = parameter.show(&value);
        self.put(index, value, scope);
        Ok(shown)
    }

    /// `RESET name`, `SET name TO DEFAULT`.
    pub fn reset(&mut self, name: &str, scope: Scope, authority: Authority) -> Result<()> {
        let Some(index) = table().find(name) else {
            return self.set_custom(name, None, scope).map(|_| ());
        };
        authorize(&table().parameters[index], authority)?;
        self.put(index, self.layers.reset[index].clone(), scope);
        Ok(())
    }

    /// `RESET ALL`: everything that a user may set, but not who the user is.
    pub fn reset_all(&mut self) {
        let layers = Arc::make_mut(&mut self.layers);
        for (index, parameter) in table().parameters.iter().enumerate() {
            let keeps = matches!(
                parameter.name,
                "role"
                    | "session_authorization"
                    | "is_superuser"
                    | "transaction_isolation"
                    | "transaction_read_only"
                    | "transaction_deferrable"
            );
            if !keeps {
                layers.session[index] = layers.reset[index].clone();
                layers.local.retain(|(local, _)| *local != index);
            }
        }
        layers.custom.clear();
        layers.derive();
    }

    /// Makes the present values those that RESET goes back to: after startup.
    pub fn keep_as_reset_values(&mut self) {
        let layers = Arc::make_mut(&mut self.layers);
        layers.reset = Arc::new(layers.session.clone());
    }

    fn put(&mut self, index: usize, value: Value, scope: Scope) {
        if *self.layers.value(index) == value && scope == Scope::Session {
            let is_plain = !self.layers.local.iter().any(|(local, _)| *local == index);
            if is_plain {
                return;
            }
        }
        let layers = Arc::make_mut(&mut self.layers);
        layers.local.retain(|(local, _)| *local != index);
        match scope {
            Scope::Session => layers.session[index] = value,
            Scope::Transaction => layers.local.push((index, value)),
        }
        layers.derive();
    }

    fn set_custom(&mut self, name: &str, text: Option<&str>, scope: Scope) -> Result<String> {
        check_custom_name(name)?;
        let text = text.unwrap_or_default();
        if text.len() > CUSTOM_VALUE_BYTES_MAX {
            return Err(Error::new(
                sqlstate::PROGRAM_LIMIT_EXCEEDED,
                format!("value of parameter \"{name}\" is too long"),
            ));
        }
        let layers = Arc::make_mut(&mut self.layers);
        let at = match layers.custom.iter().position(|custom| custom.name == name) {
            Some(at) => at,
            None if layers.custom.len() >= CUSTOM_PARAMETERS_MAX => {
                return Err(Error::new(
                    sqlstate::CONFIGURATION_LIMIT_EXCEEDED,
                    "too many custom configuration parameters",
                ));
            }
            None => {
                layers.custom.push(Custom { name: name.to_owned(), session: None, local: None });
                layers.custom.len() - 1
            }
        };
        let custom = &mut layers.custom[at];
        match scope {
            Scope::Session => {
                custom.local = None;
                custom.session = Some(text.into());
            }
            Scope::Transaction => {
                // After the transaction it exists and is empty, as in PostgreSQL.
                custom.session.get_or_insert_with(|| "".into());
                custom.local = Some(text.into());
            }
        }
        Ok(text.to_owned())
    }
}

impl Layers {
    fn value(&self, index: usize) -> &Value {
        match self.local.iter().find(|(local, _)| *local == index) {
            Some((_, value)) => value,
            None => &self.session[index],
        }
    }

    fn derive(&mut self) {
        self.derived = Arc::new(Derived::new(|name| {
            self.value(table().find(name).expect("Derived asks for parameters that exist"))
        }));
    }
}

/// A custom parameter's name is two or more identifiers with dots between.
fn check_custom_name(name: &str) -> Result<()> {
    if !name.contains('.') {
        return Err(unrecognized(name));
    }
    let is_identifier = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
            && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
    };
    if name.split('.').all(is_identifier) {
        return Ok(());
    }
    Err(Error::new(
        sqlstate::INVALID_NAME,
        format!("invalid configuration parameter name \"{name}\""),
    )
    .with_detail(
        "Custom parameter names must be two or more simple identifiers separated by dots.",
    ))
}

fn unrecognized(name: &str) -> Error {
    Error::new(
        sqlstate::UNDEFINED_OBJECT,
        format!("unrecognized configuration parameter \"{name}\""),
    )
}

fn authorize(parameter: &Parameter, authority: Authority) -> Result<()> {
    let name = parameter.name;
    let refused = |rest: &str| {
        Err(Error::new(
            sqlstate::CANT_CHANGE_RUNTIME_PARAM,
            format!("parameter \"{name}\" cannot be {rest}"),
        ))
    };
    let denied = || {
        Err(Error::new(
            sqlstate::INSUFFICIENT_PRIVILEGE,
            format!("permission denied to set parameter \"{name}\""),
        ))
    };
    match (parameter.context, authority) {
        (_, Authority::Server) | (Context::User, _) => Ok(()),
        (Context::Internal, _) => refused("changed"),
        (Context::Postmaster, _) => refused("changed without restarting the server"),
        (Context::Sighup, _) => refused("changed now"),
        (Context::Backend, Authority::Startup { .. }) => Ok(()),
        (Context::SuperuserBackend, Authority::Startup { superuser: true }) => Ok(()),
        (Context::SuperuserBackend, Authority::Startup { superuser: false }) => denied(),
        (Context::Backend | Context::SuperuserBackend, _) => refused("set after connection start"),
        (Context::Superuser, Authority::Superuser | Authority::Startup { superuser: true }) => {
            Ok(())
        }
        (Context::Superuser, _) => denied(),
    }
}

#[cfg(test)]
mod tests;
