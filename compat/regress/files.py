"""Which of PostgreSQL's regression files are run, and what each needs first."""

import contrib
import own

# Features outside this project, or left for later. What is here is not counted.
EXCLUDED = {
    "tablespaces": ["tablespace"],
    "functions in C": ["create_function_c", "compression", "compression_pglz", "conversion", "indirect_toast"],
    "physical storage": [
        "btree_index", "brin", "brin_bloom", "brin_multi", "cluster", "combocid", "create_am", "gin", "gist",
        "create_index_spgist", "hash_index", "index_including_gist", "reloptions", "spgist", "stats", "tidrangescan",
        "tidscan", "vacuum", "vacuum_parallel", "maintain_every", "dbsize", "amutils", "bitmapops", "memoize",
        "select_parallel", "write_parallel", "incremental_sort", "tuplesort", "join_hash", "lock", "sanity_check",
        "hash_part", "fast_default", "infinite_recurse",
    ],
    "foreign data wrappers": ["foreign_data"],
    "logical replication": ["publication", "subscription", "replica_identity"],
    "full text": ["tsearch", "tsdicts", "tstypes"],
    "xml": ["xml", "xmlmap"],
    "money": ["money"],
    "ICU and system collations": ["collate.icu.utf8", "collate.linux.utf8"],
    "encodings other than UTF8": ["euc_kr", "encoding"],
    "psql itself": ["psql", "psql_crosstab"],
    "security labels, event triggers, operator classes and catalogs' own checks": [
        "security_label", "event_trigger", "init_privs", "object_address", "alter_generic", "alter_operator",
        "create_operator", "drop_operator", "opr_sanity", "type_sanity", "misc_sanity", "oidjoins", "stats_ext",
        "create_conversion",
    ],
    "results that differ on PostgreSQL itself": ["random"],
}

# What parallel_schedule says about files that need others' objects.
NEEDS = {
    "aggregates": ["create_aggregate"],
    "horology": ["date", "time", "timetz", "timestamp", "timestamptz", "interval"],
    "inherit": ["create_misc"],
    "join": ["create_misc"],
    "misc": ["create_misc"],
    "multirangetypes": ["rangetypes"],
    "portals_p2": [],
    "select_views": ["create_view"],
    "with": ["create_misc"],
    "create_index": ["create_misc"],
    "sysviews": [],
}

# The categories with the higher goal.
CATEGORIES = {
    "simple types": [
        "boolean", "char", "name", "varchar", "text", "int2", "int4", "int8", "float4", "float8", "numeric", "uuid",
        "bit", "enum", "oid", "numerology",
    ],
    "dates and times": ["date", "time", "timetz", "timestamp", "timestamptz", "interval", "horology"],
    "strings, arrays, json": [
        "strings", "regex", "arrays", "json", "jsonb", "jsonpath", "jsonb_jsonpath", "json_encoding",
        "jsonpath_encoding", "unicode", "rangetypes", "multirangetypes",
    ],
    "queries": [
        "select", "select_distinct", "select_distinct_on", "select_having", "select_implicit", "select_into",
        "select_views", "join", "subselect", "union", "case", "aggregates", "groupingsets", "window", "with", "limit",
        "expressions", "tsrf", "functional_deps", "equivclass", "rangefuncs",
    ],
    "changes": [
        "insert", "insert_conflict", "update", "delete", "returning", "merge", "copy", "copy2", "copydml",
        "copyselect", "truncate",
    ],
    "sessions": [
        "transactions", "prepare", "portals", "portals_p2", "plancache", "guc", "advisory_lock", "temp",
        "prepared_xacts",
    ],
    "definitions": [
        "sequence", "identity", "generated", "domain", "constraints", "foreign_key", "triggers", "updatable_views",
        "matview", "create_table", "create_table_like", "create_view", "alter_table",
    ],
    "plpgsql": ["plpgsql"],
    "partitions": ["partition_join", "partition_prune", "partition_aggregate", "partition_info", "inherit"],
}
OTHER = "others"


def excluded():
    return {name: reason for reason, names in EXCLUDED.items() for name in names}


def category(name):
    if own.is_own(name):
        return own.category(name)
    if contrib.is_contrib(name):
        return contrib.category(name)
    return next((known for known, names in CATEGORIES.items() if name in names), OTHER)


def names(directory, only=(), extensions=None):
    """The files to run, the biggest first so that workers end together."""
    mine = list(filter(own.is_own, only))
    for name in filter(contrib.is_contrib, only):
        found = contrib.names(extensions, name)
        # Each once, and its name no more than a name.
        mine += [one for one in found if one not in mine]
    only = [name for name in only if not contrib.is_contrib(name)] + list(filter(contrib.is_contrib, mine))
    if mine and len(mine) == len(only):
        return mine
    left_out = excluded()
    found = [path for path in (directory / "sql").glob("*.sql") if path.stem not in left_out]
    found = [path for path in found if not only or path.stem in only]
    return mine + [path.stem for path in sorted(found, key=lambda path: -path.stat().st_size)]
