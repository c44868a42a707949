//! `pg_ident.conf`: which of the operating system's users, and which names in
//! certificates, may be which roles.
//!
//! ```text
//! # map   system user            role
//! staff   anna                   ann
//! staff   /^(.*)@example\.com$   \1
//! ```
//!
//! A system user that begins with a slash is a regular expression; `\1` in the role is
//! what its first group has matched.

use fancy_regex::Regex;

use super::words::Fields;

/// A line of the file, or its error.
#[derive(Debug)]
pub struct Mapping {
    pub number: usize,
    pub map: String,
    pub identity: String,
    pub user: String,
    pattern: Option<Regex>,
    pub error: Option<String>,
}

#[derive(Debug, Default)]
pub struct Maps(Vec<Mapping>);

pub fn read(line: Fields) -> Mapping {
    let mut mapping = Mapping {
        number: line.number,
        map: String::new(),
        identity: String::new(),
        user: String::new(),
        pattern: None,
        error: None,
    };
    if let Err(error) = line.fields.and_then(|fields| fill(&mut mapping, &fields)) {
        mapping.error = Some(error);
    }
    mapping
}

fn fill(mapping: &mut Mapping, fields: &[Vec<super::Word>]) -> Result<(), String> {
    let mut fields = fields.iter();
    let mut next = |ended: &str| match fields.next().map(Vec::as_slice) {
        Some([word]) => Ok(word.text.clone()),
        Some([]) | None => Err(ended.to_owned()),
        Some(_) => Err("multiple values in ident field".to_owned()),
    };
    mapping.map = next("missing entry at end of line")?;
    mapping.identity = next("missing entry at end of line")?;
    mapping.user = next("missing entry at end of line")?;
    if let Some(pattern) = mapping.identity.strip_prefix('/') {
        let compiled = Regex::new(pattern)
            .map_err(|error| format!("invalid regular expression \"{pattern}\": {error}"))?;
        mapping.pattern = Some(compiled);
    }
    Ok(())
}

impl Maps {
    pub fn new(mappings: Vec<Mapping>) -> Maps {
        Maps(mappings)
    }

    pub fn allow(&self, map: &str, identity: &str, user: &str) -> bool {
        self.0.iter().any(|mapping| mapping.map == map && mapping.allows(identity, user))
    }
}

impl Mapping {
    fn allows(&self, identity: &str, user: &str) -> bool {
        let Some(pattern) = &self.pattern else {
            return self.identity == identity && self.user == user;
        };
        // An expression that takes too long matches nothing.
        let Ok(Some(found)) = pattern.captures(identity) else { return false };
        match self.user.contains("\\1") {
            true => found
                .get(1)
                .is_some_and(|group| self.user.replacen("\\1", group.as_str(), 1) == user),
            false => self.user == user,
        }
    }
}
