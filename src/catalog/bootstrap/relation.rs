//! CREATE SCHEMA, and the system relations: CREATE TABLE for those that are
//! computed from the catalog, CREATE VIEW for those that are queries over them.
//!
//! No query is bound here, so a view declares the types of its columns, and `by_bytes`
//! those whose collation is "C" although their type's is not:
//!
//! ```sql
//! CREATE VIEW pg_catalog.pg_user (usename, usesysid)
//!     WITH (oid = 12014, row_type = 12016, array_type = 12015, columns = 'name, oid') AS
//! SELECT rolname, oid FROM pg_authid
//! ```

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{
    ColumnDef, ConstrType, CreateExtensionStmt, CreateSchemaStmt, CreateStmt, RangeVar, RuleStmt,
    ViewStmt,
};

use super::Bootstrap;
use super::options::{Options, comment_oid};
use crate::catalog::syntax::text_of;
use crate::catalog::{
    BOOTSTRAP_ROLE, Column, Extension, ObjectClass, PG_CATALOG, Persistence, Relation,
    RelationKind, Rule, RuleEvent, RuleText, Schema, Type, TypeKind, View, resolve_collation,
    resolve_type_text,
};
use crate::error::{Error, Result};
use crate::sql::types::{Oid, SqlType, oid};

impl Bootstrap {
    pub(super) fn create_schema(
        &mut self,
        create: &CreateSchemaStmt,
        next: Option<&NodeEnum>,
    ) -> Result<()> {
        self.add(Schema {
            oid: comment_oid(next, "OID")?,
            name: create.schemaname.clone(),
            owner: BOOTSTRAP_ROLE,
        });
        Ok(())
    }

    pub(super) fn create_extension(
        &mut self,
        create: &CreateExtensionStmt,
        next: Option<&NodeEnum>,
    ) -> Result<()> {
        let options = Options(&create.options);
        self.add(Extension {
            oid: comment_oid(next, "OID")?,
            name: create.extname.clone(),
            owner: BOOTSTRAP_ROLE,
            schema: PG_CATALOG,
            relocatable: false,
            version: options.text_or_empty("new_version"),
            members: Vec::new(),
            config: Vec::new(),
        });
        Ok(())
    }

    pub(super) fn create_table(&mut self, create: &CreateStmt) -> Result<()> {
        let columns: Result<Vec<Column>> = create
            .table_elts
            .iter()
            .filter_map(|node| match node.node.as_ref()? {
                NodeEnum::ColumnDef(column) => Some(self.column(column)),
                _ => None,
            })
            .collect();
        let options = Options(&create.options);
        self.add_relation(create.relation.as_ref(), &options, RelationKind::Virtual, columns?)
    }

    fn column(&self, definition: &ColumnDef) -> Result<Column> {
        let name = definition.type_name.as_ref().ok_or_else(|| Error::syntax("missing type"))?;
        let mut column = self.plain_column(&definition.colname, self.resolve(name)?);
        if let Some(clause) = &definition.coll_clause {
            let name = clause.collname.last().and_then(text_of).unwrap_or_default();
            let path = [crate::catalog::PG_CATALOG];
            column.collation = resolve_collation(&self.catalog, &path, None, name)?.oid;
        }
        column.not_null = definition.constraints.iter().any(|node| {
            matches!(&node.node, Some(NodeEnum::Constraint(c))
                if ConstrType::try_from(c.contype) == Ok(ConstrType::ConstrNotnull))
        });
        Ok(column)
    }

    fn plain_column(&self, name: &str, ty: SqlType) -> Column {
        Column {
            name: name.to_owned(),
            ty,
            not_null: false,
            default: None,
            identity: None,
            dropped: false,
            since_version: 0,
            missing: None,
            collation: self.catalog.type_(ty.oid).map_or(oid::INVALID, |ty| ty.collation),
            inherited: Default::default(),
            settings: Default::default(),
        }
    }

    pub(super) fn create_view(&mut self, create: &ViewStmt, source: &str) -> Result<()> {
        let options = Options(&create.options);
        let types = options.text("columns").unwrap_or_default();
        let types: Vec<&str> = types.split(',').map(str::trim).collect();
        let names: Vec<&str> = create.aliases.iter().filter_map(text_of).collect();
        if types.len() != names.len() {
            return Err(Error::syntax("the view's column names and types differ in number"));
        }
        let path = [crate::catalog::PG_CATALOG];
        let by_bytes = options.text("by_bytes").unwrap_or_default();
        let c_collation = resolve_collation(&self.catalog, &path, None, "C")?.oid;
        let columns: Result<Vec<Column>> = names
            .iter()
            .zip(types)
            .map(|(name, ty)| {
                let ty = resolve_type_text(&self.catalog, &path, ty)?
                    .ok_or_else(|| Error::undefined_type(ty))?;
                let mut column = self.plain_column(name, ty);
                if by_bytes.split(',').any(|known| known.trim() == *name) {
                    column.collation = c_collation;
                }
                Ok(column)
            })
            .collect();
        let (_, query) = source
            .split_once(" AS\n")
            .ok_or_else(|| Error::syntax("the view's query starts on the line after AS"))?;
        let view = View {
            sql: query.trim().to_owned(),
            search_path: vec!["pg_catalog".to_owned()],
            options: match options.flag("security_barrier") {
                true => vec![("security_barrier".to_owned(), "true".to_owned())],
                false => Vec::new(),
            },
            updatable: None,
            names: Vec::new(),
        };
        self.add_relation(create.view.as_ref(), &options, RelationKind::View(view), columns?)
    }

    /// A rule ON UPDATE of a view; its OID is in the COMMENT that follows, its one action
    /// on the line after DO.
    pub(super) fn create_rule(
        &mut self,
        create: &RuleStmt,
        next: Option<&NodeEnum>,
        source: &str,
    ) -> Result<()> {
        let name = create.relation.as_ref().map_or("", |name| &name.relname);
        let table = self.catalog.relation_named(PG_CATALOG, name).cloned();
        let table = table.ok_or_else(|| Error::undefined_table(name))?;
        let piece = |sql: &str| RuleText { sql: sql.trim().to_owned(), names: Vec::new() };
        let condition = source.split_once(" WHERE ").and_then(|(_, rest)| rest.split_once(" DO"));
        let action = source.split_once(" DO\n").map(|(_, action)| piece(action));
        self.add(Rule {
            oid: comment_oid(next, "OID")?,
            table: table.oid,
            name: create.rulename.clone(),
            event: RuleEvent::Update,
            instead: create.instead,
            enabled: 'O',
            condition: condition.map(|(condition, _)| piece(condition)),
            actions: action.into_iter().collect(),
            search_path: vec!["pg_catalog".to_owned()],
            columns: (1..).zip(&table.columns).map(|(at, c)| (at, c.name.clone())).collect(),
        });
        Ok(())
    }

    /// Adds the relation with its row type and the array type over that.
    fn add_relation(
        &mut self,
        name: Option<&RangeVar>,
        options: &Options<'_>,
        kind: RelationKind,
        columns: Vec<Column>,
    ) -> Result<()> {
        let name = name.ok_or_else(|| Error::syntax("the relation has no name"))?;
        if self.is_declared(ObjectClass::Relation, options.oid("oid")?) {
            return Ok(());
        }
        let schema = self.catalog.resolve_schema(&[], &name.schemaname)?.oid;
        let relation = Relation {
            oid: options.oid("oid")?,
            schema,
            name: name.relname.clone(),
            owner: BOOTSTRAP_ROLE,
            kind,
            columns,
            storage_id: 0,
            schema_version: 0,
            indexes: Vec::new(),
            constraints: Vec::new(),
            persistence: Persistence::Permanent,
            inheritance: Default::default(),
            materialized: None,
            row_security: Default::default(),
            settings: Default::default(),
        };
        let row_type = options.oid("row_type")?;
        let array_type = options.oid_or_zero("array_type")?;
        self.add_type_with_array(Type::of_rows(&relation, row_type, array_type));
        self.add(relation);
        Ok(())
    }
}

impl Type {
    /// The composite type of a relation's rows.
    pub fn of_rows(relation: &Relation, oid: Oid, array: Oid) -> Type {
        Type {
            oid,
            schema: relation.schema,
            name: relation.name.clone(),
            owner: relation.owner,
            length: -1,
            by_value: false,
            kind: TypeKind::Composite { relation: relation.oid },
            category: 'C',
            preferred: false,
            delimiter: ',',
            array,
            element: oid::INVALID,
            input: "record_in".to_owned(),
            output: "record_out".to_owned(),
            receive: "record_recv".to_owned(),
            send: "record_send".to_owned(),
            typmod_in: String::new(),
            typmod_out: String::new(),
            subscript: String::new(),
            collation: oid::INVALID,
            align: 'd',
            storage: 'x',
        }
    }
}
