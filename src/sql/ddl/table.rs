//! CREATE TABLE.

use std::collections::HashSet;

use super::column::{ColumnPlan, constraints};
use super::constraint::several_primary_keys;
use super::inherit::Merged;
use super::sequence::Owner;
use super::storage_options;
use super::{Ddl, tablespace};
use crate::catalog::{Relation, RelationKind, Type, TypeKind};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::Oid;
use crate::sqlstate;

/// The most columns a table may have, as in PostgreSQL.
pub const COLUMNS_MAX: usize = 1600;

/// `54011`
pub fn too_many_columns() -> Error {
    Error::new(sqlstate::TOO_MANY_COLUMNS, format!("tables can have at most {COLUMNS_MAX} columns"))
}

impl Ddl<'_> {
    pub async fn create_table(&mut self, statement: &ast::CreateStmt) -> Result<&'static str> {
        refuse_unsupported(statement)?;
        let name =
            statement.relation.as_ref().ok_or_else(|| Error::syntax("table without a name"))?;
        let schema = self.relation_schema(name).map_err(|error| error.at(name.location))?;
        if statement.if_not_exists
            && self.work.catalog.relation_named(schema, &name.relname).is_some()
        {
            self.skip_existing(&name.relname);
            return Ok("CREATE TABLE");
        }
        let target = match statement.partspec {
            Some(_) => storage_options::Target::Partitioned,
            None => storage_options::Target::Table,
        };
        let options = storage_options::read(&statement.options, target)?;
        self.require_free_name(schema, &name.relname)?;
        let parents = self.inherited_parents(statement, self.persistence_in(schema)).await?;
        let mut merged = self.merge_parents(&parents)?;
        let of_type = statement.of_typename.as_ref();
        let of_type = of_type.map(|name| self.table_type(name)).transpose()?;
        if let Some((_, attributes)) = &of_type {
            merged.columns = self.typed_columns(attributes);
        }
        let (plans, mut table_constraints) =
            self.plan_elements(statement, &name.relname, &mut merged)?;
        let relation = self.put_table(schema, &name.relname, &plans)?;
        if !merged.parents.is_empty() {
            let mut table = (*self.relation(relation)?).clone();
            table.inheritance.parents = std::mem::take(&mut merged.parents);
            self.put_relation(table);
        }
        self.set_on_commit(relation, statement.oncommit())?;
        if let Some((ty, _)) = of_type {
            let typed = self.relation(relation)?;
            self.put_of(&typed, ty);
        }
        self.put_settings(relation, options, name.relpersistence == "u")?;
        for (position, plan) in plans.iter().enumerate() {
            self.finish_column(relation, position as i16 + 1, plan)?;
        }
        if let Some(spec) = &statement.partspec {
            if !parents.is_empty() && statement.partbound.is_none() {
                return Err(Error::new(
                    sqlstate::INVALID_OBJECT_DEFINITION,
                    "cannot create partitioned table as inheritance child",
                ));
            }
            self.put_partition_key(relation, spec)?;
        }
        if let (Some(spec), Some(parent)) = (&statement.partbound, parents.first()) {
            self.put_partition_bound(relation, parent.oid, spec).await?;
            self.attach_indexes(parent, relation).await?;
            self.attach_triggers(parent, relation).await?;
            self.attach_referencing(parent, relation).await?;
            self.attach_foreign_keys(parent, relation).await?;
        }
        self.put_inherited_checks(relation, &merged.checks)?;
        for plan in plans {
            table_constraints.extend(plan.constraints);
        }
        refuse_two_primary_keys(&table_constraints, &name.relname)?;
        for constraint in in_creation_order(table_constraints) {
            self.add_constraint(relation, &constraint, true).await?;
        }
        self.finish_like(relation, statement).await?;
        Ok("CREATE TABLE")
    }

    /// Reads the parenthesised list: columns, LIKE clauses, table constraints.
    fn plan_elements(
        &mut self,
        statement: &ast::CreateStmt,
        table: &str,
        merged: &mut Merged,
    ) -> Result<(Vec<ColumnPlan>, Vec<ast::Constraint>)> {
        let mut columns = Vec::new();
        let mut table_constraints: Vec<_> = constraints(&statement.constraints).cloned().collect();
        for element in &statement.table_elts {
            match &element.node {
                Some(NodeEnum::ColumnDef(def))
                    if statement.partbound.is_some() || statement.of_typename.is_some() =>
                {
                    self.plan_partition_column(table, def, merged)?;
                }
                Some(NodeEnum::ColumnDef(def)) => columns.push(self.plan_column(table, def)?),
                Some(NodeEnum::Constraint(constraint)) => {
                    table_constraints.push((**constraint).clone());
                }
                Some(NodeEnum::TableLikeClause(like)) => columns.extend(self.plan_like(like)?),
                _ => return Err(Error::unsupported("this element of CREATE TABLE")),
            }
        }
        require_distinct_names(&columns)?;
        let mut columns = match merged.parents.is_empty() {
            true if statement.of_typename.is_some() => {
                let mut columns = std::mem::take(&mut merged.columns);
                columns.iter_mut().for_each(|plan| plan.column.inherited.local = true);
                columns
            }
            true => columns,
            false => self.merge_own_columns(merged, columns)?,
        };
        if statement.partbound.is_some() {
            // A partition has its columns from its table, whatever it says of them.
            columns.iter_mut().for_each(|plan| plan.column.inherited.local = false);
        }
        Ok((columns, table_constraints))
    }

    /// What PARTITION OF says of one of the inherited columns.
    fn plan_partition_column(
        &mut self,
        table: &str,
        def: &ast::ColumnDef,
        merged: &mut Merged,
    ) -> Result<()> {
        let name = &def.colname;
        let known = merged.columns.iter().position(|plan| plan.column.name == *name);
        let at = known.ok_or_else(|| {
            Error::new(sqlstate::UNDEFINED_COLUMN, format!("column \"{name}\" does not exist"))
        })?;
        if merged.columns[at].column.inherited.local {
            return Err(Error::new(
                sqlstate::DUPLICATE_COLUMN,
                format!("column \"{name}\" specified more than once"),
            ));
        }
        let own = self.plan_column_options(table, def, &merged.columns[at].column)?;
        let mut known = std::mem::replace(&mut merged.columns[at], own.bare());
        self.adopt_own_definition(&mut known, own)?;
        merged.columns[at] = known;
        Ok(())
    }

    /// Makes the relation with its row type, still without what needs expressions.
    pub fn put_table(&mut self, schema: Oid, name: &str, plans: &[ColumnPlan]) -> Result<Oid> {
        if plans.len() > COLUMNS_MAX {
            return Err(too_many_columns());
        }
        let oid = self.next_oid();
        let owner = self.current_role()?.oid;
        // Its own until it is rewritten, as in PostgreSQL.
        let storage_id = oid;
        self.put_relation(Relation {
            oid,
            schema,
            name: name.to_owned(),
            owner,
            kind: RelationKind::Table,
            columns: plans.iter().map(|plan| plan.column.clone()).collect(),
            storage_id,
            schema_version: 0,
            indexes: Vec::new(),
            constraints: Vec::new(),
            persistence: self.persistence_in(schema),
            inheritance: Default::default(),
            materialized: None,
            row_security: Default::default(),
            settings: Default::default(),
        });
        self.put_row_type(oid)?;
        Ok(oid)
    }

    /// The composite type of a relation's rows, and its array type.
    pub fn put_row_type(&mut self, relation: Oid) -> Result<()> {
        let relation = self.relation(relation)?;
        let (array, row) = (self.next_oid(), self.next_oid());
        let array_name = self.choose_name([&format!("_{}", relation.name), ""], "", |name| {
            self.is_taken(crate::catalog::ObjectClass::Type, relation.schema, name)
        });
        let base = Type {
            oid: row,
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
            element: 0,
            input: "record_in".into(),
            output: "record_out".into(),
            receive: "record_recv".into(),
            send: "record_send".into(),
            typmod_in: "-".into(),
            typmod_out: "-".into(),
            subscript: String::new(),
            collation: 0,
            align: 'd',
            storage: 'x',
        };
        let array_type = array_type_over(&base, array, array_name);
        self.put(base);
        self.put(array_type);
        Ok(())
    }

    /// Makes what a column plan still lacks: sequence, default, generation.
    pub fn finish_column(&mut self, table: Oid, attnum: i16, plan: &ColumnPlan) -> Result<()> {
        if let Some(sequence) = &plan.sequence {
            let owner = Owner { table, attnum, identity: plan.column.identity.is_some() };
            self.create_owned_sequence(owner, plan.column.ty, &sequence.options)?;
        }
        let inherits = plan.column.default.as_ref().is_some_and(|default| default.oid == 0);
        if inherits {
            self.adopt_default(table, attnum)?;
        }
        for (node, generated) in [(&plan.default, false), (&plan.generated, true)] {
            let Some(node) = node else { continue };
            let relation = self.relation(table)?;
            let default = self.store_default(&relation, attnum, node, generated)?;
            let mut relation = (*relation).clone();
            relation.columns[attnum as usize - 1].default = Some(default);
            self.put_relation(relation);
        }
        Ok(())
    }
}

/// The array type over `element`, as PostgreSQL makes one for every type.
pub fn array_type_over(element: &Type, oid: Oid, name: String) -> Type {
    Type {
        oid,
        name,
        length: -1,
        by_value: false,
        kind: TypeKind::Base,
        category: 'A',
        preferred: false,
        array: 0,
        element: element.oid,
        input: "array_in".into(),
        output: "array_out".into(),
        receive: "array_recv".into(),
        send: "array_send".into(),
        align: if element.align == 'd' { 'd' } else { 'i' },
        storage: 'x',
        ..element.clone()
    }
}

/// What CREATE TABLE says that this server cannot do is refused by name.
fn refuse_unsupported(statement: &ast::CreateStmt) -> Result<()> {
    match statement.partspec {
        Some(_) => tablespace::check_partitioned(&statement.tablespacename)?,
        None => tablespace::check(&statement.tablespacename)?,
    }
    match statement.access_method.as_str() {
        "" | "heap" => Ok(()),
        _ => Err(Error::unsupported("table access method other than heap")),
    }
}

/// Names are distinct, and none is a system column's.
fn require_distinct_names(columns: &[ColumnPlan]) -> Result<()> {
    let mut seen = HashSet::new();
    for plan in columns {
        let name = plan.column.name.as_str();
        require_no_system_column(name)?;
        if !seen.insert(name) {
            return Err(Error::new(
                sqlstate::DUPLICATE_COLUMN,
                format!("column \"{name}\" specified more than once"),
            ));
        }
    }
    Ok(())
}

pub fn require_no_system_column(name: &str) -> Result<()> {
    if matches!(name, "ctid" | "xmin" | "cmin" | "xmax" | "cmax" | "tableoid") {
        return Err(Error::new(
            sqlstate::DUPLICATE_COLUMN,
            format!("column name \"{name}\" conflicts with a system column name"),
        ));
    }
    Ok(())
}

/// `42P16` at the second one.
fn refuse_two_primary_keys(constraints: &[ast::Constraint], table: &str) -> Result<()> {
    let is_primary =
        |constraint: &&ast::Constraint| constraint.contype() == ast::ConstrType::ConstrPrimary;
    match constraints.iter().filter(is_primary).nth(1) {
        Some(second) => Err(several_primary_keys(table).at(second.location)),
        None => Ok(()),
    }
}

/// Checks first, then keys (the primary key before the others), then foreign
/// keys, which may refer to the table's own keys.
fn in_creation_order(mut constraints: Vec<ast::Constraint>) -> Vec<ast::Constraint> {
    constraints.sort_by_key(|constraint| match constraint.contype() {
        ast::ConstrType::ConstrCheck => 0,
        ast::ConstrType::ConstrPrimary => 1,
        ast::ConstrType::ConstrForeign => 3,
        _ => 2,
    });
    constraints
}
