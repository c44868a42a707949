//! CREATE INDEX on a system relation, with the constraint that the index implements:
//!
//! ```sql
//! CREATE UNIQUE INDEX pg_am_oid_index ON pg_catalog.pg_am USING btree (oid oid_ops)
//!     WITH (oid = 2652, contype = 'p', constraint_oid = 10136);
//! ```

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{IndexElem, IndexStmt, Node};

use super::Bootstrap;
use super::options::Options;
use crate::catalog::syntax::text_of;
use crate::catalog::{
    BOOTSTRAP_ROLE, Constraint, ConstraintKind, Index, IndexKey, Persistence, Relation,
    RelationKind,
};
use crate::error::{Error, Result};
use crate::sql::types::{Oid, oid};

impl Bootstrap {
    pub(super) fn create_index(&mut self, create: &IndexStmt) -> Result<()> {
        let name = create.relation.as_ref().ok_or_else(|| Error::syntax("no relation"))?;
        let schema = self.catalog.resolve_schema(&[], &name.schemaname)?.oid;
        let table = self.catalog.relation_named(schema, &name.relname).cloned();
        let mut table = table
            .map(|found| (*found).clone())
            .ok_or_else(|| Error::undefined_table(&name.relname))?;
        let options = Options(&create.options);
        let keys = create
            .index_params
            .iter()
            .map(|node| self.index_key(&table, &create.access_method, node))
            .collect::<Result<Vec<IndexKey>>>()?;
        let columns: Vec<i16> = keys.iter().map(|key| key.column).collect();
        let (index, constraint) = (options.oid("oid")?, options.oid_or_zero("constraint_oid")?);
        let contype = options.text("contype");
        if constraint != oid::INVALID {
            let kind = match contype {
                Some("p") => ConstraintKind::PrimaryKey { index, columns },
                _ => ConstraintKind::Unique { index, columns },
            };
            self.add(Constraint {
                oid: constraint,
                schema,
                name: create.idxname.clone(),
                table: table.oid,
                kind,
                deferrable: false,
                initially_deferred: false,
                validated: true,
                inherited: Default::default(),
                no_inherit: false,
                parent: oid::INVALID,
            });
            table.constraints.push(constraint);
        }
        table.indexes.push(index);
        self.add(Relation {
            oid: index,
            name: create.idxname.clone(),
            kind: RelationKind::Index(Index {
                table: table.oid,
                access_method: create.access_method.clone(),
                key_count: keys.len(),
                keys,
                unique: create.unique,
                primary: contype == Some("p"),
                nulls_not_distinct: false,
                predicate: None,
                constraint,
                valid: true,
                ready: true,
                live: true,
                replaces: 0,
                exclusion: Vec::new(),
                key_form: crate::catalog::KEY_FORM,
            }),
            columns: Vec::new(),
            indexes: Vec::new(),
            constraints: Vec::new(),
            owner: BOOTSTRAP_ROLE,
            persistence: Persistence::Permanent,
            ..table.clone()
        });
        self.add(table);
        Ok(())
    }

    fn index_key(&self, table: &Relation, method: &str, node: &Node) -> Result<IndexKey> {
        let Some(NodeEnum::IndexElem(element)) = &node.node else {
            return Err(Error::syntax("improper index column"));
        };
        let position = table
            .column_position(&element.name)
            .ok_or_else(|| Error::syntax(format!("no column \"{}\"", element.name)))?;
        Ok(IndexKey {
            collation: 0,
            column: i16::try_from(position + 1).unwrap_or_default(),
            expression: None,
            ty: table.columns[position].ty,
            descending: false,
            nulls_first: false,
            opclass: self.operator_class_of(element, method)?,
            options: Vec::new(),
        })
    }

    fn operator_class_of(&self, element: &IndexElem, method: &str) -> Result<Oid> {
        let name = element.opclass.last().and_then(text_of).unwrap_or_default();
        let mut classes = self.catalog.operator_classes();
        let class = classes.find(|class| class.name == name && class.access_method == method);
        class
            .map(|class| class.oid)
            .ok_or_else(|| Error::syntax(format!("no operator class \"{name}\"")))
    }
}
