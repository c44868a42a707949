//! The extensions that CREATE EXTENSION can make: control files and scripts under
//! `extensions/`, in the binary.
//!
//! ```text
//! extensions/NAME/NAME.control            comment, default_version, relocatable …
//! extensions/NAME/NAME--VERSION.sql       what CREATE EXTENSION … VERSION runs
//! extensions/NAME/NAME--OLD--NEW.sql      what leads from one version to another
//! ```
//!
//! A script is DDL. `LANGUAGE c` names a function of this server
//! ([`crate::sql::functions::kernel`]) by its symbol.

use std::collections::{BTreeMap, VecDeque};
use std::sync::LazyLock;

/// A file of an extension.
struct Source {
    name: &'static str,
    control: &'static str,
    /// File names without the extension's, and their texts.
    scripts: &'static [(&'static str, &'static str)],
}

macro_rules! source {
    ($name:literal $(, $script:literal)*) => {
        Source {
            name: $name,
            control: include_str!(concat!("../../extensions/", $name, "/", $name, ".control")),
            scripts: &[$((
                $script,
                include_str!(concat!("../../extensions/", $name, "/", $name, "--", $script, ".sql")),
            )),*],
        }
    };
}

const SOURCES: &[Source] = &[
    source!("auth", "1.0.0"),
    source!("btree_gist", "1.7"),
    source!("citext", "1.6"),
    source!("collections", "1.0.0"),
    source!("events", "1.0"),
    source!("files", "1.0"),
    source!("hstore", "1.8"),
    source!("http", "1.0"),
    source!("jobs", "1.0"),
    source!("pg_stat_statements", "1.10"),
    source!("pg_trgm", "1.6"),
    source!("pgcrypto", "1.3"),
    source!("pgmq", "1.11.0"),
    source!("rtc", "1.0"),
    source!("sagas", "1.0"),
    source!("uuid-ossp", "1.1"),
    source!("vector", "0.8.6"),
];

/// An extension that can be made.
#[derive(Clone, Debug)]
pub struct Available {
    pub name: &'static str,
    pub comment: &'static str,
    pub default_version: &'static str,
    pub relocatable: bool,
    /// Only a superuser may make it, unless it is trusted and who makes it may create in
    /// the database.
    pub superuser: bool,
    pub trusted: bool,
    /// The one schema that it can be in.
    pub schema: Option<&'static str>,
    pub requires: Vec<&'static str>,
    scripts: &'static [(&'static str, &'static str)],
}

/// One step to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    pub to: &'static str,
    pub text: &'static str,
}

/// Those that there are, by name; `plpgsql`, which is always there, among them.
pub fn available() -> &'static BTreeMap<&'static str, Available> {
    static ALL: LazyLock<BTreeMap<&'static str, Available>> = LazyLock::new(|| {
        let mut all: BTreeMap<&'static str, Available> =
            SOURCES.iter().map(|source| (source.name, read(source))).collect();
        all.insert("plpgsql", plpgsql());
        all
    });
    &ALL
}

fn plpgsql() -> Available {
    Available {
        name: "plpgsql",
        comment: "PL/pgSQL procedural language",
        default_version: "1.0",
        relocatable: false,
        superuser: true,
        trusted: true,
        schema: Some("pg_catalog"),
        requires: Vec::new(),
        scripts: &[("1.0", "")],
    }
}

fn read(source: &Source) -> Available {
    let mut read = Available {
        name: source.name,
        comment: "",
        default_version: "",
        relocatable: false,
        superuser: true,
        trusted: false,
        schema: None,
        requires: Vec::new(),
        scripts: source.scripts,
    };
    for line in source.control.lines().map(str::trim) {
        let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let value = value.trim().trim_matches('\'');
        match name.trim() {
            "comment" => read.comment = value,
            "default_version" => read.default_version = value,
            "relocatable" => read.relocatable = value == "true",
            "superuser" => read.superuser = value == "true",
            "trusted" => read.trusted = value == "true",
            "schema" => read.schema = Some(value),
            "requires" => read.requires = value.split(',').map(str::trim).collect(),
            _ => {}
        }
    }
    read
}

impl Available {
    /// Every version that is the end of a script, in order.
    pub fn versions(&self) -> Vec<&'static str> {
        let mut versions: Vec<&'static str> =
            self.scripts.iter().map(|(name, _)| name.rsplit("--").next().unwrap_or(name)).collect();
        versions.sort_unstable();
        versions.dedup();
        versions
    }

    /// Whether CREATE EXTENSION can begin with a version, without an update.
    fn base(&self, version: &str) -> Option<Script> {
        let found = self.scripts.iter().find(|(name, _)| *name == version);
        found.map(|(to, text)| Script { to, text })
    }

    /// The scripts that make a version, the shortest way.
    pub fn install_path(&self, version: &str) -> Option<Vec<Script>> {
        if let Some(script) = self.base(version) {
            return Some(vec![script]);
        }
        let bases = self.versions().into_iter().filter_map(|base| self.base(base));
        let paths = bases.filter_map(|base| {
            let mut path = vec![base];
            path.extend(self.update_path(base.to, version)?);
            Some(path)
        });
        paths.min_by_key(Vec::len)
    }

    /// The scripts that lead from one version to another, the shortest way.
    pub fn update_path(&self, from: &str, to: &str) -> Option<Vec<Script>> {
        let mut reached: VecDeque<(&str, Vec<Script>)> = VecDeque::from([(from, Vec::new())]);
        let mut seen = vec![from];
        while let Some((at, path)) = reached.pop_front() {
            if at == to {
                return Some(path);
            }
            for (name, text) in self.scripts {
                let Some((_, new)) = name.split_once("--").filter(|(old, _)| *old == at) else {
                    continue;
                };
                if !seen.contains(&new) {
                    seen.push(new);
                    let mut path = path.clone();
                    path.push(Script { to: new, text });
                    reached.push_back((new, path));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_extension_has_its_default_version() {
        for extension in available().values() {
            assert!(extension.install_path(extension.default_version).is_some());
            assert!(!extension.comment.is_empty(), "{}", extension.name);
        }
    }

    #[test]
    fn updates_go_the_shortest_way() {
        let extension = Available {
            scripts: &[("1.0", "a"), ("1.0--1.1", "b"), ("1.1--1.2", "c"), ("1.0--1.2", "d")],
            ..plpgsql()
        };
        let texts = |path: Option<Vec<Script>>| -> Option<String> {
            Some(path?.iter().map(|script| script.text).collect())
        };
        assert_eq!(texts(extension.update_path("1.0", "1.2")).as_deref(), Some("d"));
        assert_eq!(texts(extension.install_path("1.1")).as_deref(), Some("ab"));
        assert_eq!(texts(extension.update_path("1.2", "1.0")), None);
        assert_eq!(extension.versions(), ["1.0", "1.1", "1.2"]);
    }
}
