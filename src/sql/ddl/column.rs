//! Column definitions: from the parse tree to a [`Column`], with the serial
//! types, identity, and column constraints told apart from the column itself.

use super::{Ddl, strings};
use crate::catalog::{self, Column, Identity, ObjectAddress, Relation};
use crate::error::{Error, Result};
use crate::sql::bind::{self, ExpressionUse};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{SqlType, oid};
use crate::sqlstate;

/// A column as written: what it is, and what is still to be made for it once
/// its table exists.
pub struct ColumnPlan {
    pub column: Column,
    pub default: Option<ast::Node>,
    pub generated: Option<ast::Node>,
    /// Set for serial and identity columns: the sequence to create.
    pub sequence: Option<SequencePlan>,
    /// Column constraints that are the table's: CHECK, PRIMARY KEY, UNIQUE, REFERENCES.
    pub constraints: Vec<ast::Constraint>,
}

pub struct SequencePlan {
    pub options: Vec<ast::Node>,
}

impl ColumnPlan {
    /// The column with nothing to be made for it.
    pub fn bare(&self) -> ColumnPlan {
        ColumnPlan {
            column: self.column.clone(),
            default: None,
            generated: None,
            sequence: None,
            constraints: Vec::new(),
        }
    }
}

impl Ddl<'_> {
    pub fn plan_column(&self, table: &str, def: &ast::ColumnDef) -> Result<ColumnPlan> {
        let name = def.type_name.as_ref().ok_or_else(|| Error::syntax("column without a type"))?;
        let serial = serial_type(name);
        let ty = match serial {
            Some(oid) if name.array_bounds.is_empty() => SqlType::new(oid),
            Some(_) => {
                return Err(Error::unsupported("array of serial"));
            }
            None => self.column_type(def, name)?,
        };
        let mut plan = ColumnPlan {
            column: new_column(
                &def.colname,
                ty,
                self.column_collation(def.coll_clause.as_deref(), ty)?,
            ),
            default: def.raw_default.as_deref().cloned(),
            generated: None,
            sequence: None,
            constraints: Vec::new(),
        };
        plan.column.settings.compression = self.compression_letter(ty.oid, &def.compression)?;
        if !def.storage_name.is_empty() {
            plan.column.settings.storage = self.storage_of(ty.oid, &def.storage_name)?;
        }
        if serial.is_some() {
            plan.column.not_null = true;
            plan.sequence = Some(SequencePlan { options: Vec::new() });
        }
        self.plan_column_constraints(table, def, serial.is_some(), &mut plan)?;
        Ok(plan)
    }

    /// What a definition without a type says of a column that is there.
    pub fn plan_column_options(
        &self,
        table: &str,
        def: &ast::ColumnDef,
        column: &Column,
    ) -> Result<ColumnPlan> {
        let mut plan = ColumnPlan {
            column: new_column(&column.name, column.ty, column.collation),
            default: None,
            generated: None,
            sequence: None,
            constraints: Vec::new(),
        };
        self.plan_column_constraints(table, def, false, &mut plan)?;
        Ok(plan)
    }

    pub fn column_type(&self, def: &ast::ColumnDef, name: &ast::TypeName) -> Result<SqlType> {
        let ty = self.resolve_type(name)?;
        if matches!(self.work.catalog.type_(ty.oid), Some(t) if is_pseudo(t)) {
            return Err(Error::new(
                sqlstate::INVALID_TABLE_DEFINITION,
                format!(
                    "column \"{}\" has pseudo-type {}",
                    def.colname,
                    self.work.catalog.type_name(ty.oid, -1)
                ),
            ));
        }
        crate::sql::privilege::check_type(ty.oid, &self.eval())?;
        Ok(ty)
    }

    /// The collation that a COLLATE clause gives a type, or the type's own; `0A000` for
    /// one that does not sort by bytes.
    pub fn collation(&self, clause: Option<&ast::CollateClause>, ty: SqlType) -> Result<u32> {
        let found = self.column_collation(clause, ty)?;
        let catalog = &self.work.catalog;
        match (catalog.collation(found), clause) {
            (Some(collation), Some(clause)) if !bind::is_by_bytes(catalog, found) => {
                let what = format!("collation \"{}\"", collation.name);
                Err(Error::unsupported(what).at(clause.location))
            }
            _ => Ok(found),
        }
    }

    /// The collation of a column: any that there is. What would depend on one that does not
    /// sort by bytes is refused.
    pub fn column_collation(
        &self,
        clause: Option<&ast::CollateClause>,
        ty: SqlType,
    ) -> Result<u32> {
        let own = self.work.catalog.type_(ty.oid).map(|t| t.collation).unwrap_or(0);
        let Some(clause) = clause else { return Ok(own) };
        let parts = strings(&clause.collname);
        let name = parts.last().copied().unwrap_or_default();
        let schema = parts.len().checked_sub(2).map(|at| parts[at]);
        if own == 0 {
            return Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "collations are not supported by type {}",
                    self.work.catalog.type_name(ty.oid, -1)
                ),
            )
            .at(clause.location));
        }
        let path = &self.ctx.eval.settings.search_path;
        let found = catalog::resolve_collation(&self.work.catalog, path, schema, name);
        found.map(|collation| collation.oid).map_err(|error| error.at(clause.location))
    }

    fn plan_column_constraints(
        &self,
        table: &str,
        def: &ast::ColumnDef,
        serial: bool,
        plan: &mut ColumnPlan,
    ) -> Result<()> {
        let mut nullable = None;
        for constraint in constraints(&def.constraints) {
            match constraint.contype() {
                ast::ConstrType::ConstrNull => {
                    require_no_conflict(nullable, Some(true), table, &def.colname, constraint)?;
                    nullable = Some(true);
                }
                ast::ConstrType::ConstrNotnull => {
                    require_no_conflict(nullable, Some(false), table, &def.colname, constraint)?;
                    nullable = Some(false);
                    plan.column.not_null = true;
                }
                ast::ConstrType::ConstrDefault => {
                    if plan.default.is_some() || serial {
                        return Err(twice("default values", table, &def.colname, constraint));
                    }
                    plan.default = constraint.raw_expr.as_deref().cloned();
                }
                ast::ConstrType::ConstrIdentity => {
                    plan_identity(table, def, constraint, plan)?;
                }
                ast::ConstrType::ConstrGenerated => {
                    if constraint.generated_kind == "v" {
                        return Err(
                            Error::unsupported("virtual generated column").at(constraint.location)
                        );
                    }
                    if plan.generated.is_some() {
                        return Err(twice("generation clauses", table, &def.colname, constraint));
                    }
                    plan.generated = constraint.raw_expr.as_deref().cloned();
                }
                ast::ConstrType::ConstrAttrDeferrable
                | ast::ConstrType::ConstrAttrNotDeferrable
                | ast::ConstrType::ConstrAttrDeferred
                | ast::ConstrType::ConstrAttrImmediate => {
                    set_deferrability(&mut plan.constraints, constraint)?;
                }
                _ => plan.constraints.push(with_column(constraint.clone(), &def.colname)),
            }
        }
        if nullable == Some(true) && plan.column.not_null {
            return Err(conflicting_null(table, &def.colname).at(def.location));
        }
        require_one_source(table, def, serial, plan)
    }

    /// Binds a column's default or generation expression over its table and
    /// stores it in printed form.
    pub fn store_default(
        &mut self,
        relation: &std::sync::Arc<Relation>,
        attnum: i16,
        node: &ast::Node,
        generated: bool,
    ) -> Result<catalog::Default> {
        let column = &relation.columns[attnum as usize - 1];
        let purpose = if generated { ExpressionUse::Generated } else { ExpressionUse::Default };
        let bound = self.bind_for_column(relation, node, column, purpose)?;
        let oid = self.next_oid();
        if generated {
            let column = ObjectAddress::column(relation.oid, attnum);
            self.record_generated_references(oid, column, &bound.converted);
        } else {
            self.record_references(ObjectAddress::default(oid), [&bound.converted]);
        }
        let sql = self.print_expression(&bound.written, relation);
        Ok(catalog::Default { oid, sql, generated })
    }
}

/// A plain nullable column of the table's first schema version.
pub fn new_column(name: &str, ty: SqlType, collation: u32) -> Column {
    Column {
        name: name.to_owned(),
        ty,
        not_null: false,
        default: None,
        identity: None,
        dropped: false,
        since_version: 0,
        missing: None,
        collation,
        inherited: Default::default(),
        settings: Default::default(),
    }
}

/// The integer type behind `serial` and its kin, which are not types.
fn serial_type(name: &ast::TypeName) -> Option<u32> {
    match strings(&name.names).as_slice() {
        ["serial" | "serial4"] => Some(oid::INT4),
        ["bigserial" | "serial8"] => Some(oid::INT8),
        ["smallserial" | "serial2"] => Some(oid::INT2),
        _ => None,
    }
}

fn is_pseudo(ty: &catalog::Type) -> bool {
    matches!(ty.kind, catalog::TypeKind::Pseudo)
}

/// The constraint nodes of a list.
pub fn constraints(nodes: &[ast::Node]) -> impl Iterator<Item = &ast::Constraint> {
    nodes.iter().filter_map(|node| match &node.node {
        Some(NodeEnum::Constraint(constraint)) => Some(&**constraint),
        _ => None,
    })
}

/// `a int PRIMARY KEY` is `PRIMARY KEY (a)`; the same for UNIQUE and REFERENCES.
fn with_column(mut constraint: ast::Constraint, column: &str) -> ast::Constraint {
    let name = ast::Node { node: Some(NodeEnum::String(ast::String { sval: column.to_owned() })) };
    match constraint.contype() {
        ast::ConstrType::ConstrPrimary | ast::ConstrType::ConstrUnique => {
            constraint.keys = vec![name];
        }
        ast::ConstrType::ConstrForeign => constraint.fk_attrs = vec![name],
        _ => {}
    }
    constraint
}

fn plan_identity(
    table: &str,
    def: &ast::ColumnDef,
    constraint: &ast::Constraint,
    plan: &mut ColumnPlan,
) -> Result<()> {
    if plan.column.identity.is_some() {
        return Err(twice("identity specifications", table, &def.colname, constraint));
    }
    if !matches!(plan.column.ty.oid, oid::INT2 | oid::INT4 | oid::INT8) {
        return Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            "identity column type must be smallint, integer, or bigint",
        ));
    }
    let always = constraint.generated_when == "a";
    plan.column.identity = Some(if always { Identity::Always } else { Identity::ByDefault });
    plan.column.not_null = true;
    plan.sequence = Some(SequencePlan { options: constraint.options.clone() });
    Ok(())
}

/// DEFERRABLE and INITIALLY DEFERRED after a column constraint belong to it.
fn set_deferrability(
    constraints: &mut [ast::Constraint],
    attribute: &ast::Constraint,
) -> Result<()> {
    let Some(last) = constraints.last_mut() else {
        return Err(Error::syntax("misplaced DEFERRABLE clause").at(attribute.location));
    };
    match attribute.contype() {
        ast::ConstrType::ConstrAttrDeferrable => last.deferrable = true,
        ast::ConstrType::ConstrAttrDeferred => {
            last.deferrable = true;
            last.initdeferred = true;
        }
        ast::ConstrType::ConstrAttrNotDeferrable if last.initdeferred => {
            return Err(Error::syntax("constraint declared INITIALLY DEFERRED must be DEFERRABLE")
                .at(attribute.location));
        }
        _ => {}
    }
    Ok(())
}

fn require_no_conflict(
    seen: Option<bool>,
    now: Option<bool>,
    table: &str,
    column: &str,
    constraint: &ast::Constraint,
) -> Result<()> {
    if seen.is_some() && seen != now {
        return Err(conflicting_null(table, column).at(constraint.location));
    }
    Ok(())
}

fn conflicting_null(table: &str, column: &str) -> Error {
    Error::syntax(format!(
        "conflicting NULL/NOT NULL declarations for column \"{column}\" of table \"{table}\""
    ))
}

fn twice(what: &str, table: &str, column: &str, constraint: &ast::Constraint) -> Error {
    Error::syntax(format!("multiple {what} specified for column \"{column}\" of table \"{table}\""))
        .at(constraint.location)
}

/// A column's value comes from one place: DEFAULT, identity or generation.
fn require_one_source(
    table: &str,
    def: &ast::ColumnDef,
    serial: bool,
    plan: &ColumnPlan,
) -> Result<()> {
    let default = plan.default.is_some();
    let identity = plan.column.identity.is_some();
    let generated = plan.generated.is_some();
    let name = &def.colname;
    let clash = match (default || serial, identity, generated) {
        (true, true, _) => "both default and identity",
        (true, _, true) => "both default and generation expression",
        (_, true, true) => "both identity and generation expression",
        _ => return Ok(()),
    };
    Err(Error::syntax(format!("{clash} specified for column \"{name}\" of table \"{table}\""))
        .at(def.location))
}
