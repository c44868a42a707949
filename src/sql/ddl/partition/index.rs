//! Indexes and keys of partitioned tables: one without entries on the table, and a
//! part of it on every partition.

use std::sync::Arc;

use super::super::Ddl;
use super::super::index::IndexPlan;
use crate::catalog::{
    Constraint, ConstraintKind, Index, IndexKey, Inherited, ObjectAddress, Relation, RelationKind,
};
use crate::error::{Error, Result};
use crate::sql::bind;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::txn::LockMode;

impl Ddl<'_> {
    /// `0A000` unless a unique index has all columns of the partition key.
    pub fn require_partition_key_in(
        &self,
        relation: &Relation,
        keys: &[IndexKey],
        primary: bool,
    ) -> Result<()> {
        let Some(key) = &relation.inheritance.key else { return Ok(()) };
        let word = if primary { "PRIMARY KEY" } else { "UNIQUE" };
        for column in &key.columns {
            if column.column == 0 {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    format!("unsupported {word} constraint with partition key definition"),
                )
                .with_detail(format!(
                    "{word} constraints cannot be used when partition keys include expressions."
                )));
            }
            if !keys.iter().any(|index| index.column == column.column) {
                let name = &relation.columns[column.column as usize - 1].name;
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    "unique constraint on partitioned table must include all partitioning columns",
                )
                .with_detail(format!(
                    "{word} constraint on table \"{}\" lacks column \"{name}\" which is part of \
                     the partition key.",
                    relation.name
                )));
            }
        }
        Ok(())
    }

    /// Gives the partitions of a table their parts of its new index: those that they
    /// have already, or new ones. With ONLY the index waits for them.
    pub async fn spread_index(&mut self, index: Oid, recurse: bool) -> Result<()> {
        let table = self.index_of(index)?.table;
        if !self.relation(table)?.is_partitioned() {
            return Ok(());
        }
        if !recurse {
            if self.has_children(table) {
                self.set_valid(index, false)?;
            }
            return Ok(());
        }
        for child in self.work.catalog.children(table).to_vec() {
            self.lock_relation(child, LockMode::AccessExclusive).await?;
            self.give_index_part(index, child).await?;
        }
        Ok(())
    }

    /// Gives a new partition its parts of its table's indexes.
    pub async fn attach_indexes(&mut self, parent: &Relation, child: Oid) -> Result<()> {
        let parent = self.relation(parent.oid)?;
        for index in parent.indexes.clone() {
            self.give_index_part(index, child).await?;
        }
        Ok(())
    }

    async fn give_index_part(&mut self, index: Oid, child: Oid) -> Result<()> {
        if let Some(known) = self.matching_index(index, child)? {
            return self.join_index(index, known);
        }
        let part = self.clone_index(index, child).await?;
        self.join_index(index, part)?;
        Box::pin(self.spread_index(part, true)).await
    }

    fn index_of(&self, oid: Oid) -> Result<Index> {
        match &self.relation(oid)?.kind {
            RelationKind::Index(index) => Ok(index.clone()),
            _ => Err(Error::internal("not an index")),
        }
    }

    fn set_valid(&mut self, index: Oid, valid: bool) -> Result<()> {
        let mut changed = (*self.relation(index)?).clone();
        if let RelationKind::Index(index) = &mut changed.kind {
            index.valid = valid;
        }
        self.put_relation(changed);
        Ok(())
    }

    /// An index of a partition that may be a part of one of its table.
    fn matching_index(&self, index: Oid, child: Oid) -> Result<Option<Oid>> {
        let wanted = self.index_of(index)?;
        let table = self.relation(wanted.table)?;
        let child = self.relation(child)?;
        for oid in &child.indexes {
            let own = self.relation(*oid)?;
            if own.inheritance.parents.is_empty()
                && self.fits(&table, &wanted, &child, &self.index_of(*oid)?)
            {
                return Ok(Some(*oid));
            }
        }
        Ok(None)
    }

    /// Whether an index of a partition says what the table's does.
    fn fits(&self, table: &Relation, wanted: &Index, child: &Relation, own: &Index) -> bool {
        let same_key = |(one, other): (&IndexKey, &IndexKey)| {
            let column = match one.column {
                0 => Some(0),
                attnum => table.same_columns(&[attnum], child).map(|found| found[0]),
            };
            column == Some(other.column)
                && one.expression == other.expression
                && one.opclass == other.opclass
                && (one.descending, one.nulls_first) == (other.descending, other.nulls_first)
        };
        let kind = |index: &Index| {
            let constraint = self.work.catalog.constraint(index.constraint);
            constraint.map(|constraint| std::mem::discriminant(&constraint.kind))
        };
        wanted.access_method == own.access_method
            && wanted.unique == own.unique
            && wanted.exclusion == own.exclusion
            && wanted.nulls_not_distinct == own.nulls_not_distinct
            && wanted.key_count == own.key_count
            && wanted.keys.len() == own.keys.len()
            && wanted.predicate == own.predicate
            && wanted.keys.iter().zip(&own.keys).all(same_key)
            && (wanted.constraint == 0 || kind(wanted) == kind(own))
    }

    /// Makes an index a part of one of the partitioned table.
    fn join_index(&mut self, index: Oid, part: Oid) -> Result<()> {
        let mut changed = (*self.relation(part)?).clone();
        changed.inheritance.parents = vec![index];
        self.put_relation(changed);
        let (above, own) = (self.index_of(index)?.constraint, self.index_of(part)?.constraint);
        if above != 0
            && let Some(own) = self.work.catalog.constraint(own).cloned()
        {
            let inherited = Inherited { count: own.inherited.count + 1, local: false };
            self.put(Constraint { parent: above, inherited, ..(*own).clone() });
        }
        Ok(())
    }

    /// A partition's own index after the table's.
    async fn clone_index(&mut self, index: Oid, child: Oid) -> Result<Oid> {
        let source = self.relation(index)?;
        let wanted = self.index_of(index)?;
        let (table, relation) = (self.relation(wanted.table)?, self.relation(child)?);
        let own = |attnum: i16| {
            let found = table.same_columns(&[attnum], &relation);
            found.map(|found| found[0]).ok_or_else(|| Error::internal("a column is not inherited"))
        };
        let mut keys = wanted.keys.clone();
        for key in keys.iter_mut().filter(|key| key.column != 0) {
            key.column = own(key.column)?;
        }
        let column_names: Vec<String> =
            source.columns.iter().map(|column| column.name.clone()).collect();
        let constraint = self.work.catalog.constraint(wanted.constraint).cloned();
        let names = column_names[..wanted.key_count].join("_");
        let name = match (&constraint, wanted.primary) {
            (Some(_), true) => {
                self.choose_relation_name(relation.schema, [&relation.name, ""], "pkey")
            }
            (Some(_), false) => {
                self.choose_relation_name(relation.schema, [&relation.name, &names], "key")
            }
            (None, _) => {
                self.choose_relation_name(relation.schema, [&relation.name, &names], "idx")
            }
        };
        if let (Some(_), true) = (&constraint, wanted.primary) {
            let columns: Vec<i16> = keys[..wanted.key_count].iter().map(|key| key.column).collect();
            self.require_no_primary_key(&relation)?;
            self.set_not_null(relation.clone(), &columns).await?;
        }
        let oid = match constraint {
            Some(_) => self.next_oid(),
            None => 0,
        };
        let columns: Vec<i16> = keys[..wanted.key_count].iter().map(|key| key.column).collect();
        let plan = IndexPlan {
            name: name.clone(),
            keys,
            column_names,
            key_count: wanted.key_count,
            unique: wanted.unique,
            primary: wanted.primary,
            nulls_not_distinct: wanted.nulls_not_distinct,
            predicate: wanted.predicate.clone(),
            constraint: oid,
            exclusion: wanted.exclusion.clone(),
            options: source.settings.options.clone(),
            access_method: wanted.access_method.clone(),
        };
        let part = self.build_index(child, plan).await?;
        self.record_clone_references(part, child)?;
        if let Some(constraint) = constraint {
            let kind = match wanted.primary {
                true => ConstraintKind::PrimaryKey { index: part, columns },
                false => ConstraintKind::Unique { index: part, columns },
            };
            let relation = self.relation(child)?;
            let own = Constraint {
                oid,
                name,
                table: child,
                schema: relation.schema,
                kind,
                inherited: Inherited { count: 0, local: false },
                parent: 0,
                ..(*constraint).clone()
            };
            self.attach(&relation, own);
        }
        Ok(part)
    }

    /// What the expressions of a cloned index mention.
    fn record_clone_references(&mut self, index: Oid, table: Oid) -> Result<()> {
        let info = self.index_of(index)?;
        let relation = self.relation(table)?;
        let expressions = info.keys.iter().filter_map(|key| key.expression.as_ref());
        let texts: Vec<String> = expressions.chain(&info.predicate).cloned().collect();
        let eval = self.eval();
        let bound = texts
            .iter()
            .map(|sql| bind::bind_relation_expression_sql(&eval, &relation, sql, None))
            .collect::<Result<Vec<_>>>()?;
        self.record_index_references(ObjectAddress::relation(index), table, bound.iter());
        Ok(())
    }

    /// A partition that goes its own way keeps its indexes and keys.
    pub fn detach_indexes(&mut self, child: Oid) -> Result<()> {
        for oid in self.relation(child)?.indexes.clone() {
            let mut index = (*self.relation(oid)?).clone();
            if index.inheritance.parents.is_empty() {
                continue;
            }
            index.inheritance.parents.clear();
            index.inheritance.detaching = false;
            let constraint = match &index.kind {
                RelationKind::Index(index) => index.constraint,
                _ => 0,
            };
            self.put_relation(index);
            if let Some(constraint) = self.work.catalog.constraint(constraint).cloned() {
                let mut changed = (*constraint).clone();
                changed.parent = 0;
                changed.inherited.forget_parent();
                self.put(changed);
            }
        }
        Ok(())
    }

    /// ALTER INDEX … ATTACH PARTITION.
    pub async fn attach_index(
        &mut self,
        index: Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let Some(NodeEnum::PartitionCmd(partition)) =
            command.def.as_ref().and_then(|node| node.node.as_ref())
        else {
            return Err(Error::syntax("ATTACH PARTITION without an index"));
        };
        let name = partition.name.as_ref();
        let name = name.ok_or_else(|| Error::syntax("an index without a name"))?;
        let part = self.find_relation(name)?;
        let RelationKind::Index(own) = &part.kind else {
            return Err(Error::new(
                sqlstate::INVALID_OBJECT_DEFINITION,
                format!("\"{}\" is not an index", part.name),
            ));
        };
        if !index.inheritance.index_of_partitioned {
            return Err(super::unfit(format!("index \"{}\" is not partitioned", index.name)));
        }
        self.lock_relation(own.table, LockMode::AccessExclusive).await?;
        let (wanted, own) = (self.index_of(index.oid)?, self.index_of(part.oid)?);
        let part = self.relation(part.oid)?;
        if part.inheritance.parents.contains(&index.oid) {
            return Ok(());
        }
        let (table, child) = (self.relation(wanted.table)?, self.relation(own.table)?);
        let refuse = |detail: String| {
            let is_unlike = detail.starts_with("The index");
            Err(Error::new(
                match is_unlike {
                    true => sqlstate::INVALID_OBJECT_DEFINITION,
                    false => sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                },
                format!(
                    "cannot attach index \"{}\" as a partition of index \"{}\"",
                    part.name, index.name
                ),
            )
            .with_detail(detail))
        };
        if !part.inheritance.parents.is_empty() {
            return refuse(format!(
                "Index \"{}\" is already attached to another index.",
                part.name
            ));
        }
        if !child.inheritance.parents.contains(&table.oid) {
            return refuse(format!(
                "Index \"{}\" is not an index on any partition of table \"{}\".",
                part.name, table.name
            ));
        }
        if !self.fits(&table, &Index { constraint: 0, ..wanted.clone() }, &child, &own) {
            return refuse("The index definitions do not match.".to_owned());
        }
        if wanted.constraint != 0 && own.constraint == 0 {
            return refuse(format!(
                "The index \"{}\" belongs to a constraint in table \"{}\" but no constraint \
                 exists for index \"{}\".",
                index.name, table.name, part.name
            ));
        }
        let parts = self.work.catalog.children(index.oid).to_vec();
        for known in &parts {
            if self.index_of(*known)?.table == child.oid {
                return refuse(format!(
                    "Another index is already attached for partition \"{}\".",
                    child.name
                ));
            }
        }
        self.join_index(index.oid, part.oid)?;
        self.validate_if_complete(index.oid)
    }

    /// An index is valid once every partition has its part.
    fn validate_if_complete(&mut self, index: Oid) -> Result<()> {
        let table = self.index_of(index)?.table;
        let parts = self.work.catalog.children(index);
        let all_valid = parts.iter().all(|part| self.index_of(*part).is_ok_and(|part| part.valid));
        if !all_valid || parts.len() < self.work.catalog.children(table).len() {
            return Ok(());
        }
        if self.index_of(index)?.valid {
            return Ok(());
        }
        self.set_valid(index, true)?;
        let above = self.relation(index)?.inheritance.parents.clone();
        above.into_iter().try_for_each(|above| self.validate_if_complete(above))
    }
}
