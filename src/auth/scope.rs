//! Scopes: what a proof is good for, below what its role may do.
//!
//! A role's privileges say what it may do; the scopes of an API key, a session or an
//! issuer say which areas of the server this proof opens. Each route of HTTP is of one.

/// What a route is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Sql,
    Collections,
    Files,
    Jobs,
    Events,
    /// Rooms: making them, moderating them, tokens.
    Rooms,
    /// Roles' own sessions and API keys, and what is the server's.
    Admin,
}

impl Scope {
    pub const ALL: [Scope; 7] = [
        Scope::Sql,
        Scope::Collections,
        Scope::Files,
        Scope::Jobs,
        Scope::Events,
        Scope::Rooms,
        Scope::Admin,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Sql => "sql",
            Scope::Collections => "collections",
            Scope::Files => "files",
            Scope::Jobs => "jobs",
            Scope::Events => "events",
            Scope::Rooms => "rooms",
            Scope::Admin => "admin",
        }
    }

    pub fn named(name: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u32);

impl Scopes {
    pub fn all() -> Scopes {
        Scope::ALL.into_iter().collect()
    }

    /// Those with these names; a name that is none opens nothing.
    pub fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Scopes {
        names.into_iter().filter_map(Scope::named).collect()
    }

    pub fn without(self, scope: Scope) -> Scopes {
        Scopes(self.0 & !(1 << scope as u32))
    }

    pub fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u32) != 0
    }

    pub fn names(self) -> Vec<&'static str> {
        Scope::ALL.into_iter().filter(|scope| self.has(*scope)).map(Scope::as_str).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Scopes {
        Scopes(scopes.into_iter().fold(0, |set, scope| set | (1 << scope as u32)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_sets() {
        assert_eq!(Scopes::all().names().len(), Scope::ALL.len());
        let some = Scopes::named(["jobs", "sql", "nothing"]);
        assert_eq!(some.names(), ["sql", "jobs"]);
        assert_eq!(some.without(Scope::Jobs).names(), ["sql"]);
        assert_eq!(some.without(Scope::Admin), some);
        assert!(some.has(Scope::Jobs) && !some.has(Scope::Admin));
        assert_eq!(Scopes::named([]).names(), Vec::<&str>::new());
    }
}
