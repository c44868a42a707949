//! What a server tells about features that a standby, a commit log or extensions have.

use super::privilege::require_any;
use super::{server, text};
use crate::catalog::system::cell::array_of;
use crate::catalog::{Available, RelationKind, acl, available};
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, Kernel, SetKernel, SetRows};
use crate::sql::types::{Datum, Oid, oid};
use crate::sqlstate;

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "current_query" => |call, _| Ok(text(call.eval.session.current_query()));
    call "mxid_age" => |_, _| Ok(Datum::Int4(i32::MAX));
    // Expressions are compiled by nobody.
    call "pg_jit_available" => |_, _| Ok(Datum::Bool(false));
    call "pg_notification_queue_usage" => |call, _| {
        let rows = call.eval.session.server_rows("pg_notification_queue_usage")?;
        Ok(rows.into_iter().flatten().next().unwrap_or(Datum::Null))
    };
    call "pg_current_logfile" => |_, _| Ok(Datum::Null);
    call "pg_current_logfile_1arg" => |_, args| match args.first() {
        None | Some(Datum::Null) => Ok(Datum::Null),
        Some(Datum::Text(format)) if ["stderr", "csvlog", "jsonlog"].contains(&format.as_str()) => {
            Ok(Datum::Null)
        }
        Some(Datum::Text(format)) => Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("log format \"{format}\" is not supported"),
        )
        .with_hint("The supported log formats are \"stderr\", \"csvlog\", and \"jsonlog\".")),
        Some(_) => Err(crate::sql::functions::call::wrong_type()),
    };
    call "pg_last_xact_replay_timestamp" => |_, _| Ok(Datum::Null);
    call "pg_is_wal_replay_paused" => |_, _| Err(not_recovering());
    call "pg_get_wal_replay_pause_state" => |_, _| Err(not_recovering());
    call "pg_wal_replay_pause" => |_, _| Err(not_recovering());
    call "pg_wal_replay_resume" => |_, _| Err(not_recovering());
    call "pg_xact_commit_timestamp" => |_, _| Err(no_commit_timestamps());
    call "pg_xact_commit_timestamp_origin" => |_, _| Err(no_commit_timestamps());
    call "pg_last_committed_xact" => |_, _| Err(no_commit_timestamps());
    call "pg_safe_snapshot_blocking_pids" => |call, args| {
        let pids = server::pids_before(call, "pg_safe_snapshot_blocking_pids", arg(args, 0)?)?;
        let pids = pids.into_iter().map(Datum::Int4).collect();
        Ok(crate::catalog::system::cell::array_of(oid::INT4, pids))
    };
    call "pg_isolation_test_session_is_blocked" => |call, args| {
        let (pid, Some(Datum::Array(sessions))) = (arg(args, 0)?, args.get(1)) else {
            return Err(crate::sql::functions::call::wrong_type());
        };
        for source in ["pg_blocking_pids", "pg_safe_snapshot_blocking_pids"] {
            let pids = server::pids_before(call, source, pid)?;
            let is_asked = |pid: &Datum| matches!(pid, Datum::Int4(pid) if pids.contains(pid));
            if sessions.elements.iter().any(is_asked) {
                return Ok(Datum::Bool(true));
            }
        }
        Ok(Datum::Bool(false))
    };
    // Relations have no files of their own.
    call "pg_relation_filepath" => |_, _| Ok(Datum::Null);
    call "pg_filenode_relation" => |call, args| {
        let (tablespace, node): (Oid, Oid) = (arg(args, 0)?, arg(args, 1)?);
        let known = tablespace == 0 || tablespace == DEFAULT_TABLESPACE;
        let mut relations = call.eval.catalog.relations();
        let found = relations.find(|relation| {
            known && node != 0 && !relation.is_temporary() && relation.storage_id == node
        });
        Ok(found.map_or(Datum::Null, |relation| Datum::Oid(relation.oid)))
    };
    call "pg_sequence_parameters" => sequence_parameters;
    call "pg_settings_get_flags" => settings_flags;
    call "plpgsql_call_handler" => |_, _| Err(Error::unsupported("calling plpgsql_call_handler"));
    call "plpgsql_validator" => |_, _| Err(Error::unsupported("calling plpgsql_validator"));
};

pub(super) const SET_KERNELS: &[SetKernel] = &[
    SetKernel { symbol: "pg_listening_channels", rows: channels },
    SetKernel {
        symbol: "pg_prepared_xact",
        rows: |call, _| super::server::server_rows(call, "pg_prepared_xacts"),
    },
    SetKernel {
        symbol: "pg_hba_file_rules",
        rows: |call, _| of_superusers(call, "pg_hba_file_rules"),
    },
    SetKernel {
        symbol: "pg_ident_file_mappings",
        rows: |call, _| of_superusers(call, "pg_ident_file_mappings"),
    },
    SetKernel { symbol: "pg_available_extensions", rows: extensions },
    SetKernel { symbol: "pg_available_extension_versions", rows: extension_versions },
    SetKernel { symbol: "pg_extension_update_paths", rows: update_paths },
];

const DEFAULT_TABLESPACE: Oid = 1663;

/// What the server shows to superusers alone.
fn of_superusers(call: &CallContext<'_>, function: &str) -> Result<SetRows> {
    check_superuser(call, function)?;
    super::server::server_rows(call, function)
}

fn check_superuser(call: &CallContext<'_>, function: &str) -> Result<()> {
    let role = call.eval.catalog.role_named(&call.eval.settings.current_user);
    match role.is_some_and(|role| role.superuser) {
        true => Ok(()),
        false => Err(Error::new(
            sqlstate::INSUFFICIENT_PRIVILEGE,
            format!("permission denied for function {function}"),
        )),
    }
}

fn not_recovering() -> Error {
    Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, "recovery is not in progress")
        .with_hint("Recovery control functions can only be executed during recovery.")
}

fn no_commit_timestamps() -> Error {
    Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, "could not get commit timestamp data")
        .with_hint("Make sure the configuration parameter \"track_commit_timestamp\" is set.")
}

fn sequence_parameters(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let sequence: Oid = arg(args, 0)?;
    let Some(relation) = call.eval.catalog.relation(sequence) else {
        return Err(Error::internal(format!("cache lookup failed for sequence {sequence}")));
    };
    let RelationKind::Sequence(found) = &relation.kind else {
        return Err(Error::internal(format!("cache lookup failed for sequence {sequence}")));
    };
    let any = acl::SELECT | acl::UPDATE | acl::USAGE;
    require_any(call, relation, any)?;
    let int8 = |value: i64| (oid::INT8, Datum::Int8(value));
    Ok(Datum::Record(vec![
        int8(found.start),
        int8(found.min),
        int8(found.max),
        int8(found.increment),
        (oid::BOOL, Datum::Bool(found.cycle)),
        int8(found.cache),
        (oid::OID, Datum::Oid(found.ty.oid)),
    ]))
}

/// What is special about a parameter; NULL for one that does not exist.
fn settings_flags(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let name: &str = arg(args, 0)?;
    let rows = call.eval.session.server_rows("pg_settings")?;
    let row = rows.iter().find(
        |row| matches!(row.first(), Some(Datum::Text(known)) if known.eq_ignore_ascii_case(name)),
    );
    let Some(row) = row else { return Ok(Datum::Null) };
    let lower = name.to_ascii_lowercase();
    let explained = lower.starts_with("enable_") || EXPLAINED.contains(&lower.as_str());
    let of_transaction = lower.starts_with("transaction_");
    let is_inner = matches!(
        row.get(SETTING_CATEGORY),
        Some(Datum::Text(category)) if matches!(&**category, "Preset Options" | "Developer Options")
    );
    let flags = [
        (explained, "EXPLAIN"),
        (of_transaction, "NO_RESET_ALL"),
        (is_inner || of_transaction || NOT_IN_SAMPLE.contains(&lower.as_str()), "NOT_IN_SAMPLE"),
        (COMPUTED.contains(&lower.as_str()), "RUNTIME_COMPUTED"),
    ];
    let flags = flags.iter().filter(|(has, _)| *has).map(|(_, flag)| (*flag).to_owned());
    Ok(crate::catalog::system::cell::text_array(flags))
}

/// Where a row of `pg_settings` has its category.
const SETTING_CATEGORY: usize = 3;

/// Parameters that users set and that the sample of the configuration leaves out.
const NOT_IN_SAMPLE: &[&str] = &["application_name", "restrict_nonsystem_relation_kind"];

/// Parameters that the server works out when it starts.
const COMPUTED: &[&str] = &[
    "data_checksums",
    "data_directory_mode",
    "shared_memory_size",
    "shared_memory_size_in_huge_pages",
    "wal_segment_size",
];

/// Parameters of the planner that EXPLAIN (SETTINGS) would show.
const EXPLAINED: &[&str] = &[
    "constraint_exclusion",
    "force_parallel_mode",
    "recursive_worktable_factor",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "cursor_tuple_fraction",
    "effective_cache_size",
    "effective_io_concurrency",
    "from_collapse_limit",
    "geqo",
    "geqo_effort",
    "geqo_generations",
    "geqo_pool_size",
    "geqo_seed",
    "geqo_selection_bias",
    "geqo_threshold",
    "hash_mem_multiplier",
    "jit",
    "join_collapse_limit",
    "maintenance_io_concurrency",
    "max_parallel_workers",
    "max_parallel_workers_per_gather",
    "min_parallel_index_scan_size",
    "min_parallel_table_scan_size",
    "parallel_leader_participation",
    "parallel_setup_cost",
    "parallel_tuple_cost",
    "plan_cache_mode",
    "random_page_cost",
    "search_path",
    "seq_page_cost",
    "temp_buffers",
    "work_mem",
    "jit_above_cost",
    "jit_inline_above_cost",
    "jit_optimize_above_cost",
    "logical_decoding_work_mem",
];

fn channels(call: &CallContext<'_>, _: &[Datum]) -> Result<SetRows> {
    let channels = call.eval.session.listening_channels().into_iter();
    Ok(Box::new(channels.map(|channel| Ok(vec![Datum::Text(channel)]))))
}

fn extensions(_: &CallContext<'_>, _: &[Datum]) -> Result<SetRows> {
    let text = |text: &str| Datum::Text(text.to_owned());
    let row =
        move |it: &Available| Ok(vec![text(it.name), text(it.default_version), text(it.comment)]);
    Ok(Box::new(available().values().map(row)))
}

fn extension_versions(_: &CallContext<'_>, _: &[Datum]) -> Result<SetRows> {
    let text = |text: &str| Datum::Text(text.to_owned());
    let mut rows = Vec::new();
    for it in available().values() {
        let requires = match it.requires.is_empty() {
            true => Datum::Null,
            false => array_of(oid::NAME, it.requires.iter().map(|name| text(name)).collect()),
        };
        for version in it.versions() {
            rows.push(Ok(vec![
                text(it.name),
                text(version),
                Datum::Bool(it.superuser),
                Datum::Bool(it.trusted),
                Datum::Bool(it.relocatable),
                it.schema.map_or(Datum::Null, text),
                requires.clone(),
                text(it.comment),
            ]));
        }
    }
    Ok(Box::new(rows.into_iter()))
}

/// Each pair of versions, and the way between them if there is one.
fn update_paths(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let name: &str = arg(args, 0)?;
    let extension = available().get(name).ok_or_else(|| {
        Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!("extension \"{name}\" is not available"),
        )
    })?;
    let text = |text: &str| Datum::Text(text.to_owned());
    let versions = extension.versions();
    let mut rows = Vec::new();
    for from in &versions {
        for to in versions.iter().filter(|to| *to != from) {
            let path = extension.update_path(from, to).map(|path| {
                let mut steps = vec![*from];
                steps.extend(path.iter().map(|script| script.to));
                Datum::Text(steps.join("--"))
            });
            rows.push(Ok(vec![text(from), text(to), path.unwrap_or(Datum::Null)]));
        }
    }
    Ok(Box::new(rows.into_iter()))
}
