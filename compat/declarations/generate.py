#!/usr/bin/env python3
"""Writes sql/*.sql: PostgreSQL 15's own declarations of what ZServer implements.

Reads the system catalogs of a running PostgreSQL 15 (through psql and the PG*
environment variables) and prints the declarations of the types listed here and
of the functions, operators, casts, aggregates and operator classes over them.
Run it again after changing the lists, and review the difference:

    PGHOST=127.0.0.1 PGPORT=5433 PGUSER=postgres compat/declarations/generate.py sql
"""

import json
import re
import subprocess
import sys
from pathlib import Path

TYPES = """bool bytea char name int8 int2 int2vector int4 regproc text oid tid xid cid oidvector
json pg_node_tree float4 float8 unknown aclitem bpchar varchar date time timestamp timestamptz
interval timetz numeric refcursor regprocedure regoper regoperator regclass regtype regcollation
regnamespace regrole record cstring any anyarray void trigger internal
anyelement anynonarray anyenum anycompatible anycompatiblearray anycompatiblenonarray
uuid jsonb pg_lsn xid8 bit varbit inet cidr macaddr macaddr8 jsonpath
int4range numrange tsrange tstzrange daterange int8range
int4multirange nummultirange tsmultirange tstzmultirange datemultirange int8multirange
anyrange anymultirange anycompatiblerange anycompatiblemultirange
pg_snapshot txid_snapshot language_handler
regconfig regdictionary point lseg path box polygon line circle""".split()

# Functions over those types that are not declared: server internals, and
# features that ZServer does not have.
LEFT_OUT = re.compile("^(" + "|".join("""
RI_FKey_.* amvalidate binary_upgrade_.* brin_.* gin_.* gist_.* spg_.* hash_aclitem.*
pg_replication_.* pg_logical_.* pg_ls_.* pg_read_.* pg_stat_.*
pg_backup_.* pg_control_.* pg_copy_.* pg_create_.* pg_drop_.* pg_extension_config_dump pg_import_.* pg_isolation_.*
pg_switch_wal pg_rotate.* pg_export_snapshot pg_walfile.*
pg_get_replication.* pg_get_shmem.* pg_get_multi.* pg_get_publication.* pg_get_backend_mem.*
pg_get_catalog_foreign_keys pg_indexam_progress.*
pg_last_wal.* pg_log_.* pg_nextoid pg_show_all_file.* pg_show_replication.* pg_stop.* pg_event_trigger.*
pg_current_wal.* pg_config pg_conf_load.* pg_promote pg_get_wal_resource.*
pg_tablespace_(databases|size) pg_cursor pg_prepared_statement pg_lock_status pg_timezone_(abbrevs|names)
pg_blocking_pids pg_column_compression pg_collation_for pg_sequence_last_value pg_collation_actual.* pg_database_collation.*
postgresql_fdw_.* fmgr_.* satisfies_hash.* suppress_redundant.* .*sel .*selfunc unique_key_recheck
ts_.* tsvector_.* xml_.* currtid2 .*range_subdiff .*range_in shell_in
.*_(transfn|finalfn|serialize|deserialize|support|sortsupport) btequalimage btvarstrequalimage
gin_compare_jsonb bttid.* bpcharlike_support pg_get_ruledef pg_get_part.* pg_partition_.*
inet_(gist|spg).* event_trigger_.* domain_.* any.*_(in|out|send)
(internal|language_handler|pg_node_tree|trigger)_(in|out|send|recv)
get_.*_config tsm_.* .*_handler windows_.* bernoulli system
""".split()) + ")$")


def rows(sql):
    out = subprocess.run(["psql", "-XAtqc", f"SELECT coalesce(json_agg(r), '[]') FROM ({sql}) r"],
                         check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(out.stdout)


type_rows = rows("""SELECT t.oid::int8, typname, typlen, typbyval, typtype, typcategory, typispreferred,
    typdelim, typelem::int8, typarray::int8, typinput::text, typoutput::text, typreceive::text, typsend::text,
    typmodin::text, typmodout::text, typalign, typstorage, typcollation::int8, typsubscript::text,
    r.rngsubtype::int8, r.rngcanonical::text, r.rngsubdiff::text, m.rngtypid::int8 AS range
    FROM pg_type t LEFT JOIN pg_range r ON r.rngtypid = t.oid LEFT JOIN pg_range m ON m.rngmultitypid = t.oid WHERE typnamespace = 11 AND typrelid = 0 ORDER BY t.oid""")
type_of = {t["oid"]: t for t in type_rows}
scalars = [t for t in type_rows if t["typname"] in TYPES]
arrays = [t for t in type_rows for s in scalars if s["typarray"] == t["oid"]]
known = {t["oid"] for t in scalars + arrays}


def type_name(oid):
    """A type as SQL spells it, without typmod and schema."""
    t = type_of[oid]
    if t["typname"].startswith("_"):
        return type_name(t["typelem"]) + "[]"
    return f'"{t["typname"]}"' if t["typname"] in ("char", "any") else t["typname"]


def plain(oid):
    """The same for use inside a symbol."""
    return type_name(oid).replace('"', "").replace("[]", "_array")


def literal(text):
    return "'" + text.replace("'", "''") + "'"


AGGREGATE_FUNCTIONS = {
    "SFUNC": "aggtransfn", "FINALFUNC": "aggfinalfn", "COMBINEFUNC": "aggcombinefn", "SERIALFUNC": "aggserialfn",
    "DESERIALFUNC": "aggdeserialfn", "MSFUNC": "aggmtransfn", "MINVFUNC": "aggminvtransfn",
    "MFINALFUNC": "aggmfinalfn",
}

# What built-in aggregates are made of, for users' aggregates made of the same.
AGGREGATE_PARTS = {r["oid"] for r in rows(f"""SELECT DISTINCT part::oid::int8 AS oid
    FROM pg_aggregate, unnest(ARRAY[{', '.join(AGGREGATE_FUNCTIONS.values())}]) part
    WHERE part <> 0::oid""")}

# What operators name as their estimators; the planner here has its own.
ESTIMATORS = {r["oid"] for r in rows("""SELECT DISTINCT part::oid::int8 AS oid
    FROM pg_operator, unnest(ARRAY[oprrest, oprjoin]) part WHERE part <> 0::oid""")}


def all_procedures():
    """Every function of pg_catalog; `lanname` and `prosrc` as PostgreSQL has them."""
    return rows("""SELECT p.oid::int8, proname, quote_ident(proname) AS ident, prokind, provariadic::int8,
        proisstrict, proleakproof, proretset, provolatile, prorettype::int8, l.lanname, prosrc,
        (SELECT coalesce(json_agg(a::int8), '[]') FROM unnest(proargtypes::oid[]) a) AS args,
        (SELECT json_agg(a::int8) FROM unnest(proallargtypes) a) AS all_args,
        proargmodes::text[] AS modes,
        (SELECT json_agg(CASE WHEN a = '' THEN '' ELSE quote_ident(a) END) FROM unnest(proargnames) a) AS names,
        pronargs, pronargdefaults,
        (SELECT json_agg(pg_get_function_arg_default(p.oid, i)) FROM generate_series(1, pronargs) i) AS defaults
        FROM pg_proc p JOIN pg_language l ON l.oid = prolang
        WHERE pronamespace = 11 ORDER BY p.oid""")


def procedures(found):
    """Those that are here: over known types, and not left out."""
    kept = []
    for p in found:
        used = set(p["args"]) | set(p["all_args"] or []) | {p["prorettype"]}
        if not used <= known:
            continue
        internal = 2281 in p["args"]
        if p["oid"] in AGGREGATE_PARTS | ESTIMATORS:
            kept.append(p)
            continue
        if internal and not re.search("recv$|_typanalyze$", p["proname"]):
            continue
        if LEFT_OUT.match(p["proname"]) and p["prokind"] != "a" and p["proname"] not in KEEP:
            continue
        kept.append(p)
    return kept


KEEP = set("""pg_partition_tree pg_partition_root satisfies_hash_partition plpgsql_call_handler anyarray_out anyarray_in any_in array_in record_in pg_get_partkeydef pg_get_partition_constraintdef
pg_isolation_test_session_is_blocked pg_export_snapshot pg_get_triggerdef pg_get_ruledef pg_partition_ancestors pg_get_statisticsobjdef_columns pg_blocking_pids
pg_get_serial_sequence pg_relation_is_publishable pg_get_expr pg_trigger_depth suppress_redundant_updates_trigger
domain_in domain_recv
range_in multirange_in int4range_subdiff int8range_subdiff numrange_subdiff daterange_subdiff tsrange_subdiff
tstzrange_subdiff""".split())


def symbol(p):
    if p["lanname"] in ("internal", "c"):
        return p["prosrc"]
    return p["proname"] + "_" + "_".join(plain(a) for a in p["args"])


def arguments(p):
    types = p["all_args"] or p["args"]
    modes = p["modes"] or ["i"] * len(types)
    names = p["names"] or [""] * len(types)
    out, position = [], 0
    for ty, mode, name in zip(types, modes, names):
        if mode == "t":
            continue
        words = {"i": [], "o": ["OUT"], "b": ["INOUT"], "v": ["VARIADIC"]}[mode]
        words = words + ([name] if name else []) + [type_name(ty)]
        if mode in "ibv":
            default = p["defaults"][position] if p["defaults"] else None
            position += 1
            if default is not None:
                words += ["DEFAULT", default]
        out.append(" ".join(words))
    return ", ".join(out)


def returns(p):
    types, modes, names = p["all_args"] or [], p["modes"] or [], p["names"] or []
    table = [f"{n} {type_name(t)}" for t, m, n in zip(types, modes, names) if m == "t"]
    if table:
        return f"TABLE ({', '.join(table)})"
    return ("SETOF " if p["proretset"] else "") + type_name(p["prorettype"])


def function_statement(p, language="internal"):
    words = [f"CREATE FUNCTION pg_catalog.{p['ident']}({arguments(p)}) RETURNS {returns(p)} LANGUAGE {language}"]
    if p["prokind"] == "w":
        words.append("WINDOW")
    words.append({"i": "IMMUTABLE", "s": "STABLE", "v": "VOLATILE"}[p["provolatile"]])
    if p["proisstrict"]:
        words.append("STRICT")
    if p["proleakproof"]:
        words.append("LEAKPROOF")
    words.append(f"AS {literal(symbol(p))} SET oid = {p['oid']};")
    return " ".join(words)


def section_of(p):
    """The type a function is filed under: that of its first argument."""
    if p["prokind"] == "w":
        return "window functions"
    name = p["proname"]
    if re.match("pg_(?!lsn)|has_|to_reg|current_|session_|txid|version|obj_desc|col_desc|shobj|set_config|inet_", name):
        return "system information and administration"
    for ty in p["args"] or [p["prorettype"]]:
        base = type_of[ty]
        if base["typname"] in ("internal", "cstring"):
            return "type input and output"
        if base["typname"].startswith("_") or base["typname"] in ("anyarray", "anycompatiblearray"):
            return "arrays"
        if base["typname"].startswith("any"):
            return "polymorphic functions"
        if base["typname"].startswith("reg"):
            return "object identifiers"
        return {
            "bpchar": "character strings", "varchar": "character strings", "text": "character strings",
            "name": "character strings", "char": "character strings", "unknown": "character strings",
            "int2": "integers", "int4": "integers", "int8": "integers",
            "float4": "floating point", "float8": "floating point",
            "oid": "object identifiers", "xid": "object identifiers", "xid8": "object identifiers",
            "cid": "object identifiers", "tid": "object identifiers", "oidvector": "object identifiers",
            "int2vector": "object identifiers", "pg_lsn": "object identifiers",
            "void": "object identifiers",
            "json": "json", "jsonb": "jsonb",
        }.get(base["typname"], base["typname"])
    return "other"


def write(path, title, sections):
    lines = [f"-- {line}".rstrip() for line in title.strip().splitlines()]
    for name, statements in sections:
        if not statements:
            continue
        lines += ["", f"-- {name}", ""] if name else [""]
        lines += statements
    path.write_text("\n".join(lines) + "\n")


def type_statement(t):
    """CREATE TYPE with everything that pg_type says of it."""
    options = [f"OID = {t['oid']}"]
    for key, column in [("INPUT", "typinput"), ("OUTPUT", "typoutput"), ("RECEIVE", "typreceive"),
                        ("SEND", "typsend"), ("TYPMOD_IN", "typmodin"), ("TYPMOD_OUT", "typmodout")]:
        if t[column] != "-":
            options.append(f"{key} = {t[column]}")
    length = {-1: "VARIABLE", -2: "-2"}.get(t["typlen"], t["typlen"])
    options.append(f"INTERNALLENGTH = {length}")
    if t["typbyval"]:
        options.append("PASSEDBYVALUE")
    options.append("ALIGNMENT = " + {"c": '"char"', "s": "int2", "i": "int4", "d": "double"}[t["typalign"]])
    options.append("STORAGE = " + {"p": "plain", "e": "external", "x": "extended", "m": "main"}[t["typstorage"]])
    options.append(f"CATEGORY = '{t['typcategory']}'")
    if t["typispreferred"]:
        options.append("PREFERRED = true")
    if t["typtype"] in "prm":
        options.append(f"KIND = '{t['typtype']}'")
    if t["typtype"] == "r":
        options.append(f"SUBTYPE = {type_name(t['rngsubtype'])}")
        if t["rngcanonical"] != "-":
            options.append(f"CANONICAL = {t['rngcanonical']}")
        options.append(f"SUBTYPE_DIFF = {t['rngsubdiff']}")
    if t["typtype"] == "m":
        options.append(f"RANGE = {type_name(t['range'])}")
    if t["typelem"]:
        options.append(f"ELEMENT = {type_name(t['typelem'])}")
    if t["typarray"]:
        options.append(f"ARRAY_OID = {t['typarray']}")
    if t["typdelim"] != ",":
        options.append(f"DELIMITER = '{t['typdelim']}'")
    if t["typcollation"]:
        options.append("COLLATABLE = true" if t["typcollation"] == 100 else 'COLLATION = "C"')
    name = t["typname"]
    return f"CREATE TYPE pg_catalog.\"{name}\" ({', '.join(options)});"


def after_its_element(t):
    """Whether a type is made of one that comes later."""
    element = type_of.get(t["typelem"])
    return element is not None and (element["oid"] > t["oid"] or after_its_element(element))


def types_file(out):
    base = [type_statement(t) for t in sorted(scalars, key=after_its_element) if t["typtype"] != "p"]
    pseudo = [type_statement(t) for t in scalars if t["typtype"] == "p"]
    write(out / "types.sql", """
Built-in types, in the order of their OIDs, those made of later ones last; see README.md for the options.
The array type over each is declared with it: its name is the type's with an
underscore in front, its OID is ARRAY_OID.""",
          [("base types", base), ("pseudo-types", pseudo)])


def functions_file(out, procs):
    sections = {}
    for p in procs:
        if p["prokind"] in "fw":
            sections.setdefault(section_of(p), []).append(p)
    order = ["bool", "integers", "floating point", "numeric", "character strings", "bytea", "date", "time", "timetz",
             "timestamp", "timestamptz", "interval", "uuid", "json", "jsonb", "arrays", "polymorphic functions",
             "record", "object identifiers", "other", "window functions", "system information and administration",
             "type input and output"]
    order = [s for s in order if s in sections] + sorted(set(sections) - set(order))
    write(out / "functions.sql", """
Built-in functions, filed by the type of their first argument. The text after AS is the
symbol of the kernel; see README.md.""",
          [(name, [function_statement(p) for p in sorted(sections[name], key=lambda p: (p["proname"], p["oid"]))])
           for name in order])


def operators_file(out, functions):
    found = rows("""SELECT o.oid::int8, o.oprname, o.oprcanmerge, o.oprcanhash, o.oprleft::int8, o.oprright::int8,
        CASE WHEN o.oprrest <> 0::oid THEN o.oprrest::text END AS restrict,
        CASE WHEN o.oprjoin <> 0::oid THEN o.oprjoin::text END AS join,
        o.oprcode::oid::int8 AS code, c.oprname AS commutator, n.oprname AS negator
        FROM pg_operator o LEFT JOIN pg_operator c ON c.oid = o.oprcom LEFT JOIN pg_operator n ON n.oid = o.oprnegate
        WHERE o.oprnamespace = 11 ORDER BY o.oid""")
    sections = {}
    kept = set()
    for o in found:
        if o["code"] not in functions:
            continue
        function = functions[o["code"]]
        kept.add(o["oid"])
        options = [f"OID = {o['oid']}", f"FUNCTION = {function['ident']}"]
        if o["oprleft"]:
            options.append(f"LEFTARG = {type_name(o['oprleft'])}")
        options.append(f"RIGHTARG = {type_name(o['oprright'])}")
        if o["commutator"]:
            options.append(f"COMMUTATOR = {o['commutator']}")
        if o["negator"]:
            options.append(f"NEGATOR = {o['negator']}")
        for option in ("restrict", "join"):
            if o[option]:
                options.append(f"{option.upper()} = {o[option]}")
        if o["oprcanhash"]:
            options.append("HASHES")
        if o["oprcanmerge"]:
            options.append("MERGES")
        statement = f"CREATE OPERATOR pg_catalog.{o['oprname']} ({', '.join(options)});"
        key = dict(function, args=[a for a in (o["oprleft"], o["oprright"]) if a], proname="")
        sections.setdefault(section_of(key), []).append(statement)
    order = ["bool", "integers", "floating point", "numeric", "character strings", "bytea", "date", "time", "timetz",
             "timestamp", "timestamptz", "interval", "uuid", "json", "jsonb", "arrays", "polymorphic functions"]
    order = [s for s in order if s in sections] + sorted(set(sections) - set(order))
    write(out / "operators.sql", "Built-in operators, filed by the type of their left argument.",
          [(name, sections[name]) for name in order])
    return kept


def casts_file(out, functions, known):
    found = rows("""SELECT castsource::int8, casttarget::int8, castfunc::oid::int8, castcontext, castmethod
        FROM pg_cast WHERE oid < 16384 ORDER BY oid""")
    sections = {}
    for c in found:
        if c["castsource"] not in known or c["casttarget"] not in known:
            continue
        if c["castmethod"] == "f":
            if c["castfunc"] not in functions:
                print("cast left out:", c, file=sys.stderr)
                continue
            p = functions[c["castfunc"]]
            how = f"WITH FUNCTION pg_catalog.{p['ident']}({', '.join(type_name(a) for a in p['args'])})"
        else:
            how = "WITHOUT FUNCTION" if c["castmethod"] == "b" else "WITH INOUT"
        context = {"i": " AS IMPLICIT", "a": " AS ASSIGNMENT", "e": ""}[c["castcontext"]]
        source = type_name(c["castsource"])
        sections.setdefault(f"from {source}", []).append(
            f"CREATE CAST ({source} AS {type_name(c['casttarget'])}) {how}{context};")
    write(out / "casts.sql", """
Built-in casts; unpinned_oids.tsv has their OIDs.
Casts between text types and all others by way of input and output functions are not
listed; they are a rule, as in PostgreSQL.""", sections.items())


def transition(a, declared):
    """How PostgreSQL computes an aggregate; none where a function of it is not declared."""
    functions = {option: a[column] for option, column in AGGREGATE_FUNCTIONS.items() if a[column]}
    if not set(functions.values()) <= declared or a["aggtranstype"] not in type_of:
        return []
    options = [f"{option} = {name}" for option, name in functions.items()]
    options.append(f"STYPE = {type_name(a['aggtranstype'])}")
    if a["aggmtranstype"]:
        options.append(f"MSTYPE = {type_name(a['aggmtranstype'])}")
    for option, column in (("SSPACE", "aggtransspace"), ("MSSPACE", "aggmtransspace")):
        if a[column]:
            options.append(f"{option} = {a[column]}")
    options += [option for option, column in (("FINALFUNC_EXTRA", "aggfinalextra"),
                                              ("MFINALFUNC_EXTRA", "aggmfinalextra")) if a[column]]
    words = {"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}
    usual = "r" if a["aggkind"] == "n" else "w"
    for option, column in (("FINALFUNC_MODIFY", "aggfinalmodify"), ("MFINALFUNC_MODIFY", "aggmfinalmodify")):
        if a[column] != usual:
            options.append(f"{option} = {words[a[column]]}")
    for option, column in (("INITCOND", "agginitval"), ("MINITCOND", "aggminitval")):
        if a[column] is not None:
            options.append(f"{option} = {literal(a[column])}")
    return options


def aggregates_file(path, title, procs, declared):
    found = {a["oid"]: a for a in rows("""SELECT aggfnoid::oid::int8 AS oid, aggkind, aggnumdirectargs,
        o.oprname AS sort_operator, aggtranstype::oid::int8, aggmtranstype::oid::int8, aggtransspace, aggmtransspace,
        aggfinalextra, aggmfinalextra, aggfinalmodify, aggmfinalmodify, agginitval, aggminitval,
        """
        + ", ".join(f"CASE WHEN {c} <> 0::oid THEN {c}::text END AS {c}" for c in AGGREGATE_FUNCTIONS.values()) + """
        FROM pg_aggregate LEFT JOIN pg_operator o ON o.oid = aggsortop""")}
    sections = {}
    for p in sorted((p for p in procs if p["prokind"] == "a"), key=lambda p: (p["proname"], p["oid"])):
        a = found[p["oid"]]
        names = p["names"] or [""] * len(p["args"])
        spelled = []
        for i, (ty, name) in enumerate(zip(p["args"], names)):
            variadic = "VARIADIC " if p["modes"] and p["modes"][i] == "v" else ""
            spelled.append(variadic + (name + " " if name else "") + type_name(ty))
        if a["aggkind"] == "n":
            args = ", ".join(spelled) or "*"
        elif a["aggkind"] == "h":
            args = f"{spelled[0]} ORDER BY {spelled[0]}"
        else:
            direct = a["aggnumdirectargs"]
            args = (", ".join(spelled[:direct]) + " ORDER BY " + ", ".join(spelled[direct:])).strip()
        kernel = "_".join([p["proname"]] + [plain(t) for t in p["args"]])
        options = [f"OID = {p['oid']}", f"RETURNS = {type_name(p['prorettype'])}"]
        if a["sort_operator"]:
            options.append(f"SORTOP = {a['sort_operator']}")
        if a["aggkind"] == "h":
            options.append("HYPOTHETICAL")
        options.append(f"KERNEL = '{kernel}'")
        options += transition(a, declared)
        sections.setdefault(p["proname"], []).append(
            f"CREATE AGGREGATE pg_catalog.{p['ident']}({args}) ({', '.join(options)});")
    write(path, title, [("", s) for s in sections.values()])


def opclasses_file(out, functions):
    families = rows("""SELECT f.oid::int8, opfname, amname FROM pg_opfamily f JOIN pg_am a ON a.oid = opfmethod
        WHERE f.oid < 16384 ORDER BY amname, opfname""")
    classes = rows("""SELECT c.oid::int8, opcname, opcfamily::int8, opcintype::int8, opcdefault,
        opckeytype::int8 FROM pg_opclass c WHERE c.oid < 16384 ORDER BY opcintype, opcname""")
    operators = rows("""SELECT amopfamily::int8 AS family, amoplefttype::int8 AS left, amoprighttype::int8 AS right,
        amopstrategy, oprname, f.opfname AS sort_family
        FROM pg_amop JOIN pg_operator o ON o.oid = amopopr LEFT JOIN pg_opfamily f ON f.oid = amopsortfamily
        WHERE pg_amop.oid < 16384 ORDER BY 1, 2, 3, 4""")
    procs = rows("""SELECT amprocfamily::int8 AS family, amproclefttype::int8 AS left, amprocrighttype::int8 AS right,
        amprocnum, amproc::oid::int8 AS function FROM pg_amproc WHERE oid < 16384 ORDER BY 1, 2, 3, 4""")

    def operator(o):
        order = f" FOR ORDER BY {o['sort_family']}" if o["sort_family"] else ""
        return f"OPERATOR {o['amopstrategy']} {o['oprname']} ({type_name(o['left'])}, {type_name(o['right'])}){order}"

    def function(p):
        q = functions[p["function"]]
        spelled = ", ".join(type_name(a) for a in q["args"])
        types = f"({type_name(p['left'])}, {type_name(p['right'])})"
        return f"FUNCTION {p['amprocnum']} {types} pg_catalog.{q['ident']}({spelled})"

    sections = []
    for f in families:
        name, method = f["opfname"], f["amname"]
        statements = [f"CREATE OPERATOR FAMILY pg_catalog.{name} USING {method};",
                      f"COMMENT ON OPERATOR FAMILY pg_catalog.{name} USING {method} IS 'OID = {f['oid']}';"]
        for c in classes:
            if c["opcfamily"] != f["oid"]:
                continue
            default = "DEFAULT " if c["opcdefault"] else ""
            statements.append(f"CREATE OPERATOR CLASS pg_catalog.{c['opcname']} {default}FOR TYPE "
                              f"{type_name(c['opcintype'])} USING {method} FAMILY pg_catalog.{name} "
                              f"AS STORAGE {type_name(c['opckeytype'] or c['opcintype'])};")
            says = "" if c["opckeytype"] else ", AS_ITS_TYPE = 1"
            statements.append(f"COMMENT ON OPERATOR CLASS pg_catalog.{c['opcname']} USING {method} "
                              f"IS 'OID = {c['oid']}{says}';")
        added = [operator(o) for o in operators if o["family"] == f["oid"]]
        added += [function(p) for p in procs if p["family"] == f["oid"]]
        if added:
            statements.append(f"ALTER OPERATOR FAMILY pg_catalog.{name} USING {method} ADD {', '.join(added)};")
        sections.append((f"{method}: {name}", statements))
    write(out / "opclasses.sql", """
Operator families and classes. Each CREATE is followed by a COMMENT that carries its OID (the
statements have no place for it). A class says its storage type only (AS_ITS_TYPE: pg_opclass has
none); the members of all classes of a family are with the family, with the types that pg_amop and
pg_amproc have.""", sections)


def tab_separated(path, sql):
    """The rows of a query as COPY writes them."""
    out = subprocess.run(["psql", "-XAtqc", f"COPY ({sql}) TO STDOUT"], check=True, stdout=subprocess.PIPE, text=True)
    path.write_text(out.stdout)


def unpinned_oids_file(out):
    """OIDs of objects that no name tells: casts and members of operator families.

    Class, two types, and of members the family and the strategy or number; then the OID.
    """
    tab_separated(out / "unpinned_oids.tsv", """
        SELECT 2605, castsource, casttarget, 0, 0, oid FROM pg_cast WHERE oid < 16384
        UNION ALL SELECT 2602, amoplefttype, amoprighttype, amopfamily, amopstrategy, oid FROM pg_amop WHERE oid < 16384
        UNION ALL SELECT 2603, amproclefttype, amprocrighttype, amprocfamily, amprocnum, oid FROM pg_amproc
        WHERE oid < 16384 ORDER BY 1, 2, 3, 4, 5""")


def function_properties_file(out):
    """What pg_proc says of functions that CREATE FUNCTION's defaults do not: language, cost, rows, support, parallel.

    The language is PostgreSQL's; here all but those of information_schema are internal.
    """
    tab_separated(out / "function_properties.tsv", """
        SELECT oid, prolang, procost, prorows, prosupport::oid, proparallel FROM pg_proc
        WHERE oid < 16384 AND (prolang <> 12 OR procost <> 1 OR prosupport <> 0
            OR prorows <> CASE WHEN proretset THEN 1000 ELSE 0 END OR proparallel <> 's') ORDER BY oid""")


def heap_order_file(out):
    """Where built-in operator classes and families lie: without ORDER BY they are read in this order."""
    lines = []
    for name in ("pg_opclass", "pg_opfamily"):
        found = rows(f"SELECT oid::int8 FROM {name} WHERE oid < 16384 ORDER BY ctid")
        lines.append(f"{name}\t{' '.join(str(r['oid']) for r in found)}\n")
    (out / "heap_order.tsv").write_text("".join(lines))


def privileges_file(out):
    """What initdb grants; the kind is that of pg_init_privs, or `-` of what is not in there."""
    lists = [("pg_class", "oid", "0", "relacl"), ("pg_attribute", "attrelid", "attnum", "attacl"),
             ("pg_proc", "oid", "0", "proacl"), ("pg_namespace", "oid", "0", "nspacl"),
             ("pg_type", "oid", "0", "typacl"), ("pg_language", "oid", "0", "lanacl")]
    found = " UNION ALL ".join(
        f"SELECT '{relation.replace('attribute', 'class')}'::regclass::oid AS classoid, {oid} AS objoid, {sub} AS objsubid, {acl} AS items "
        f"FROM {relation} WHERE {acl} IS NOT NULL" for relation, oid, sub, acl in lists)
    tab_separated(out / "privileges.tsv", f"""SELECT classoid, objoid, objsubid, coalesce(privtype, '-'), items
        FROM ({found}) f LEFT JOIN pg_init_privs USING (classoid, objoid, objsubid)
        WHERE objoid < 16384 ORDER BY classoid, objoid, objsubid""")


# Relations of objects that this server knows nothing more of than their rows; the rows of
# pg_depend are those of the system's own objects.
ROWS = {
    "pg_conversion": "oid", "pg_ts_config": "oid", "pg_ts_config_map": "mapcfg, maptokentype, mapseqno",
    "pg_ts_dict": "oid", "pg_ts_parser": "oid", "pg_ts_template": "oid", "pg_collation": "oid",
    "pg_depend": "classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype",
    "information_schema.sql_features": "feature_id, sub_feature_id",
    "information_schema.sql_implementation_info": "implementation_info_id",
    "information_schema.sql_parts": "feature_id", "information_schema.sql_sizing": "sizing_id",
}


def rows_files(out):
    """Rows of whole relations, in PostgreSQL's text form, functions by their OIDs."""
    (out / "rows").mkdir(exist_ok=True)
    for relation, order in ROWS.items():
        columns = rows(f"""SELECT quote_ident(attname) || CASE atttypid WHEN 'regproc'::regtype THEN '::oid' ELSE '' END AS c
            FROM pg_attribute WHERE attrelid = '{relation}'::regclass AND attnum > 0 ORDER BY attnum""")
        below = " WHERE objid < 16384" if relation == "pg_depend" else ""
        tab_separated(out / "rows" / (relation.split(".")[-1] + ".tsv"),
                      f"SELECT {', '.join(c['c'] for c in columns)} FROM {relation}{below} ORDER BY {order}")


def declared_oids(out, *names):
    """The OIDs of functions, types and aggregates in files."""
    text = "".join((out / name).read_text() for name in names)
    return {int(n) for n in re.findall(r"(?:SET oid|OID) = (\d+)", text)}


def later_files(out, procs):
    """What PostgreSQL has and this server lists only: using it answers 0A000."""
    types = declared_oids(out, "types.sql", "catalog_types.sql")
    later = [type_statement(t) for t in type_rows
             if t["oid"] not in types and not t["typname"].startswith("_")]
    write(out / "later_types.sql", """
Types of PostgreSQL that have no values here yet. They are listed in pg_type; using one
answers 0A000 and names it.""", [("", later)])
    functions = declared_oids(out, "functions.sql", "catalog_functions.sql", "server_functions.sql")
    later = [p for p in procs if p["oid"] not in functions and p["prokind"] in "fw"]
    write(out / "later_functions.sql", """
Functions of PostgreSQL that have no kernel here. They are listed in pg_proc and take part in
the choice among functions of one name; calling one answers 0A000 and names it.""",
          [("", [function_statement(p, "c" if p["lanname"] == "c" else "internal") for p in later])])
    aggregates = declared_oids(out, "aggregates.sql")
    declared = {p["proname"] for p in procs}
    aggregates_file(out / "later_aggregates.sql", "Aggregates of PostgreSQL that have no kernel here.",
                    [p for p in procs if p["oid"] not in aggregates], declared)


def descriptions_file(out):
    """Every description of PostgreSQL's; those of objects that do not exist are passed over."""
    found = rows("""SELECT classoid::int8 AS class, objoid::int8 AS oid, objsubid AS sub, description FROM pg_description
        UNION ALL SELECT classoid::int8, objoid::int8, 0, description FROM pg_shdescription
        ORDER BY class, oid, sub""")
    lines = [f"{d['class']}\t{d['oid']}\t{d['sub']}\t{d['description']}" for d in found
             if d["oid"] < 16384]
    (out / "descriptions.tsv").write_text("\n".join(lines) + "\n")


def system_indexes_file(out):
    """The indexes of the relations that system_relations.sql declares, with their constraints."""
    declared = re.findall(r"^CREATE TABLE pg_catalog\.(\w+)", (out / "system_relations.sql").read_text(), re.M)
    found = rows("""SELECT t.relname AS table_name, k.relname, k.oid::int8, i.indisunique, c.contype::text,
            c.oid::int8 AS constraint_oid,
            (SELECT string_agg(a.attname || ' ' || o.opcname, ', ' ORDER BY n)
             FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS key (attnum, n)
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = key.attnum
             JOIN pg_opclass o ON o.oid = i.indclass[n - 1]) AS keys
        FROM pg_index i JOIN pg_class k ON k.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
        LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
        WHERE t.relnamespace = 11 ORDER BY t.relname, k.oid""")
    lines = ["-- The indexes of pg_catalog's relations, as PostgreSQL 15 has them.",
             "--",
             "-- Nothing is stored in them: rows of system relations are computed, and looked up by",
             "-- what src/catalog/system can find directly. Clients read which columns are keys.",
             "-- `contype` and `constraint_oid` tell the constraint that the index implements.",
             ""]
    for i in found:
        if i["table_name"] not in declared:
            continue
        constraint = f", contype = '{i['contype']}', constraint_oid = {i['constraint_oid']}" if i["contype"] else ""
        unique = "UNIQUE " if i["indisunique"] else ""
        lines.append(f"CREATE {unique}INDEX {i['relname']} ON pg_catalog.{i['table_name']} USING btree ({i['keys']})"
                     f" WITH (oid = {i['oid']}{constraint});")
    (out / "system_indexes.sql").write_text("\n".join(lines) + "\n")


DOMAINS = {
    "sql_identifier": "name", "character_data": "character varying", "cardinal_number": "integer",
    "yes_or_no": "character varying(3)", "time_stamp": "timestamp(2) with time zone",
}


def without_domains(text):
    """A query that gives the base types of the standard's domains: nothing is checked then."""
    return re.sub(r"information_schema\.(%s)\b" % "|".join(DOMAINS), lambda m: DOMAINS[m[1]], text)


def information_functions():
    """The functions of information_schema, which are SQL in PostgreSQL too."""
    found = rows("""SELECT oid::int8, proname, pg_get_function_arguments(oid) AS args, pg_get_function_result(oid) AS result,
        provolatile, pg_get_functiondef(oid) AS definition FROM pg_proc
        WHERE pronamespace = 'information_schema'::regnamespace AND proname <> '_pg_expandarray' ORDER BY oid""")
    for p in found:
        body = re.search(r"^(?:RETURN (.*)|BEGIN ATOMIC\n(.*);\nEND)$", p["definition"], re.M | re.S)
        text = f"SELECT {body[1].strip()}" if body[1] else re.sub(r"\s+", " ", body[2]).strip()
        yield (f"CREATE FUNCTION information_schema.{p['proname']}({p['args']}) RETURNS {p['result']} LANGUAGE sql "
               f"{ {'i': 'IMMUTABLE', 's': 'STABLE', 'v': 'VOLATILE'}[p['provolatile']] } STRICT "
               f"AS {literal(text)} SET oid = {p['oid']};")


def views_file(out):
    """Relations of PostgreSQL that the files written by hand do not declare, as PostgreSQL defines them."""
    declared = set(re.findall(r"^CREATE (?:VIEW|TABLE) ([a-z_.]+)", "".join(
        (out / name).read_text() for name in
        ("system_relations.sql", "system_views.sql", "server_functions.sql", "information_schema.sql")), re.M))
    found = rows("""SELECT c.oid::int8, c.relkind::text, n.nspname || '.' || c.relname AS name, c.reltype::int8 AS row_type,
            t.typarray::int8 AS array_type, CASE relkind WHEN 'v' THEN pg_get_viewdef(c.oid) END AS definition,
            (SELECT json_agg(json_build_array(quote_ident(attname), format_type(atttypid, atttypmod)) ORDER BY attnum)
             FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) AS columns,
            (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute a
             JOIN pg_type y ON y.oid = atttypid WHERE attrelid = c.oid AND attnum > 0
             AND attcollation = 950 AND typcollation <> 950) AS by_bytes
        FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_type t ON t.oid = c.reltype
        WHERE relkind IN ('r', 'v') AND nspname IN ('pg_catalog', 'information_schema') AND c.oid < 16384 ORDER BY c.oid""")
    statements = []
    for r in found:
        if r["name"] in declared:
            continue
        columns = r["columns"]
        oids = f"oid = {r['oid']}, row_type = {r['row_type']}, array_type = {r['array_type']}"
        if r["relkind"] == "r":
            listed = ",\n".join(f"    {name} {ty}" for name, ty in columns)
            statements.append(f"CREATE TABLE {r['name']} (\n{listed}\n) WITH ({oids});\n")
            continue
        names, types = ", ".join(name for name, _ in columns), ", ".join(ty for _, ty in columns)
        by_bytes = f", by_bytes = '{r['by_bytes']}'" if r["by_bytes"] else ""
        statements.append(f"CREATE VIEW {r['name']} ({names}) WITH ({oids}, columns = '{types}'{by_bytes}) AS\n"
                          f"{without_domains(r['definition']).strip()}\n")
    write(out / "postgres_views.sql", """
Functions and relations of PostgreSQL that the other files do not declare, as PostgreSQL prints them.
A view over a function that has no kernel here answers 0A000 and names the function.""",
          [("", list(information_functions())), ("", statements)])


def main():
    out = Path(sys.argv[1])
    every = all_procedures()
    procs = procedures(every)
    types_file(out)
    functions_file(out, procs)
    functions = {p["oid"]: p for p in every if p["prokind"] in "fw"}
    operators_file(out, functions)
    casts_file(out, functions, set(type_of))
    declared = {p["proname"] for p in procs if p["prokind"] == "f"}
    aggregates_file(out / "aggregates.sql", "Built-in aggregate functions; KERNEL names the aggregate kernel.",
                    procs, declared)
    opclasses_file(out, functions)
    later_files(out, every)
    unpinned_oids_file(out)
    function_properties_file(out)
    heap_order_file(out)
    privileges_file(out)
    rows_files(out)
    views_file(out)
    descriptions_file(out)
    system_indexes_file(out)


if __name__ == "__main__":
    main()
