//! One event, as a line of JSON.

use std::net::{IpAddr, SocketAddr};

use serde_json::{Map, Value, json};

use crate::redact::redact;

/// Bytes of a member's text.
const TEXT_BYTES_MAX: usize = 4_000;

/// Outcomes.
pub const OK: &str = "ok";
pub const DENIED: &str = "denied";

/// Classes of events; see the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Audit,
    Login,
    Grant,
    Policy,
    Ddl,
    Key,
    Admin,
    Refused,
}

impl Class {
    /// Those that the configuration chooses from.
    pub const ALL: [Class; 7] = [
        Class::Login,
        Class::Grant,
        Class::Policy,
        Class::Ddl,
        Class::Key,
        Class::Admin,
        Class::Refused,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Class::Audit => "audit",
            Class::Login => "login",
            Class::Grant => "grant",
            Class::Policy => "policy",
            Class::Ddl => "ddl",
            Class::Key => "key",
            Class::Admin => "admin",
            Class::Refused => "refused",
        }
    }

    pub fn named(name: &str) -> Option<Class> {
        Class::ALL.into_iter().find(|class| class.as_str() == name)
    }

    pub(super) fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub struct Event {
    pub class: Class,
    event: String,
    outcome: &'static str,
    members: Vec<(&'static str, Value)>,
}

impl Event {
    pub fn new(class: Class, event: &str, outcome: &'static str) -> Event {
        Event { class, event: event.to_owned(), outcome, members: Vec::new() }
    }

    /// Who did it, in which database; what is not known is left out.
    pub fn by(self, user: &str, database: &str) -> Event {
        self.with("user", user).with("database", database)
    }

    /// From where.
    pub fn from(self, client: Option<SocketAddr>) -> Event {
        let client = client.map(|at| SocketAddr::new(at.ip().to_canonical(), at.port()));
        self.with("client", &client.map(|at| at.to_string()).unwrap_or_default())
    }

    pub fn from_ip(self, client: Option<IpAddr>) -> Event {
        self.with("client", &client.map(|ip| ip.to_string()).unwrap_or_default())
    }

    /// A member of text, without secrets; an empty one is left out, a long one is cut.
    pub fn with(mut self, name: &'static str, text: &str) -> Event {
        if !text.is_empty() {
            let text = redact(text);
            let cut = text.floor_char_boundary(TEXT_BYTES_MAX);
            let more = if cut < text.len() { "..." } else { "" };
            self.members.push((name, json!(format!("{}{more}", &text[..cut]))));
        }
        self
    }

    pub fn with_number(mut self, name: &'static str, number: u64) -> Event {
        self.members.push((name, json!(number)));
        self
    }

    /// The record without its hash, but for the bracket that ends it.
    pub(super) fn body(&self, seq: u64, time: &str) -> String {
        let mut record = Map::new();
        record.insert("seq".to_owned(), json!(seq));
        record.insert("time".to_owned(), json!(time));
        record.insert("class".to_owned(), json!(self.class.as_str()));
        record.insert("event".to_owned(), json!(self.event));
        record.insert("outcome".to_owned(), json!(self.outcome));
        for (name, value) in &self.members {
            record.insert((*name).to_owned(), value.clone());
        }
        let mut text = Value::Object(record).to_string();
        text.pop();
        text
    }
}
