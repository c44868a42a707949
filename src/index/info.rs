//! One index, ready for use: key columns with representations and order.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ordered;
use super::parts::{self, Parts};
use super::vector::{Class, Point};

use crate::catalog::{Catalog, Constraint, Index, Relation, RelationKind};
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::types::key::KeyOrder;
use crate::sql::types::{Datum, Oid, Repr, SqlType};
use crate::storage::Value;
use crate::table::{IndexExpressions, RowExpression};

/// One key column of an index.
#[derive(Clone, Debug)]
pub struct KeyColumn {
    /// Attribute number, or 0 for an expression.
    pub column: i16,
    pub expression: Option<String>,
    pub ty: SqlType,
    pub repr: Repr,
    pub descending: bool,
    pub nulls_first: bool,
    /// How its values are taken apart, where they are.
    pub parts: Option<Parts>,
    /// How its values are compared, in a vector index.
    pub vector: Option<Class>,
}

#[derive(Debug)]
pub struct IndexInfo {
    pub relation: Arc<Relation>,
    pub access_method: String,
    pub keys: Vec<KeyColumn>,
    pub unique: bool,
    /// Its key excludes others by a constraint that is not called unique.
    pub exclusion: bool,
    /// By these operators, one for each key, unless uniqueness does.
    pub excludes_by: Vec<Oid>,
    pub primary: bool,
    pub nulls_not_distinct: bool,
    /// In SQL; set for a partial index.
    pub predicate: Option<String>,
    /// The constraint it implements.
    pub constraint: Option<Arc<Constraint>>,
    /// False while it is being built: written to, not read.
    pub valid: bool,
    /// The index that this one is built to replace.
    pub replaces: Option<Arc<Relation>>,
}

impl IndexInfo {
    pub fn new(catalog: &Catalog, relation: &Arc<Relation>) -> Result<IndexInfo> {
        let RelationKind::Index(index) = &relation.kind else {
            return Err(Error::internal(format!("\"{}\" is not an index", relation.name)));
        };
        check_access_method(&index.access_method)?;
        let replaces = catalog.relation(index.replaces);
        Ok(IndexInfo {
            relation: relation.clone(),
            access_method: index.access_method.clone(),
            keys: key_columns(catalog, index)?,
            unique: index.unique,
            exclusion: !index.exclusion.is_empty(),
            excludes_by: match index.unique {
                true => Vec::new(),
                false => index.exclusion.clone(),
            },
            primary: index.primary,
            nulls_not_distinct: index.nulls_not_distinct,
            predicate: index.predicate.clone(),
            constraint: catalog.constraint(constraint_of(replaces, index)).cloned(),
            replaces: replaces.cloned(),
            valid: index.valid,
        })
    }

    pub fn oid(&self) -> Oid {
        self.relation.oid
    }

    pub fn name(&self) -> &str {
        &self.relation.name
    }

    /// What a violation names: of a copy that is built to replace an index, or was replaced
    /// by it, the index.
    pub fn key_name(&self) -> &str {
        self.replaces.as_ref().map_or(&self.relation.name, |replaced| &replaced.name)
    }

    pub fn storage_id(&self) -> u32 {
        self.relation.storage_id
    }

    /// Uniqueness is checked after the fact: at the end of the statement or at commit.
    pub fn deferrable(&self) -> bool {
        (self.unique || self.exclusion)
            && self.constraint.as_ref().is_some_and(|constraint| constraint.deferrable)
    }

    /// Whether an entry of this key carries its rid in the key.
    pub fn key_holds_rid(&self, key: &[Datum]) -> bool {
        !self.unique || self.deferrable() || !self.may_conflict(key)
    }

    /// Whether two rows with this key would violate uniqueness.
    pub fn may_conflict(&self, key: &[Datum]) -> bool {
        self.unique && (self.nulls_not_distinct || !key.iter().any(Datum::is_null))
    }

    /// Whether it maps parts of values to rows.
    pub fn is_by_parts(&self) -> bool {
        self.access_method != BTREE
    }

    /// Whether the index has all rows, in order: valid, not partial.
    pub fn is_usable(&self) -> bool {
        self.valid && self.predicate.is_none() && !self.is_by_parts()
    }

    /// Whether nothing but the table's columns decides which entries a row has.
    pub fn is_over_columns(&self) -> bool {
        self.predicate.is_none() && self.keys.iter().all(|key| key.expression.is_none())
    }

    /// Whether it orders rows by their distance from a value.
    pub fn is_vector(&self) -> bool {
        matches!(&*self.access_method, HNSW | IVFFLAT)
    }

    /// What a vector index compares, and how.
    pub fn vector_class(&self) -> Option<Class> {
        self.keys.first().and_then(|key| key.vector)
    }

    /// The payloads of a key's entries; of an ordered index there is one, of a vector
    /// index one at most, which is empty.
    pub fn payloads(&self, key: &[Datum]) -> Result<BTreeSet<Vec<u8>>> {
        if self.is_vector() {
            return Ok(self.point(key)?.map(|_| Vec::new()).into_iter().collect());
        }
        match self.is_by_parts() {
            true => parts::payloads(&self.keys, key),
            false => Ok(BTreeSet::from([ordered::encode_key(self, key)?])),
        }
    }

    /// The value of an entry whose key has the rid: empty but for a vector index.
    pub fn entry_value(&self, key: &[Datum], rid: u64) -> Result<Value> {
        let point = if self.is_vector() { self.point(key)? } else { None };
        Ok(point.map_or_else(|| Value::from(&[][..]), |point| point.entry(rid).into()))
    }

    fn point(&self, key: &[Datum]) -> Result<Option<Point>> {
        match (self.vector_class(), key.first()) {
            (Some(class), Some(value)) => Point::of(class, value),
            _ => Err(Error::internal(format!("\"{}\" compares nothing", self.name()))),
        }
    }

    /// Whether at most one row has a key without NULLs, at any time: of a deferrable
    /// key a transaction may hold more until it is checked.
    pub fn is_always_unique(&self) -> bool {
        self.unique && self.is_usable() && !self.deferrable()
    }

    /// Whether it makes the values of one column distinct, NULLs aside.
    pub fn is_unique_alone(&self, position: usize) -> bool {
        let is_column = matches!(&self.keys[..], [key] if key.column as usize == position + 1);
        self.is_always_unique() && is_column
    }

    /// The key of a row, or `None` if a partial index leaves the row out.
    pub fn key(
        &self,
        expressions: &IndexExpressions,
        ctx: &EvalContext,
        row: &[Datum],
    ) -> Result<Option<Vec<Datum>>> {
        if let Some(predicate) = &expressions.predicate
            && !matches!(predicate.eval(ctx, row)?, Datum::Bool(true))
        {
            return Ok(None);
        }
        let mut key = Vec::with_capacity(self.keys.len());
        for (position, column) in self.keys.iter().enumerate() {
            key.push(match expressions.keys.get(position) {
                Some(Some(expression)) => expression.eval(ctx, row)?,
                _ => row[column.column as usize - 1].clone(),
            });
        }
        Ok(Some(key))
    }

    /// Whether a row's entry depends on one of these columns. Expressions may
    /// read any column.
    pub fn reads_any(&self, changed: &[bool]) -> bool {
        self.predicate.is_some()
            || self.keys.iter().any(|key| key.column == 0 || changed[key.column as usize - 1])
    }

    pub fn compile(
        &self,
        compile: &dyn Fn(&str) -> Result<Arc<dyn RowExpression>>,
    ) -> Result<IndexExpressions> {
        let keys = self
            .keys
            .iter()
            .map(|key| key.expression.as_deref().map(compile).transpose())
            .collect::<Result<Vec<_>>>()?;
        let predicate = self.predicate.as_deref().map(compile).transpose()?;
        Ok(IndexExpressions { keys, predicate, excludes: Vec::new() })
    }
}

/// The constraint that an index implements; of one that is built to replace another, the
/// other's: its entries look alike.
fn constraint_of(replaces: Option<&Arc<Relation>>, index: &Index) -> Oid {
    match replaces.map(|replaced| &replaced.kind) {
        Some(RelationKind::Index(replaced)) => replaced.constraint,
        _ => index.constraint,
    }
}

/// `0A000` for access methods that this server does not have.
pub fn check_access_method(name: &str) -> Result<()> {
    match name {
        BTREE | GIN | GIST | HASH | HNSW | IVFFLAT => Ok(()),
        _ => Err(Error::unsupported(format_args!("access method \"{name}\""))),
    }
}

/// PostgreSQL's names of the access methods.
pub const BTREE: &str = "btree";
pub const GIN: &str = "gin";
pub const GIST: &str = "gist";
pub const HASH: &str = "hash";
/// Those of the extension `vector`.
pub const HNSW: &str = "hnsw";
pub const IVFFLAT: &str = "ivfflat";
/// Those that PostgreSQL has and this server does not.
pub const MISSING_METHODS: [&str; 2] = ["spgist", "brin"];

fn key_columns(catalog: &Catalog, index: &Index) -> Result<Vec<KeyColumn>> {
    index.keys[..index.key_count.min(index.keys.len())]
        .iter()
        .map(|key| {
            Ok(KeyColumn {
                column: key.column,
                expression: key.expression.clone(),
                ty: key.ty,
                repr: written_as(catalog.repr(key.ty.oid)?, index.key_form),
                descending: key.descending,
                nulls_first: key.nulls_first,
                parts: catalog
                    .operator_class(key.opclass)
                    .and_then(|class| Parts::of_class(&class.access_method, &class.name)),
                vector: catalog
                    .operator_class(key.opclass)
                    .and_then(|class| Class::of(&class.access_method, &class.name)),
            })
        })
        .collect()
}

/// How an index of a key form writes values.
fn written_as(repr: Repr, key_form: u16) -> Repr {
    match repr {
        Repr::Position(_) if key_form == 0 => Repr::Text,
        repr => repr,
    }
}

impl KeyColumn {
    pub fn order(&self) -> KeyOrder {
        KeyOrder { descending: self.descending, nulls_first: self.nulls_first }
    }
}
