//! PostgreSQL 15's keywords.

/// How freely a keyword may be used as a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeywordClass {
    Unreserved,
    /// Not as a function's or type's name.
    ColumnName,
    /// As a function's or type's name only.
    TypeOrFunctionName,
    Reserved,
}

impl KeywordClass {
    /// `catcode` and `catdesc` of `pg_get_keywords()`.
    pub fn description(self) -> (char, &'static str) {
        match self {
            KeywordClass::Unreserved => ('U', "unreserved"),
            KeywordClass::ColumnName => ('C', "unreserved (cannot be function or type name)"),
            KeywordClass::TypeOrFunctionName => ('T', "reserved (can be function or type name)"),
            KeywordClass::Reserved => ('R', "reserved"),
        }
    }
}

/// The class of a word, if it is a keyword.
pub fn keyword_class(word: &str) -> Option<KeywordClass> {
    let classes = KEYWORDS.iter().find(|(words, _)| words.binary_search(&word).is_ok());
    classes.map(|(_, class)| *class)
}

/// Every keyword in alphabetic order with its class, and whether it can be a column's
/// label without AS.
pub fn keywords() -> Vec<(&'static str, KeywordClass, bool)> {
    let of_class = |(words, class): &(&'static [&'static str], KeywordClass)| {
        let class = *class;
        words.iter().map(move |word| (*word, class, LABEL_NEEDS_AS.binary_search(word).is_err()))
    };
    let mut found: Vec<_> = KEYWORDS.iter().flat_map(of_class).collect();
    found.sort_unstable_by_key(|(word, ..)| *word);
    found
}

/// Sorted within each class.
const KEYWORDS: &[(&[&str], KeywordClass)] = &[
    (UNRESERVED, KeywordClass::Unreserved),
    (COLUMN_NAME, KeywordClass::ColumnName),
    (TYPE_OR_FUNCTION_NAME, KeywordClass::TypeOrFunctionName),
    (RESERVED, KeywordClass::Reserved),
];

#[rustfmt::skip]
const UNRESERVED: &[&str] = &[
    "abort", "absolute", "access", "action", "add", "admin", "after", "aggregate", "also",
    "alter", "always", "asensitive", "assertion", "assignment", "at", "atomic", "attach",
    "attribute", "backward", "before", "begin", "breadth", "by", "cache", "call", "called",
    "cascade", "cascaded", "catalog", "chain", "characteristics", "checkpoint", "class", "close",
    "cluster", "columns", "comment", "comments", "commit", "committed", "compression",
    "configuration", "conflict", "connection", "constraints", "content", "continue", "conversion",
    "copy", "cost", "csv", "cube", "current", "cursor", "cycle", "data", "database", "day",
    "deallocate", "declare", "defaults", "deferred", "definer", "delete", "delimiter",
    "delimiters", "depends", "depth", "detach", "dictionary", "disable", "discard", "document",
    "domain", "double", "drop", "each", "enable", "encoding", "encrypted", "enum", "escape",
    "event", "exclude", "excluding", "exclusive", "execute", "explain", "expression", "extension",
    "external", "family", "filter", "finalize", "first", "following", "force", "forward",
    "function", "functions", "generated", "global", "granted", "groups", "handler", "header",
    "hold", "hour", "identity", "if", "immediate", "immutable", "implicit", "import", "include",
    "including", "increment", "index", "indexes", "inherit", "inherits", "inline", "input",
    "insensitive", "insert", "instead", "invoker", "isolation", "key", "label", "language",
    "large", "last", "leakproof", "level", "listen", "load", "local", "location", "lock",
    "locked", "logged", "mapping", "match", "matched", "materialized", "maxvalue", "merge",
    "method", "minute", "minvalue", "mode", "month", "move", "name", "names", "new", "next",
    "nfc", "nfd", "nfkc", "nfkd", "no", "normalized", "nothing", "notify", "nowait", "nulls",
    "object", "of", "off", "oids", "old", "operator", "option", "options", "ordinality", "others",
    "over", "overriding", "owned", "owner", "parallel", "parameter", "parser", "partial",
    "partition", "passing", "password", "plans", "policy", "preceding", "prepare", "prepared",
    "preserve", "prior", "privileges", "procedural", "procedure", "procedures", "program",
    "publication", "quote", "range", "read", "reassign", "recheck", "recursive", "ref",
    "referencing", "refresh", "reindex", "relative", "release", "rename", "repeatable", "replace",
    "replica", "reset", "restart", "restrict", "return", "returns", "revoke", "role", "rollback",
    "rollup", "routine", "routines", "rows", "rule", "savepoint", "schema", "schemas", "scroll",
    "search", "second", "security", "sequence", "sequences", "serializable", "server", "session",
    "set", "sets", "share", "show", "simple", "skip", "snapshot", "sql", "stable", "standalone",
    "start", "statement", "statistics", "stdin", "stdout", "storage", "stored", "strict", "strip",
    "subscription", "support", "sysid", "system", "tables", "tablespace", "temp", "template",
    "temporary", "text", "ties", "transaction", "transform", "trigger", "truncate", "trusted",
    "type", "types", "uescape", "unbounded", "uncommitted", "unencrypted", "unknown", "unlisten",
    "unlogged", "until", "update", "vacuum", "valid", "validate", "validator", "value", "varying",
    "version", "view", "views", "volatile", "whitespace", "within", "without", "work", "wrapper",
    "write", "xml", "year", "yes", "zone",
];

#[rustfmt::skip]
const COLUMN_NAME: &[&str] = &[
    "between", "bigint", "bit", "boolean", "char", "character", "coalesce", "dec", "decimal",
    "exists", "extract", "float", "greatest", "grouping", "inout", "int", "integer", "interval",
    "least", "national", "nchar", "none", "normalize", "nullif", "numeric", "out", "overlay",
    "position", "precision", "real", "row", "setof", "smallint", "substring", "time", "timestamp",
    "treat", "trim", "values", "varchar", "xmlattributes", "xmlconcat", "xmlelement", "xmlexists",
    "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable",
];

#[rustfmt::skip]
const TYPE_OR_FUNCTION_NAME: &[&str] = &[
    "authorization", "binary", "collation", "concurrently", "cross", "current_schema", "freeze",
    "full", "ilike", "inner", "is", "isnull", "join", "left", "like", "natural", "notnull",
    "outer", "overlaps", "right", "similar", "tablesample", "verbose",
];

#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "both", "case",
    "cast", "check", "collate", "column", "constraint", "create", "current_catalog",
    "current_date", "current_role", "current_time", "current_timestamp", "current_user",
    "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "false", "fetch",
    "for", "foreign", "from", "grant", "group", "having", "in", "initially", "intersect", "into",
    "lateral", "leading", "limit", "localtime", "localtimestamp", "not", "null", "offset", "on",
    "only", "or", "order", "placing", "primary", "references", "returning", "select",
    "session_user", "some", "symmetric", "table", "then", "to", "trailing", "true", "union",
    "unique", "user", "using", "variadic", "when", "where", "window", "with",
];

#[rustfmt::skip]
const LABEL_NEEDS_AS: &[&str] = &[
    "array", "as", "char", "character", "create", "day", "except", "fetch", "filter", "for",
    "from", "grant", "group", "having", "hour", "intersect", "into", "isnull", "limit", "minute",
    "month", "notnull", "offset", "on", "order", "over", "overlaps", "precision", "returning",
    "second", "to", "union", "varying", "where", "window", "with", "within", "without", "year",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_is_found_in_its_class() {
        for (word, class, _) in keywords() {
            assert_eq!(keyword_class(word), Some(class), "{word}");
        }
        assert_eq!(keyword_class("zserver"), None);
    }
}
