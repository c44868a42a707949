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

use std::collections::VecDeque;
use std::sync::Arc;

pub use check::{parse_names, parse_time_zone};
pub use parameter::{Context, Effect, Kind, Value, parse_bool};
pub use view::{Derived, IsolationLevel, MessageLevel, Tracked};

use crate::error::{Error, Report, Result, Severity};
use crate::session::stat_statements::LIBRARY;
use crate::sqlstate;
use parameter::{Parameter, table};

/// Custom parameters (`app.user`) one session may set.
const CUSTOM_PARAMETERS_MAX: usize = 1_000;

/// How many of the last changes for a transaction are remembered with what followed.
const DERIVATIONS_MAX: usize = 8;

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

/// Where a value is from (`pg_settings.source`), from the weakest to the strongest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Source {
    Default,
    /// The server's configuration: its file, its variables, its flags.
    File,
    /// ALTER ROLE ALL SET.
    Global,
    Database,
    User,
    DatabaseUser,
    Client,
    Session,
}

impl Source {
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Default => "default",
            Source::File => "configuration file",
            Source::Global => "global",
            Source::Database => "database",
            Source::User => "user",
            Source::DatabaseUser => "database user",
            Source::Client => "client",
            Source::Session => "session",
        }
    }
}

/// A parameter with its values.
pub struct Shown<'a> {
    pub parameter: &'static Parameter,
    pub value: &'a Value,
    pub source: Source,
    pub reset: &'a Value,
}

/// All values at one moment.
#[derive(Clone, Debug)]
pub struct Layers {
    session: Arc<Vec<Value>>,
    sources: Arc<Vec<Source>>,
    local: Vec<(usize, Value)>,
    custom: Vec<Custom>,
    /// What RESET goes back to.
    reset: Arc<Vec<Value>>,
    reset_sources: Arc<Vec<Source>>,
    derived: Arc<Derived>,
}

#[derive(Clone, Debug)]
struct Custom {
    name: String,
    session: Option<Arc<str>>,
    local: Option<Arc<str>>,
    /// What it was when the session began.
    reset: Option<Arc<str>>,
}

/// One value set over others, and what followed. That all values that count are the same is
/// known by what followed from them: it is made anew whenever one of them changes.
struct Derivation {
    before: Arc<Derived>,
    index: usize,
    value: Value,
    after: Arc<Derived>,
}

pub struct Settings {
    layers: Arc<Layers>,
    /// The last ones of what lasts for a transaction at most.
    derivations: VecDeque<Derivation>,
    /// Whether the parameters of the extension `vector` are known: since the session
    /// first saw the extension, for good.
    knows_vector: bool,
}

/// Whether a list of libraries names one.
pub fn loads(libraries: &str, name: &str) -> bool {
    parse_names(libraries).is_some_and(|names| names.iter().any(|one| one == name))
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
        let parameters = table().parameters.iter();
        let sources: Vec<Source> = parameters
            .zip(defaults.iter())
            .map(|(parameter, value)| match *value == parameter.default {
                true => Source::Default,
                false => Source::File,
            })
            .collect();
        let mut layers = Layers {
            session: defaults.clone(),
            reset_sources: Arc::new(sources.clone()),
            sources: Arc::new(sources),
            local: Vec::new(),
            custom: Vec::new(),
            reset: defaults,
            derived: Arc::new(Derived::default()),
        };
        layers.derive();
        Settings { layers: Arc::new(layers), derivations: VecDeque::new(), knows_vector: false }
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

    /// A parameter of this server; those of a library that is not loaded are like any
    /// other custom name.
    fn find(&self, name: &str) -> Option<usize> {
        let index = table().find(name)?;
        self.knows(table().parameters[index].name).then_some(index)
    }

    /// Whether a parameter of the table is there in this session.
    fn knows(&self, name: &str) -> bool {
        match name.split_once('.') {
            Some((LIBRARY, _)) => self.loads_stat_statements(),
            Some((prefix, _)) if VECTOR_PREFIXES.contains(&prefix) => self.knows_vector,
            _ => true,
        }
    }

    pub fn knows_vector(&self) -> bool {
        self.knows_vector
    }

    /// Makes the parameters of the extension `vector` known. What was set under their
    /// names before counts from now on; what cannot is given up with a warning.
    pub fn know_vector(&mut self) -> Vec<Report> {
        self.knows_vector = true;
        let is_ours = |custom: &Custom| vector_prefix(&custom.name).is_some();
        let known: Vec<Custom> =
            self.layers.custom.iter().filter(|custom| is_ours(custom)).cloned().collect();
        if known.is_empty() {
            return Vec::new();
        }
        Arc::make_mut(&mut self.layers).custom.retain(|custom| !is_ours(custom));
        let mut warnings = Vec::new();
        for custom in known {
            let values = [
                (custom.session.filter(|text| !text.is_empty()), Scope::Session),
                (custom.local, Scope::Transaction),
            ];
            for (text, scope) in values {
                let Some(text) = text else { continue };
                let set = match self.find(&custom.name) {
                    Some(_) => self.set(&custom.name, &text, scope, Authority::User).map(drop),
                    None => Err(removed_name(&custom.name)),
                };
                if let Err(error) = set {
                    let mut report = error.into_report();
                    report.severity = Severity::Warning;
                    warnings.push(report);
                }
            }
        }
        warnings
    }

    fn loads_stat_statements(&self) -> bool {
        let index = table().find("shared_preload_libraries");
        let libraries = index.map(|index| &self.layers.reset[index]);
        matches!(libraries, Some(Value::Text(libraries)) if loads(libraries, LIBRARY))
    }

    /// `SHOW name`.
    pub fn show(&self, name: &str) -> Result<String> {
        match self.find(name) {
            Some(index) => Ok(table().parameters[index].show(self.layers.value(index))),
            None => self.custom(name).ok_or_else(|| unrecognized(name)),
        }
    }

    fn custom(&self, name: &str) -> Option<String> {
        let custom = self.layers.custom.iter().find(|custom| custom.name == name)?;
        custom.local.as_ref().or(custom.session.as_ref()).map(|value| value.to_string())
    }

    /// Parameters that nobody but clients knows, with what they are now.
    pub fn custom_values(&self) -> Vec<(String, String)> {
        let names = self.layers.custom.iter().map(|custom| custom.name.clone());
        names.filter_map(|name| self.custom(&name).map(|value| (name, value))).collect()
    }

    /// All parameters with their values, in the order of names.
    pub fn all(&self) -> impl Iterator<Item = Shown<'_>> {
        let layers = &self.layers;
        let all = table().parameters.iter().enumerate();
        // PostgreSQL has those of pg_trgm once a session has used the extension.
        let is_shown = move |index: usize, name: &str| {
            self.knows(name)
                && (!name.starts_with(TRIGRAMS) || layers.sources[index] != Source::Default)
        };
        all.filter(move |(index, parameter)| is_shown(*index, parameter.name)).map(
            |(index, parameter)| {
                let is_local = layers.local.iter().any(|(local, _)| *local == index);
                Shown {
                    parameter,
                    value: layers.value(index),
                    source: if is_local { Source::Session } else { layers.sources[index] },
                    reset: &layers.reset[index],
                }
            },
        )
    }

    /// The parameters that ParameterStatus tells, as they are now.
    pub fn reported(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        self.all()
            .filter(|shown| shown.parameter.report)
            .map(|shown| (shown.parameter.name, shown.parameter.show(shown.value)))
    }

    /// Sets a parameter, and answers its new value as SHOW prints it.
    pub fn set(
        &mut self,
        name: &str,
        text: &str,
        scope: Scope,
        authority: Authority,
    ) -> Result<String> {
        let Some(index) = self.find(name) else {
            self.check_reserved(name)?;
            return self.set_custom(name, Some(text), scope);
        };
        let parameter = &table().parameters[index];
        authorize(parameter, authority)?;
        let value = parameter.parse(text, self.layers.value(index))?;
        let shown = parameter.show(&value);
        self.put(index, value, scope);
        Ok(shown)
    }

    /// Sets what a session begins with.
    pub fn set_from(
        &mut self,
        name: &str,
        text: &str,
        source: Source,
        authority: Authority,
    ) -> Result<()> {
        self.set(name, text, Scope::Session, authority)?;
        if let Some(index) = self.find(name) {
            Arc::make_mut(&mut self.layers).sources_mut()[index] = source;
        }
        Ok(())
    }

    /// Whether a value may be stored for sessions to come, and how it is written then.
    /// `None` for the text asks whether the parameter may be given back its default.
    pub fn check_stored(
        &self,
        name: &str,
        text: Option<&str>,
        authority: Authority,
    ) -> Result<Option<String>> {
        let Some(index) = self.find(name) else {
            check_custom_name(name)?;
            self.check_reserved(name)?;
            return Ok(text.map(str::to_owned));
        };
        let parameter = &table().parameters[index];
        authorize(parameter, authority)?;
        let Some(text) = text else { return Ok(None) };
        parameter.parse(text, self.layers.value(index))?;
        Ok(Some(text.to_owned()))
    }

    /// Takes new defaults of the server, where nobody has set something else.
    pub fn adopt_defaults(&mut self, defaults: &Arc<Vec<Value>>) {
        let layers = Arc::make_mut(&mut self.layers);
        let mut reset = layers.reset.to_vec();
        let mut reset_sources = layers.reset_sources.to_vec();
        for (index, parameter) in table().parameters.iter().enumerate() {
            let source = match defaults[index] == parameter.default {
                true => Source::Default,
                false => Source::File,
            };
            if reset_sources[index] <= Source::File {
                reset[index] = defaults[index].clone();
                reset_sources[index] = source;
            }
            if layers.sources[index] <= Source::File {
                layers.session_mut()[index] = defaults[index].clone();
                layers.sources_mut()[index] = source;
            }
        }
        (layers.reset, layers.reset_sources) = (Arc::new(reset), Arc::new(reset_sources));
        layers.derive();
    }

    /// `42501` for a parameter that is shown to superusers only.
    pub fn check_examinable(name: &str) -> Result<()> {
        let found = table().find(name).map(|index| &table().parameters[index]);
        match found.filter(|parameter| parameter.is_for_superusers()) {
            Some(parameter) => Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!(
                    "must be superuser or have privileges of pg_read_all_settings to examine \"{}\"",
                    parameter.name
                ),
            )),
            None => Ok(()),
        }
    }

    /// A parameter's own spelling.
    pub fn spelled(name: &str) -> &str {
        table().find(name).map_or(name, |index| table().parameters[index].name)
    }

    /// `RESET name`, `SET name TO DEFAULT`.
    pub fn reset(&mut self, name: &str, scope: Scope, authority: Authority) -> Result<()> {
        let Some(index) = self.find(name) else {
            self.check_reserved(name)?;
            return self.set_custom(name, None, scope).map(|_| ());
        };
        authorize(&table().parameters[index], authority)?;
        self.put(index, self.layers.reset[index].clone(), scope);
        if scope == Scope::Session {
            let layers = Arc::make_mut(&mut self.layers);
            let source = layers.reset_sources[index];
            layers.sources_mut()[index] = source;
        }
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
                let (value, source) = (layers.reset[index].clone(), layers.reset_sources[index]);
                layers.session_mut()[index] = value;
                layers.sources_mut()[index] = source;
                layers.local.retain(|(local, _)| *local != index);
            }
        }
        layers.custom.retain(|custom| custom.reset.is_some());
        for custom in &mut layers.custom {
            (custom.session, custom.local) = (custom.reset.clone(), None);
        }
        layers.derive();
    }

    /// Makes the present values those that RESET goes back to: after startup.
    pub fn keep_as_reset_values(&mut self) {
        let layers = Arc::make_mut(&mut self.layers);
        layers.reset = layers.session.clone();
        layers.reset_sources = layers.sources.clone();
        layers.custom.iter_mut().for_each(|custom| custom.reset = custom.session.clone());
    }

    fn put(&mut self, index: usize, value: Value, scope: Scope) {
        if *self.layers.value(index) == value && scope == Scope::Session {
            let is_plain = !self.layers.local.iter().any(|(local, _)| *local == index);
            if is_plain {
                if self.layers.sources[index] != Source::Session {
                    Arc::make_mut(&mut self.layers).sources_mut()[index] = Source::Session;
                }
                return;
            }
        }
        let layers = Arc::make_mut(&mut self.layers);
        layers.local.retain(|(local, _)| *local != index);
        match scope {
            Scope::Session => {
                layers.session_mut()[index] = value;
                layers.sources_mut()[index] = Source::Session;
                layers.derive();
            }
            Scope::Transaction => {
                layers.local.push((index, value.clone()));
                self.derive_as_before(index, value);
            }
        }
    }

    /// What follows from one value more: what SET clauses of functions set is set again and
    /// again, over the same values.
    fn derive_as_before(&mut self, index: usize, value: Value) {
        let before = self.layers.derived.clone();
        let layers = Arc::make_mut(&mut self.layers);
        let known = self.derivations.iter().find(|known| {
            Arc::ptr_eq(&known.before, &before) && known.index == index && known.value == value
        });
        if let Some(known) = known {
            layers.derived = known.after.clone();
            return;
        }
        layers.derive();
        let after = layers.derived.clone();
        if self.derivations.len() >= DERIVATIONS_MAX {
            self.derivations.pop_front();
        }
        self.derivations.push_back(Derivation { before, index, value, after });
    }

    /// `42602` for a name that only the extension `vector` may give.
    fn check_reserved(&self, name: &str) -> Result<()> {
        match vector_prefix(name).filter(|_| self.knows_vector) {
            Some(prefix) => {
                Err(invalid_name(name).with_detail(format!("\"{prefix}\" is a reserved prefix.")))
            }
            None => Ok(()),
        }
    }

    /// A custom parameter as if the session had begun with it: RESET gives this value back.
    pub fn begin_with(&mut self, name: &str, text: &str) -> Result<()> {
        self.set_custom(name, Some(text), Scope::Session)?;
        let layers = Arc::make_mut(&mut self.layers);
        if let Some(custom) = layers.custom.iter_mut().find(|custom| custom.name == name) {
            custom.reset = Some(text.into());
        }
        Ok(())
    }

    fn set_custom(&mut self, name: &str, text: Option<&str>, scope: Scope) -> Result<String> {
        check_custom_name(name)?;
        let reset = self.layers.custom.iter().find(|custom| custom.name == name);
        let reset = reset.and_then(|custom| custom.reset.clone()).unwrap_or_default();
        let text = text.unwrap_or(&reset);
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
                let name = name.to_owned();
                layers.custom.push(Custom { name, session: None, local: None, reset: None });
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
    fn session_mut(&mut self) -> &mut Vec<Value> {
        Arc::make_mut(&mut self.session)
    }

    fn sources_mut(&mut self) -> &mut Vec<Source> {
        Arc::make_mut(&mut self.sources)
    }

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

/// What the names of the extension `vector` begin with.
const VECTOR_PREFIXES: [&str; 2] = ["hnsw", "ivfflat"];

fn vector_prefix(name: &str) -> Option<&str> {
    let (prefix, _) = name.split_once('.')?;
    VECTOR_PREFIXES.iter().any(|known| known.eq_ignore_ascii_case(prefix)).then_some(prefix)
}

fn removed_name(name: &str) -> Error {
    let prefix = vector_prefix(name).unwrap_or_default();
    Error::new(
        sqlstate::INVALID_NAME,
        format!("invalid configuration parameter name \"{name}\", removing it"),
    )
    .with_detail(format!("\"{prefix}\" is now a reserved prefix."))
}

fn invalid_name(name: &str) -> Error {
    Error::new(sqlstate::INVALID_NAME, format!("invalid configuration parameter name \"{name}\""))
}

/// What the names of pg_trgm's parameters begin with, and no others may.
const TRIGRAMS: &str = "pg_trgm.";

/// A custom parameter's name is two or more identifiers with dots between.
fn check_custom_name(name: &str) -> Result<()> {
    if !name.contains('.') {
        return Err(unrecognized(name));
    }
    if name.starts_with(TRIGRAMS) {
        let message = format!("invalid configuration parameter name \"{name}\"");
        return Err(Error::new(sqlstate::INVALID_NAME, message)
            .with_detail("\"pg_trgm\" is a reserved prefix."));
    }
    let is_identifier = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
            && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
    };
    if name.split('.').all(is_identifier) {
        return Ok(());
    }
    Err(invalid_name(name).with_detail(
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
