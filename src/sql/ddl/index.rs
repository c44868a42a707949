//! CREATE INDEX, and the indexes behind key constraints.

use std::sync::Arc;

use super::constraint::column_number;
use super::storage_options::{self, Target};
use super::{Ddl, strings, tablespace};
use crate::catalog::{
    Index, IndexKey, Inheritance, ObjectAddress, Relation, RelationKind, RelationSettings,
    TypeKind, deparse, quote_identifier,
};
use crate::error::{Error, Result};
use crate::index::parts::Parts;
use crate::index::vector::Class;
use crate::index::vector_options;
use crate::index::{BTREE, GIST, HASH, MISSING_METHODS};
use crate::sql::bind::{self, ExpressionUse};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, SqlType, oid};
use crate::sqlstate;
use crate::txn::LockMode;

/// The most key columns of an index, as in PostgreSQL.
const KEYS_MAX: usize = 32;

/// An index that is decided on but not built.
pub struct IndexPlan {
    pub name: String,
    /// Key columns, then included ones.
    pub keys: Vec<IndexKey>,
    /// The names of the index's own columns, in the order of the keys.
    pub column_names: Vec<String>,
    pub key_count: usize,
    pub unique: bool,
    pub primary: bool,
    pub nulls_not_distinct: bool,
    pub predicate: Option<String>,
    /// The constraint that it implements, or 0.
    pub constraint: Oid,
    /// The operators of an exclusion constraint.
    pub exclusion: Vec<Oid>,
    /// Storage parameters.
    pub options: Vec<(String, String)>,
    pub access_method: String,
}

impl Ddl<'_> {
    pub async fn create_index(&mut self, statement: &ast::IndexStmt) -> Result<&'static str> {
        self.refuse_unsupported(statement)?;
        tablespace::check(&statement.table_space)?;
        let name =
            statement.relation.as_ref().ok_or_else(|| Error::syntax("index without a table"))?;
        let relation = self.find_indexable(name)?;
        if statement.concurrent && relation.is_partitioned() {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!(
                    "cannot create index on partitioned table \"{}\" concurrently",
                    relation.name
                ),
            ));
        }
        let mode = match statement.concurrent {
            true => LockMode::ShareUpdateExclusive,
            false => LockMode::Share,
        };
        self.lock_relation(relation.oid, mode).await?;
        let relation = self.relation(relation.oid)?;
        if statement.if_not_exists
            && self.work.catalog.relation_named(relation.schema, &statement.idxname).is_some()
        {
            self.skip_existing(&statement.idxname);
            return Ok("CREATE INDEX");
        }
        let method = method_of(statement);
        let target = Target::of_method(method);
        let (keys, bound) = self.index_keys(&relation, statement)?;
        let key_count = statement.index_params.len();
        let predicate = self.index_predicate(&relation, statement)?;
        let column_names = column_names(&relation, statement, &keys);
        let name = if statement.idxname.is_empty() {
            let names = column_names[..key_count].join("_");
            self.choose_relation_name(relation.schema, [&relation.name, &names], "idx")
        } else {
            statement.idxname.clone()
        };
        if statement.unique {
            self.require_partition_key_in(&relation, &keys[..key_count], false)?;
        }
        let plan = IndexPlan {
            name,
            keys,
            column_names,
            key_count,
            unique: statement.unique,
            primary: false,
            nulls_not_distinct: statement.nulls_not_distinct,
            predicate: predicate.as_ref().map(|expr| self.print_expression(expr, &relation)),
            constraint: 0,
            exclusion: Vec::new(),
            options: storage_options::read(&statement.options, target)?,
            access_method: method.to_owned(),
        };
        let index = match statement.concurrent {
            // To be built in the stages that come.
            true => self.declare_unready(relation.oid, plan)?,
            false => self.build_index(relation.oid, plan).await?,
        };
        let address = ObjectAddress::relation(index);
        self.record_index_references(address, relation.oid, bound.iter().chain(&predicate));
        let recurse = statement.relation.as_ref().is_none_or(|name| name.inh);
        self.spread_index(index, recurse).await?;
        Ok("CREATE INDEX")
    }

    /// Creates the index relation and fills it from the table's rows.
    pub async fn build_index(&mut self, table: Oid, plan: IndexPlan) -> Result<Oid> {
        let index = self.declare_index(table, plan)?;
        crate::index::build(self.work, self.ctx, table, index).await?;
        Ok(index)
    }

    /// Creates the index relation; nothing is done with it yet.
    fn declare_unready(&mut self, table: Oid, plan: IndexPlan) -> Result<Oid> {
        let index = self.declare_index(table, plan)?;
        let mut changed = (*self.relation(index)?).clone();
        if let RelationKind::Index(index) = &mut changed.kind {
            (index.valid, index.ready) = (false, false);
        }
        self.put_relation(changed);
        Ok(index)
    }

    /// Creates the index relation, which is still to be filled: of a constraint's
    /// index when the constraint is there, because it says what entries look like.
    pub fn declare_index(&mut self, table: Oid, plan: IndexPlan) -> Result<Oid> {
        let relation = self.relation(table)?;
        if self.work.catalog.relation_named(relation.schema, &plan.name).is_some() {
            return Err(Error::duplicate_table(&plan.name));
        }
        if plan.key_count > KEYS_MAX {
            return Err(Error::new(
                sqlstate::TOO_MANY_COLUMNS,
                format!("cannot use more than {KEYS_MAX} columns in an index"),
            ));
        }
        let index = self.put_index(&relation, plan)?;
        // An index of a partitioned table has no entries; its parts are looked at.
        if !relation.is_partitioned() {
            vector_options::check_definition(&self.work.catalog, &index)?;
        }
        let mut changed = (*relation).clone();
        changed.indexes.push(index.oid);
        self.put_relation(changed);
        Ok(index.oid)
    }

    fn put_index(&mut self, relation: &Relation, plan: IndexPlan) -> Result<Arc<Relation>> {
        let columns = plan.column_names.iter().zip(&plan.keys);
        let columns = columns.map(|(name, key)| super::column::new_column(name, key.ty, 0));
        let oid = self.next_oid();
        let index = Relation {
            oid,
            schema: relation.schema,
            name: plan.name.clone(),
            owner: relation.owner,
            columns: columns.collect(),
            storage_id: oid,
            schema_version: 0,
            indexes: Vec::new(),
            constraints: Vec::new(),
            persistence: relation.persistence,
            inheritance: Inheritance {
                index_of_partitioned: relation.is_partitioned(),
                ..Inheritance::default()
            },
            materialized: None,
            row_security: Default::default(),
            settings: RelationSettings {
                options: plan.options,
                unlogged: relation.settings.unlogged,
                ..RelationSettings::default()
            },
            kind: RelationKind::Index(Index {
                table: relation.oid,
                access_method: plan.access_method,
                keys: plan.keys,
                key_count: plan.key_count,
                unique: plan.unique,
                primary: plan.primary,
                nulls_not_distinct: plan.nulls_not_distinct,
                predicate: plan.predicate,
                constraint: plan.constraint,
                valid: true,
                ready: true,
                live: true,
                replaces: 0,
                exclusion: plan.exclusion,
                key_form: crate::catalog::KEY_FORM,
            }),
        };
        Ok(self.put_relation(index))
    }

    /// Key and included columns, with the bound form of those that are expressions.
    pub fn index_keys(
        &mut self,
        relation: &Arc<Relation>,
        statement: &ast::IndexStmt,
    ) -> Result<(Vec<IndexKey>, Vec<crate::sql::ir::Expr>)> {
        let mut keys = Vec::new();
        let mut bound = Vec::new();
        let elements = statement.index_params.iter().chain(&statement.index_including_params);
        for element in elements {
            let Some(NodeEnum::IndexElem(element)) = &element.node else { continue };
            keys.push(self.index_key(relation, element, method_of(statement), &mut bound)?);
        }
        Ok((keys, bound))
    }

    fn index_key(
        &mut self,
        relation: &Arc<Relation>,
        element: &ast::IndexElem,
        method: &str,
        bound: &mut Vec<crate::sql::ir::Expr>,
    ) -> Result<IndexKey> {
        if method != BTREE {
            check_unordered(element, method)?;
        }
        let mut key = match &element.expr {
            None => {
                let column = column_number(relation, &element.name)
                    .ok_or_else(|| Error::undefined_column(&element.name))?;
                self.key_over(relation, column, method, element)?
            }
            Some(node) => {
                let expr = self.bind_over(relation, node, ExpressionUse::IndexExpression)?;
                let key = IndexKey {
                    collation: 0,
                    column: 0,
                    expression: Some(deparse::key_expression(&expr, relation, &self.work.catalog)),
                    ty: expr.ty,
                    descending: false,
                    nulls_first: false,
                    opclass: self.class_for(method, expr.ty, element)?,
                    options: Vec::new(),
                };
                bound.push(expr);
                key
            }
        };
        key.collation = self.key_collation(element, key.ty)?;
        key.options = self.class_options(method, key.opclass, element)?;
        key.descending = element.ordering() == ast::SortByDir::SortbyDesc;
        key.nulls_first = match element.nulls_ordering() {
            ast::SortByNulls::SortbyNullsFirst => true,
            ast::SortByNulls::SortbyNullsLast => false,
            _ => key.descending,
        };
        Ok(key)
    }

    /// The collation that a key names: one that sorts by bytes, as keys are sorted.
    fn key_collation(&self, element: &ast::IndexElem, ty: SqlType) -> Result<Oid> {
        let parts = strings(&element.collation);
        let Some(name) = parts.last().copied() else { return Ok(oid::INVALID) };
        let catalog = &self.work.catalog;
        if catalog.type_(ty.oid).is_none_or(|ty| ty.collation == oid::INVALID) {
            let name = catalog.type_name(ty.oid, -1);
            let message = format!("collations are not supported by type {name}");
            return Err(Error::new(sqlstate::DATATYPE_MISMATCH, message));
        }
        let schema = parts.len().checked_sub(2).map(|at| parts[at]);
        let path = &self.ctx.eval.settings.search_path;
        let found = crate::catalog::resolve_collation(catalog, path, schema, name)?.oid;
        match bind::is_by_bytes(catalog, found) {
            true => Ok(found),
            false => Err(Error::unsupported(format!("collation \"{name}\""))),
        }
    }

    /// An ascending key over a column, with its type's default operator class.
    pub fn plain_key(&self, relation: &Relation, column: i16) -> Result<IndexKey> {
        self.key_over(relation, column, BTREE, &ast::IndexElem::default())
    }

    fn key_over(
        &self,
        relation: &Relation,
        column: i16,
        method: &str,
        element: &ast::IndexElem,
    ) -> Result<IndexKey> {
        let ty = relation.columns[column as usize - 1].ty;
        Ok(IndexKey {
            collation: 0,
            column,
            expression: None,
            ty,
            descending: false,
            nulls_first: false,
            opclass: self.class_for(method, ty, element)?,
            options: Vec::new(),
        })
    }

    /// The parameters of an operator class. They say how large signatures are; here are
    /// none, so they are checked, kept and shown.
    fn class_options(
        &self,
        method: &str,
        class: Oid,
        element: &ast::IndexElem,
    ) -> Result<Vec<(String, String)>> {
        if element.opclassopts.is_empty() {
            return Ok(Vec::new());
        }
        let class = self.work.catalog.operator_class(class);
        let name = class.map_or("", |class| &class.name);
        match (method, name) {
            (GIST, "gist_trgm_ops" | "gist_hstore_ops") => {
                storage_options::read(&element.opclassopts, Target::Signature)
            }
            _ => Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("operator class {} has no options", quote_identifier(name)),
            )),
        }
    }

    /// The operator class that is named, or the type's default one; `0A000` of one whose
    /// values this server cannot take apart.
    fn class_for(&self, method: &str, ty: SqlType, element: &ast::IndexElem) -> Result<Oid> {
        let class = match strings(&element.opclass).last() {
            Some(name) => self.named_opclass(method, name, ty)?,
            None => self.default_opclass(method, ty)?,
        };
        if method != BTREE
            && let Some(found) = self.work.catalog.operator_class(class)
            && Parts::of_class(method, &found.name).is_none()
            && Class::of(method, &found.name).is_none()
        {
            let what = format!("operator class \"{}\" for access method \"{method}\"", found.name);
            return Err(Error::unsupported(what));
        }
        Ok(class)
    }

    pub fn index_predicate(
        &mut self,
        relation: &Arc<Relation>,
        statement: &ast::IndexStmt,
    ) -> Result<Option<crate::sql::ir::Expr>> {
        let Some(node) = statement.where_clause.as_deref() else { return Ok(None) };
        self.bind_over(relation, node, ExpressionUse::IndexPredicate).map(Some)
    }

    /// The default operator class: the type's own, or that of the type it is stored
    /// as (varchar uses text's, an enum anyenum's, an array anyarray's).
    pub fn default_opclass(&self, method: &str, ty: SqlType) -> Result<Oid> {
        let catalog = &self.work.catalog;
        let class_of = |input: Oid| {
            let mut classes = catalog.operator_classes();
            classes
                .find(|class| {
                    class.is_default && class.access_method == method && class.input == input
                })
                .map(|class| class.oid)
        };
        let fallback = || match catalog.type_(ty.oid) {
            Some(t) if matches!(t.kind, TypeKind::Enum { .. }) => class_of(oid::ANYENUM),
            Some(t) if t.category == 'A' => class_of(oid::ANYARRAY),
            Some(t) if matches!(t.kind, TypeKind::Range { .. }) => class_of(oid::ANYRANGE),
            Some(t) if matches!(t.kind, TypeKind::Multirange { .. }) => {
                class_of(oid::ANYMULTIRANGE)
            }
            Some(t) if matches!(t.kind, TypeKind::Composite { .. }) => class_of(oid::RECORD),
            _ if ty.oid == oid::VARCHAR => class_of(oid::TEXT),
            _ if ty.oid == oid::CIDR => class_of(oid::INET),
            Some(t) if t.category == 'N' && t.length == 4 => class_of(oid::OID),
            _ => None,
        };
        let found = class_of(ty.oid).or_else(fallback);
        found.or_else(|| catalog.default_operator_class(method, ty.oid)).ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!(
                    "data type {} has no default operator class for access method \"{method}\"",
                    self.display_type(ty.oid)
                ),
            )
            .with_hint(
                "You must specify an operator class for the index or define a default operator \
                 class for the data type.",
            )
        })
    }

    /// Of btree's, classes that order by bytes, as all text columns do here, may be named.
    pub(super) fn named_opclass(&self, method: &str, name: &str, ty: SqlType) -> Result<Oid> {
        let catalog = &self.work.catalog;
        let mut named =
            catalog.operator_classes().filter(|c| c.access_method == method && c.name == name);
        let takes = |input: Oid| {
            input == ty.oid
                || (input == oid::TEXT && ty.oid == oid::VARCHAR)
                || (input == oid::INET && ty.oid == oid::CIDR)
                || bind::is_binary_coercible(&self.eval(), ty.oid, input)
        };
        let Some(class) = named.next() else {
            return Err(Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("operator class \"{name}\" does not exist for access method \"{method}\""),
            ));
        };
        match takes(class.input) {
            true => Ok(class.oid),
            false => Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "operator class \"{name}\" does not accept data type {}",
                    self.display_type(ty.oid)
                ),
            )),
        }
    }
}

/// The names of an index's columns: of several alike the later ones are numbered.
pub fn column_names(
    relation: &Relation,
    statement: &ast::IndexStmt,
    keys: &[IndexKey],
) -> Vec<String> {
    let elements = statement.index_params.iter().chain(&statement.index_including_params);
    let mut names: Vec<String> = Vec::with_capacity(keys.len());
    for (element, key) in elements.zip(keys) {
        let name = match (&element.node, key.column) {
            (_, column) if column != 0 => relation.columns[column as usize - 1].name.clone(),
            (Some(NodeEnum::IndexElem(element)), _) => expression_name(element),
            _ => "expr".to_owned(),
        };
        let numbered = (1..).map(|number| format!("{name}{number}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !names.contains(name));
        names.extend(free);
    }
    names
}

/// PostgreSQL names an expression column as a query's, else `expr`.
fn expression_name(element: &ast::IndexElem) -> String {
    let node = element.expr.as_deref().and_then(|node| node.node.as_ref());
    let name = node.map(crate::sql::bind::output_name);
    name.filter(|name| name != "?column?").unwrap_or_else(|| "expr".to_owned())
}

/// The access method of a statement.
pub fn method_of(statement: &ast::IndexStmt) -> &str {
    match statement.access_method.as_str() {
        "" => BTREE,
        method => method,
    }
}

pub fn undefined_method(method: &str) -> Error {
    let message = format!("access method \"{method}\" does not exist");
    Error::new(sqlstate::UNDEFINED_OBJECT, message)
}

/// Whether an index of a method has one column.
pub fn is_of_one_column(method: &str) -> bool {
    method == HASH || vector_options::is_vector_method(method)
}

impl Ddl<'_> {
    /// `0A000` for an access method that is PostgreSQL's and not ours, `42704` for one that
    /// does not exist.
    pub fn require_method(&self, method: &str) -> Result<()> {
        if MISSING_METHODS.contains(&method) {
            return Err(Error::unsupported(format!("access method \"{method}\"")));
        }
        let found = self.work.catalog.access_method_named(method);
        match found.ok_or_else(|| undefined_method(method))?.kind {
            'i' => Ok(()),
            _ => Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("access method \"{method}\" is not of type INDEX"),
            )),
        }
    }

    fn refuse_unsupported(&self, statement: &ast::IndexStmt) -> Result<()> {
        let method = method_of(statement);
        self.require_method(method)?;
        if method == GIST && !statement.index_including_params.is_empty() {
            return Err(Error::unsupported("included columns of access method \"gist\""));
        }
        let lacks = [
            (statement.unique, "unique indexes"),
            (!statement.index_including_params.is_empty(), "included columns"),
            (is_of_one_column(method) && statement.index_params.len() > 1, "multicolumn indexes"),
        ];
        if method != BTREE
            && let Some((_, what)) = lacks.iter().find(|(present, _)| *present)
        {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("access method \"{method}\" does not support {what}"),
            ));
        }
        let refusals = [(!statement.exclude_op_names.is_empty(), "exclusion constraint")];
        match refusals.iter().find(|(present, _)| *present) {
            Some((_, what)) => Err(Error::unsupported(what)),
            None => Ok(()),
        }
    }
}

/// A method without an order has nothing to say of one.
fn check_unordered(element: &ast::IndexElem, method: &str) -> Result<()> {
    let what = match (element.ordering(), element.nulls_ordering()) {
        (ast::SortByDir::SortbyAsc | ast::SortByDir::SortbyDesc, _) => "ASC/DESC options",
        (_, ast::SortByNulls::SortbyNullsFirst | ast::SortByNulls::SortbyNullsLast) => {
            "NULLS FIRST/LAST options"
        }
        _ => return Ok(()),
    };
    Err(Error::new(
        sqlstate::FEATURE_NOT_SUPPORTED,
        format!("access method \"{method}\" does not support {what}"),
    ))
}
