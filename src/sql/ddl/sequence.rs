//! CREATE and ALTER SEQUENCE, and the sequences behind serial and identity.

use super::constraint::column_number;
use super::name::wrong_object;
use super::options::{boolean, conflicting, integer, options};
use super::{Ddl, strings};
use crate::catalog::{self, Identity, ObjectAddress, Relation, RelationKind, Sequence};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, SqlType, oid};
use crate::sqlstate;
use crate::txn::LockMode;

/// The column that a sequence is made for.
pub struct Owner {
    pub table: Oid,
    pub attnum: i16,
    pub identity: bool,
}

impl Ddl<'_> {
    pub async fn create_sequence(
        &mut self,
        statement: &ast::CreateSeqStmt,
    ) -> Result<&'static str> {
        let name =
            statement.sequence.as_ref().ok_or_else(|| Error::syntax("sequence without a name"))?;
        let schema = self.relation_schema(name)?;
        if statement.if_not_exists
            && self.work.catalog.relation_named(schema, &name.relname).is_some()
        {
            self.skip_existing(&name.relname);
            return Ok("CREATE SEQUENCE");
        }
        let mut given = self.read_options(&statement.options)?;
        let ty = given.ty.unwrap_or(SqlType::new(oid::INT8));
        let owned_by = given.owned_by.take();
        let sequence = given.finish(ty, None)?;
        let made = self.put_sequence(schema, &name.relname, sequence)?;
        self.put_settings(made, Vec::new(), name.relpersistence == "u")?;
        if let Some(owner) = owned_by {
            self.set_owned_by(schema, &name.relname, owner)?;
        }
        Ok("CREATE SEQUENCE")
    }

    pub async fn alter_sequence(&mut self, statement: &ast::AlterSeqStmt) -> Result<&'static str> {
        let name =
            statement.sequence.as_ref().ok_or_else(|| Error::syntax("sequence without a name"))?;
        let Some(relation) = self.try_relation(name)? else {
            if statement.missing_ok {
                self.notice(format!("relation \"{}\" does not exist, skipping", name.relname));
                return Ok("ALTER SEQUENCE");
            }
            return Err(Error::undefined_table(&name.relname));
        };
        self.require_relation_owner(&relation)?;
        self.alter_sequence_relation(&relation, &statement.options).await?;
        Ok("ALTER SEQUENCE")
    }

    /// Changes a sequence's parameters; a new range or RESTART also moves its value.
    pub async fn alter_sequence_relation(
        &mut self,
        relation: &Relation,
        nodes: &[ast::Node],
    ) -> Result<()> {
        self.lock_relation(relation.oid, LockMode::ShareRowExclusive).await?;
        let relation = &*self.relation(relation.oid)?;
        let RelationKind::Sequence(old) = &relation.kind else {
            return Err(wrong_object(&relation.name, "sequence"));
        };
        let mut given = self.read_options(nodes)?;
        let owned_by = given.owned_by.take();
        let restart = given.restart.take();
        let ty = given.ty.unwrap_or(old.ty);
        let sequence = given.finish(ty, Some(old))?;
        let (start, owner) = (sequence.start, old.owned_by);
        let mut changed = Relation {
            kind: RelationKind::Sequence(Sequence { owned_by: owner, ..sequence }),
            ..relation.clone()
        };
        if let Some(restart) = restart {
            if let RelationKind::Sequence(sequence) = &changed.kind {
                check_restart(restart.unwrap_or(start), sequence)?;
            }
            // New storage, so that a rollback gives the old value back.
            changed.storage_id = self.next_storage_id();
            if let RelationKind::Sequence(sequence) = &mut changed.kind {
                sequence.first = Some(restart.unwrap_or(start));
            }
        }
        self.put_relation(changed);
        if let Some(owner) = owned_by {
            self.set_owned_by(relation.schema, &relation.name, owner)?;
        }
        Ok(())
    }

    /// The sequence of a serial or identity column, and the serial's default.
    pub fn create_owned_sequence(
        &mut self,
        owner: Owner,
        ty: SqlType,
        nodes: &[ast::Node],
    ) -> Result<()> {
        let table = self.relation(owner.table)?;
        let column = &table.columns[owner.attnum as usize - 1];
        let given = self.read_options(nodes)?;
        let name = match &given.name {
            Some(name) => name.clone(),
            None => self.choose_relation_name(table.schema, [&table.name, &column.name], "seq"),
        };
        let mut sequence = given.finish(SqlType::new(ty.oid), None)?;
        sequence.owned_by = Some((owner.table, owner.attnum));
        let unlogged = table.settings.unlogged;
        let sequence = self.put_sequence(table.schema, &name, sequence)?;
        self.put_settings(sequence, Vec::new(), unlogged)?;
        if !owner.identity {
            self.put_nextval_default(&owner, sequence)?;
        }
        Ok(())
    }

    /// `DEFAULT nextval('t_id_seq'::regclass)`.
    fn put_nextval_default(&mut self, owner: &Owner, sequence: Oid) -> Result<()> {
        let mut table = (*self.relation(owner.table)?).clone();
        let sequence = self.relation(sequence)?;
        let schema = self.schema_name(sequence.schema);
        let name = catalog::quote_qualified(Some(&schema), &sequence.name);
        let oid = self.next_oid();
        let object = ObjectAddress::default(oid);
        self.put(catalog::References {
            oid,
            edges: vec![catalog::Dependency { object, referenced: sequence.address(), kind: 'n' }],
        });
        let sql = format!("nextval({}::regclass)", catalog::quote_literal(&name));
        table.columns[owner.attnum as usize - 1].default =
            Some(catalog::Default { oid, sql, generated: false });
        self.put_relation(table);
        Ok(())
    }

    fn put_sequence(&mut self, schema: Oid, name: &str, sequence: Sequence) -> Result<Oid> {
        if self.work.catalog.relation_named(schema, name).is_some() {
            return Err(Error::duplicate_table(name));
        }
        let columns = [("last_value", oid::INT8), ("log_cnt", oid::INT8), ("is_called", oid::BOOL)];
        let columns = columns.map(|(name, ty)| catalog::Column {
            not_null: true,
            ..super::column::new_column(name, SqlType::new(ty), 0)
        });
        let relation = self.put_relation(Relation {
            oid: self.next_oid(),
            schema,
            name: name.to_owned(),
            owner: self.current_role()?.oid,
            kind: RelationKind::Sequence(sequence),
            columns: columns.to_vec(),
            storage_id: self.next_storage_id(),
            schema_version: 0,
            indexes: Vec::new(),
            constraints: Vec::new(),
            persistence: self.persistence_in(schema),
            inheritance: Default::default(),
            materialized: None,
            row_security: Default::default(),
            settings: Default::default(),
        });
        Ok(relation.oid)
    }

    /// OWNED BY table.column, or NONE.
    fn set_owned_by(&mut self, schema: Oid, name: &str, owner: OwnedBy) -> Result<()> {
        let sequence = self.work.catalog.relation_named(schema, name).cloned();
        let sequence = sequence.ok_or_else(|| Error::undefined_table(name))?;
        let RelationKind::Sequence(mut info) = sequence.kind.clone() else {
            return Err(wrong_object(name, "sequence"));
        };
        if let Some((table, attnum)) = info.owned_by
            && self.relation(table)?.columns[attnum as usize - 1].identity.is_some()
        {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot change ownership of identity sequence",
            ));
        }
        info.owned_by = match owner {
            OwnedBy::None => None,
            OwnedBy::Column(parts) => {
                let owner = self.owning_column(&parts)?;
                self.check_link(&sequence, &*self.relation(owner.0)?)?;
                Some(owner)
            }
        };
        let changed = Relation { kind: RelationKind::Sequence(info), ..(*sequence).clone() };
        self.put_relation(changed);
        Ok(())
    }

    /// A sequence and the table that owns it belong together.
    fn check_link(&self, sequence: &Relation, table: &Relation) -> Result<()> {
        let what = match sequence {
            _ if sequence.owner != table.owner => "have same owner as",
            _ if sequence.schema != table.schema => "be in same schema as",
            _ => return Ok(()),
        };
        Err(Error::new(
            sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("sequence must {what} table it is linked to"),
        ))
    }

    fn owning_column(&self, parts: &[String]) -> Result<(Oid, i16)> {
        let (column, table) = parts.split_last().ok_or_else(|| Error::syntax("empty OWNED BY"))?;
        let (schema, table) = match table {
            [table] => (None, table),
            [schema, table] => (Some(schema.as_str()), table),
            _ => {
                return Err(Error::syntax("invalid OWNED BY option")
                    .with_hint("Specify OWNED BY table.column or OWNED BY NONE."));
            }
        };
        let relation =
            self.relation_by_name(schema, table).ok_or_else(|| Error::undefined_table(table))?;
        let unfit = match relation.kind {
            RelationKind::Table if relation.materialized.is_some() => Some("materialized views"),
            RelationKind::Table | RelationKind::View(_) | RelationKind::Virtual => None,
            RelationKind::Index(_) => Some("indexes"),
            RelationKind::Sequence(_) => Some("sequences"),
            RelationKind::Composite => Some("composite types"),
        };
        if let Some(what) = unfit {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("sequence cannot be owned by relation \"{table}\""),
            )
            .with_detail(format!("This operation is not supported for {what}.")));
        }
        let attnum = column_number(&relation, column).ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_COLUMN,
                format!("column \"{column}\" of relation \"{table}\" does not exist"),
            )
        })?;
        Ok((relation.oid, attnum))
    }

    fn read_options(&self, nodes: &[ast::Node]) -> Result<Given> {
        let mut given = Given::default();
        for option in options(nodes) {
            let slot_taken = match option.defname.as_str() {
                "as" => given.ty.replace(self.option_type(option)?).is_some(),
                "start" => given.start.replace(integer(option)?).is_some(),
                "increment" => given.increment.replace(integer(option)?).is_some(),
                "minvalue" => given.min.replace(optional_integer(option)?).is_some(),
                "maxvalue" => given.max.replace(optional_integer(option)?).is_some(),
                "cache" => given.cache.replace(integer(option)?).is_some(),
                "cycle" => given.cycle.replace(boolean(option)?).is_some(),
                "restart" => given.restart.replace(optional_integer(option)?).is_some(),
                "owned_by" => given.owned_by.replace(owned_by(option)).is_some(),
                "sequence_name" => given.name.replace(last_name(option)).is_some(),
                other => return Err(Error::unsupported(format!("sequence option \"{other}\""))),
            };
            if slot_taken {
                return Err(conflicting(option));
            }
        }
        Ok(given)
    }

    fn option_type(&self, option: &ast::DefElem) -> Result<SqlType> {
        let Some(NodeEnum::TypeName(name)) = option.arg.as_ref().and_then(|n| n.node.as_ref())
        else {
            return Err(Error::syntax("AS requires a type"));
        };
        let ty = self.resolve_type(name)?;
        if !matches!(ty.oid, oid::INT2 | oid::INT4 | oid::INT8) {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                "sequence type must be smallint, integer, or bigint",
            ));
        }
        Ok(ty)
    }

    /// ALTER COLUMN … ADD/SET/DROP IDENTITY keep the column's flag and sequence together.
    pub fn set_identity(
        &mut self,
        table: Oid,
        attnum: i16,
        identity: Option<Identity>,
    ) -> Result<()> {
        let mut relation = (*self.relation(table)?).clone();
        relation.columns[attnum as usize - 1].identity = identity;
        self.put_relation(relation);
        Ok(())
    }

    /// The sequence owned by a column, if any.
    pub fn owned_sequence(&self, table: Oid, attnum: i16) -> Option<Oid> {
        self.work.catalog.relations().find_map(|relation| match &relation.kind {
            RelationKind::Sequence(info) if info.owned_by == Some((table, attnum)) => {
                Some(relation.oid)
            }
            _ => None,
        })
    }
}

enum OwnedBy {
    None,
    Column(Vec<String>),
}

/// Sequence options as written; `Some(None)` is NO MINVALUE, plain RESTART and the like.
#[derive(Default)]
struct Given {
    ty: Option<SqlType>,
    start: Option<i64>,
    increment: Option<i64>,
    min: Option<Option<i64>>,
    max: Option<Option<i64>>,
    cache: Option<i64>,
    cycle: Option<bool>,
    restart: Option<Option<i64>>,
    owned_by: Option<OwnedBy>,
    name: Option<String>,
}

impl Given {
    /// Fills in defaults (or the old values) and checks that they fit together.
    fn finish(self, ty: SqlType, old: Option<&Sequence>) -> Result<Sequence> {
        let (type_min, type_max) = type_range(ty.oid);
        let increment = self.increment.or(old.map(|old| old.increment)).unwrap_or(1);
        if increment == 0 {
            return Err(invalid("INCREMENT must not be zero"));
        }
        // A limit that was its type's goes on being its type's.
        let retyped = old.filter(|old| old.ty.oid != ty.oid);
        let resets_max = retyped.is_some_and(|old| old.max == type_range(old.ty.oid).1);
        let resets_min = retyped.is_some_and(|old| old.min == type_range(old.ty.oid).0);
        let default_max = if increment > 0 || resets_max { type_max } else { -1 };
        let default_min = if increment < 0 || resets_min { type_min } else { 1 };
        let max = match self.max {
            Some(given) => given.unwrap_or(default_max),
            None => old.filter(|_| !resets_max).map_or(default_max, |old| old.max),
        };
        let min = match self.min {
            Some(given) => given.unwrap_or(default_min),
            None => old.filter(|_| !resets_min).map_or(default_min, |old| old.min),
        };
        require_in_type(max, "MAXVALUE", ty.oid)?;
        require_in_type(min, "MINVALUE", ty.oid)?;
        if min >= max {
            return Err(invalid(format!("MINVALUE ({min}) must be less than MAXVALUE ({max})")));
        }
        let default_start = if increment > 0 { min } else { max };
        let start = self.start.or(old.map(|old| old.start)).unwrap_or(default_start);
        if start < min {
            return Err(invalid(format!(
                "START value ({start}) cannot be less than MINVALUE ({min})"
            )));
        }
        if start > max {
            return Err(invalid(format!(
                "START value ({start}) cannot be greater than MAXVALUE ({max})"
            )));
        }
        let cache = self.cache.or(old.map(|old| old.cache)).unwrap_or(1);
        if cache <= 0 {
            return Err(invalid(format!("CACHE ({cache}) must be greater than zero")));
        }
        let cycle = self.cycle.or(old.map(|old| old.cycle)).unwrap_or(false);
        let first = old.and_then(|old| old.first);
        Ok(Sequence { ty, start, increment, min, max, cache, cycle, owned_by: None, first })
    }
}

fn check_restart(value: i64, sequence: &Sequence) -> Result<()> {
    let (min, max) = (sequence.min, sequence.max);
    if value < min {
        let message = format!("RESTART value ({value}) cannot be less than MINVALUE ({min})");
        return Err(invalid(message));
    }
    match value > max {
        true => {
            Err(invalid(format!("RESTART value ({value}) cannot be greater than MAXVALUE ({max})")))
        }
        false => Ok(()),
    }
}

fn type_range(ty: Oid) -> (i64, i64) {
    match ty {
        oid::INT2 => (i64::from(i16::MIN), i64::from(i16::MAX)),
        oid::INT4 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    }
}

fn require_in_type(value: i64, what: &str, ty: Oid) -> Result<()> {
    let (min, max) = type_range(ty);
    if (min..=max).contains(&value) {
        return Ok(());
    }
    let name = match ty {
        oid::INT2 => "smallint",
        oid::INT4 => "integer",
        _ => "bigint",
    };
    Err(invalid(format!("{what} ({value}) is out of range for sequence data type {name}")))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

fn optional_integer(option: &ast::DefElem) -> Result<Option<i64>> {
    match option.arg.as_ref().and_then(|node| node.node.as_ref()) {
        None => Ok(None),
        Some(_) => integer(option).map(Some),
    }
}

fn name_parts(option: &ast::DefElem) -> Vec<String> {
    match option.arg.as_ref().and_then(|node| node.node.as_ref()) {
        Some(NodeEnum::List(list)) => strings(&list.items).into_iter().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn owned_by(option: &ast::DefElem) -> OwnedBy {
    match name_parts(option) {
        parts if parts == ["none"] => OwnedBy::None,
        parts => OwnedBy::Column(parts),
    }
}

fn last_name(option: &ast::DefElem) -> String {
    name_parts(option).pop().unwrap_or_default()
}
