//! CREATE DOMAIN and ALTER DOMAIN.
//!
//! A domain is a type with constraints. What a value has to satisfy is found when
//! it becomes one of the domain (`functions::domain`); here the constraints are
//! bound once, to be checked, and kept in SQL. A constraint added later is checked
//! against the columns of the domain, and of domains over it, in all tables.

use std::sync::Arc;

use super::Ddl;
use crate::catalog::{
    self, Constraint, ConstraintKind, ObjectAddress, ObjectClass, RelationKind, Type, TypeKind,
};
use crate::error::{Error, Result};
use crate::sql::bind::{self, DOMAIN_VALUE};
use crate::sql::dml;
use crate::sql::functions::domain::Condition;
use crate::sql::ir::{Expr, ExprKind};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Datum, Oid, SqlType};
use crate::sqlstate;
use crate::txn::LockMode;

/// What the constraints of CREATE DOMAIN amount to.
#[derive(Default)]
struct Plan<'n> {
    /// Set by NULL and NOT NULL.
    nullable: Option<bool>,
    /// Seen even where it is the constant NULL, which is no default.
    default: Option<Option<Expression>>,
    checks: Vec<&'n ast::Constraint>,
}

/// An expression with its stored form.
struct Expression {
    bound: Expr,
    sql: String,
}

impl Ddl<'_> {
    pub fn create_domain(&mut self, statement: &ast::CreateDomainStmt) -> Result<&'static str> {
        let (schema, name) = self.split_name(&statement.domainname)?;
        let schema = self.creation_schema(schema.unwrap_or_default())?;
        self.require_free_type_name(schema, name)?;
        let base = self.domain_base(statement)?;
        let collation = self.collation(statement.coll_clause.as_deref(), base)?;
        let plan = self.plan_domain(name, base, &statement.constraints)?;
        let oid = self.put_domain(schema, name, base, collation, &plan)?;
        for check in plan.checks {
            self.add_domain_check(oid, check)?;
        }
        Ok("CREATE DOMAIN")
    }

    /// Fails when there is a type of this name.
    pub fn require_free_type_name(&self, schema: Oid, name: &str) -> Result<()> {
        if self.is_taken(ObjectClass::Type, schema, name) {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("type \"{name}\" already exists"),
            ));
        }
        Ok(())
    }

    fn domain_base(&self, statement: &ast::CreateDomainStmt) -> Result<SqlType> {
        let name =
            statement.type_name.as_ref().ok_or_else(|| Error::syntax("domain without a type"))?;
        let base = self.resolve_type(name)?;
        crate::sql::privilege::check_type(base.oid, &self.eval())?;
        if let Some(ty) = self.work.catalog.type_(base.oid)
            && matches!(ty.kind, TypeKind::Pseudo)
        {
            return Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "\"{}\" is not a valid base type for a domain",
                    self.display_type(base.oid)
                ),
            )
            .at(name.location));
        }
        Ok(base)
    }

    fn plan_domain<'n>(
        &mut self,
        name: &str,
        base: SqlType,
        constraints: &'n [ast::Node],
    ) -> Result<Plan<'n>> {
        let mut plan = Plan::default();
        for constraint in super::column::constraints(constraints) {
            match constraint.contype() {
                ast::ConstrType::ConstrDefault => {
                    if plan.default.is_some() {
                        return Err(
                            Error::syntax("multiple default expressions").at(constraint.location)
                        );
                    }
                    plan.default = Some(self.bind_domain_default(
                        name,
                        base,
                        constraint.raw_expr.as_deref(),
                    )?);
                }
                ast::ConstrType::ConstrNotnull => plan.set_nullable(false, constraint)?,
                ast::ConstrType::ConstrNull => plan.set_nullable(true, constraint)?,
                ast::ConstrType::ConstrCheck if constraint.is_no_inherit => {
                    return Err(Error::new(
                        sqlstate::INVALID_OBJECT_DEFINITION,
                        "check constraints for domains cannot be marked NO INHERIT",
                    )
                    .at(constraint.location));
                }
                ast::ConstrType::ConstrCheck => plan.checks.push(constraint),
                kind => return Err(refused(kind).at(constraint.location)),
            }
        }
        Ok(plan)
    }

    /// A default in its stored form; `None` for the constant NULL.
    fn bind_domain_default(
        &self,
        name: &str,
        base: SqlType,
        node: Option<&ast::Node>,
    ) -> Result<Option<Expression>> {
        let Some(node) = node else { return Ok(None) };
        let default = bind::bind_domain_default(&self.eval(), node, (name, base))?;
        if matches!(default.converted.kind, ExprKind::Const(Datum::Null)) {
            return Ok(None);
        }
        let sql = self.print_domain_expression(&default.written);
        Ok(Some(Expression { bound: default.converted, sql }))
    }

    fn put_domain(
        &mut self,
        schema: Oid,
        name: &str,
        base: SqlType,
        collation: Oid,
        plan: &Plan<'_>,
    ) -> Result<Oid> {
        let under = self.work.catalog.type_(base.oid).cloned();
        let under = under.ok_or_else(|| Error::internal("a domain's type is gone"))?;
        let (oid, array) = (self.next_oid(), self.next_oid());
        // Without a default of its own a domain takes over that of its base.
        let default = match &plan.default {
            Some(default) => default.as_ref().map(|default| default.sql.clone()),
            None => self.work.catalog.domain_default(base.oid).map(str::to_owned),
        };
        let ty = Type {
            oid,
            schema,
            name: name.to_owned(),
            owner: self.current_role()?.oid,
            kind: TypeKind::Domain {
                base,
                not_null: plan.nullable == Some(false),
                default,
                constraints: Vec::new(),
            },
            preferred: false,
            array,
            element: 0,
            input: "domain_in".into(),
            receive: "domain_recv".into(),
            typmod_in: String::new(),
            typmod_out: String::new(),
            subscript: String::new(),
            collation,
            ..(*under).clone()
        };
        if let Some(Some(default)) = &plan.default {
            self.record_references(ObjectAddress::type_(oid), [&default.bound]);
        }
        self.put_with_array(ty);
        Ok(oid)
    }

    /// Adds a type with the array type over it, whose OID it names.
    pub fn put_with_array(&mut self, ty: Type) {
        let name = self.choose_array_name(ty.schema, &ty.name);
        let array = super::table::array_type_over(&ty, ty.array, name);
        self.put(ty);
        self.put(array);
    }

    /// The name of the array type over a type of this name.
    pub fn choose_array_name(&self, schema: Oid, name: &str) -> String {
        self.choose_name([&format!("_{name}"), ""], "", |candidate| {
            self.is_taken(ObjectClass::Type, schema, candidate)
        })
    }

    /// The stored form of a domain's default or CHECK.
    pub fn print_domain_expression(&self, expr: &Expr) -> String {
        let value = |id| (id == DOMAIN_VALUE).then(|| "VALUE".to_owned());
        catalog::deparse::expression(expr, &value, &self.work.catalog)
    }

    /// Adds a CHECK and answers it with what it computes.
    fn add_domain_check(&mut self, domain: Oid, def: &ast::Constraint) -> Result<Arc<Constraint>> {
        let ty = self.domain(domain)?;
        let TypeKind::Domain { base, .. } = ty.kind else {
            return Err(Error::internal("not a domain"));
        };
        let name = self.domain_constraint_name(&ty, def)?;
        let node = def.raw_expr.as_deref().ok_or_else(|| Error::syntax("empty CHECK"))?;
        let bound = bind::bind_domain_check(&self.eval(), node, base)?;
        let sql = self.print_domain_expression(&bound);
        let oid = self.next_oid();
        self.record_references(ObjectAddress::constraint(oid), [&bound]);
        let constraint = Constraint {
            oid,
            schema: ty.schema,
            name,
            table: 0,
            kind: ConstraintKind::DomainCheck { domain, sql },
            deferrable: false,
            initially_deferred: false,
            validated: !def.skip_validation,
            inherited: Default::default(),
            no_inherit: false,
            parent: 0,
        };
        self.put(constraint.clone());
        let mut ty = (*ty).clone();
        if let TypeKind::Domain { constraints, .. } = &mut ty.kind {
            constraints.push(oid);
        }
        self.put(ty);
        Ok(Arc::new(constraint))
    }

    fn domain_constraint_name(&self, ty: &Type, def: &ast::Constraint) -> Result<String> {
        if def.conname.is_empty() {
            return Ok(self.choose_name([&ty.name, ""], "check", |name| {
                self.work.catalog.constraints().any(|c| c.schema == ty.schema && c.name == name)
            }));
        }
        if self.domain_constraint(ty, &def.conname).is_some() {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("constraint \"{}\" for domain \"{}\" already exists", def.conname, ty.name),
            ));
        }
        Ok(def.conname.clone())
    }

    /// A constraint of a domain by its name.
    fn domain_constraint(&self, ty: &Type, name: &str) -> Option<Arc<Constraint>> {
        let TypeKind::Domain { constraints, .. } = &ty.kind else { return None };
        let mut all = constraints.iter().filter_map(|oid| self.work.catalog.constraint(*oid));
        all.find(|constraint| constraint.name == name).cloned()
    }

    fn domain(&self, oid: Oid) -> Result<Arc<Type>> {
        let ty = self.work.catalog.type_(oid).cloned();
        ty.ok_or_else(|| Error::internal(format!("cache lookup failed for type {oid}")))
    }

    /// The domain that a statement names, of this role's.
    pub fn owned_domain(&self, parts: &[ast::Node]) -> Result<Arc<Type>> {
        let ty = self.owned_type(parts)?;
        match ty.kind {
            TypeKind::Domain { .. } => Ok(ty),
            _ => Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("{} is not a domain", self.display_type(ty.oid)),
            )),
        }
    }

    pub async fn alter_domain(&mut self, statement: &ast::AlterDomainStmt) -> Result<&'static str> {
        let ty = self.owned_domain(&statement.type_name)?;
        match statement.subtype.as_str() {
            "T" => self.set_domain_default(&ty, statement.def.as_deref())?,
            "N" => self.set_domain_not_null(&ty, false).await?,
            "O" => self.set_domain_not_null(&ty, true).await?,
            "C" => self.alter_domain_add(&ty, statement).await?,
            "X" => self.alter_domain_drop(&ty, statement).await?,
            "V" => self.validate_domain_constraint(&ty, &statement.name).await?,
            other => return Err(Error::unsupported(format!("ALTER DOMAIN {other}"))),
        }
        Ok("ALTER DOMAIN")
    }

    fn set_domain_default(&mut self, ty: &Type, node: Option<&ast::Node>) -> Result<()> {
        let TypeKind::Domain { base, .. } = ty.kind else { return Ok(()) };
        let bound = self.bind_domain_default(&ty.name, base, node)?;
        let address = ty.address();
        match &bound {
            Some(bound) => self.record_references(address, [&bound.bound]),
            None if self.work.catalog.references(ty.oid).is_some() => {
                self.remove(ObjectClass::References, ty.oid);
            }
            None => {}
        }
        let mut ty = ty.clone();
        if let TypeKind::Domain { default, .. } = &mut ty.kind {
            *default = bound.map(|bound| bound.sql);
        }
        self.put(ty);
        Ok(())
    }

    async fn set_domain_not_null(&mut self, ty: &Type, wanted: bool) -> Result<()> {
        let mut changed = ty.clone();
        let TypeKind::Domain { not_null, .. } = &mut changed.kind else { return Ok(()) };
        if *not_null == wanted {
            return Ok(());
        }
        *not_null = wanted;
        if wanted {
            self.check_stored(ty.oid, &Required::NotNull).await?;
        }
        self.put(changed);
        Ok(())
    }

    async fn alter_domain_add(
        &mut self,
        ty: &Type,
        statement: &ast::AlterDomainStmt,
    ) -> Result<()> {
        let Some(NodeEnum::Constraint(constraint)) =
            statement.def.as_ref().and_then(|node| node.node.as_ref())
        else {
            return Err(Error::syntax("ADD without a constraint"));
        };
        match constraint.contype() {
            ast::ConstrType::ConstrCheck => {}
            // PostgreSQL 15's grammar has no such thing.
            ast::ConstrType::ConstrNotnull => {
                return Err(
                    Error::syntax("syntax error at or near \"NOT\"").at(constraint.location)
                );
            }
            kind => return Err(refused(kind)),
        }
        let added = self.add_domain_check(ty.oid, constraint)?;
        match added.validated {
            true => self.check_stored_against(ty, &added).await,
            false => Ok(()),
        }
    }

    async fn alter_domain_drop(
        &mut self,
        ty: &Type,
        statement: &ast::AlterDomainStmt,
    ) -> Result<()> {
        match self.domain_constraint(ty, &statement.name) {
            Some(constraint) => {
                self.drop_addresses(&[constraint.address()], statement.behavior()).await
            }
            None => {
                let message = undefined_constraint(&statement.name, &self.display_type(ty.oid));
                if statement.missing_ok {
                    self.notice(format!("{message}, skipping"));
                    return Ok(());
                }
                Err(Error::new(sqlstate::UNDEFINED_OBJECT, message))
            }
        }
    }

    async fn validate_domain_constraint(&mut self, ty: &Type, name: &str) -> Result<()> {
        let constraint = self.domain_constraint(ty, name).ok_or_else(|| {
            let message = undefined_constraint(name, &self.display_type(ty.oid));
            Error::new(sqlstate::UNDEFINED_OBJECT, message)
        })?;
        if constraint.validated {
            return Ok(());
        }
        self.check_stored_against(ty, &constraint).await?;
        self.put(Constraint { validated: true, ..(*constraint).clone() });
        Ok(())
    }

    /// RENAME CONSTRAINT.
    pub fn rename_domain_constraint(&mut self, statement: &ast::RenameStmt) -> Result<()> {
        let Some(NodeEnum::List(list)) = statement.object.as_ref().and_then(|n| n.node.as_ref())
        else {
            return Err(Error::syntax("improper type name"));
        };
        let ty = self.owned_domain(&list.items)?;
        let (old, new) = (&statement.subname, &statement.newname);
        let constraint = self.domain_constraint(&ty, old).ok_or_else(|| {
            let domain = self.display_type(ty.oid);
            Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("constraint \"{old}\" for domain {domain} does not exist"),
            )
        })?;
        if self.domain_constraint(&ty, new).is_some() {
            let domain = self.display_type(ty.oid);
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("constraint \"{new}\" for domain {domain} already exists"),
            ));
        }
        self.put(Constraint { name: new.clone(), ..(*constraint).clone() });
        Ok(())
    }

    /// The constraint of a domain that COMMENT ON names.
    pub fn commented_domain_constraint(
        &self,
        domain: &ast::TypeName,
        name: &str,
    ) -> Result<ObjectAddress> {
        let ty = self.owned_domain(&domain.names)?;
        self.domain_constraint(&ty, name).map(|found| found.address()).ok_or_else(|| {
            let domain = self.display_type(ty.oid);
            Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("constraint \"{name}\" for domain {domain} does not exist"),
            )
        })
    }

    async fn check_stored_against(&mut self, ty: &Type, constraint: &Constraint) -> Result<()> {
        let (TypeKind::Domain { base, .. }, ConstraintKind::DomainCheck { sql, .. }) =
            (&ty.kind, &constraint.kind)
        else {
            return Ok(());
        };
        let condition = dml::compile_check(&self.eval(), *base, sql)?;
        self.check_stored(ty.oid, &Required::Check(condition)).await
    }

    /// Looks at every stored value of the domain, and of those over it.
    async fn check_stored(&mut self, domain: Oid, required: &Required) -> Result<()> {
        self.require_not_inside_columns(domain)?;
        for (table, attnums) in self.columns_of_type(domain) {
            self.lock_relation(table, LockMode::Share).await?;
            let (work, ctx) = (&mut *self.work, self.ctx);
            crate::table::verify::values(work, ctx, table, &attnums, |value| match required {
                Required::NotNull => Ok((!value.is_null())
                    .then_some(())
                    .ok_or((sqlstate::NOT_NULL_VIOLATION, "contains null values"))),
                Required::Check(condition) => Ok(match condition(&ctx.eval, value)? {
                    Datum::Bool(false) => Err((
                        sqlstate::CHECK_VIOLATION,
                        "contains values that violate the new constraint",
                    )),
                    _ => Ok(()),
                }),
            })
            .await?;
        }
        for over in self.domains_over(domain) {
            Box::pin(self.check_stored(over, required)).await?;
        }
        Ok(())
    }

    /// The tables with columns of exactly this type, and which columns.
    pub fn columns_of_type(&self, ty: Oid) -> Vec<(Oid, Vec<i16>)> {
        let tables = self
            .work
            .catalog
            .relations()
            .filter(|relation| matches!(relation.kind, RelationKind::Table));
        tables
            .filter_map(|relation| {
                let columns = relation.columns.iter().zip(1i16..);
                let attnums: Vec<i16> = columns
                    .filter(|(column, _)| !column.dropped && column.ty.oid == ty)
                    .map(|(_, attnum)| attnum)
                    .collect();
                (!attnums.is_empty()).then_some((relation.oid, attnums))
            })
            .collect()
    }

    fn domains_over(&self, domain: Oid) -> Vec<Oid> {
        let over = |ty: &&Arc<Type>| matches!(ty.kind, TypeKind::Domain { base, .. } if base.oid == domain);
        self.work.catalog.types().filter(over).map(|ty| ty.oid).collect()
    }

    /// `0A000` when a table's column contains values of a type inside its own type:
    /// as array elements, fields or bounds.
    fn require_not_inside_columns(&self, ty: Oid) -> Result<()> {
        for container in self.containers_of(ty) {
            if is_domain_oid(&self.work.catalog, container) {
                continue;
            }
            if let Some((table, column)) = self.column_using(container)? {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    format!(
                        "cannot alter type \"{}\" because column \"{table}.{column}\" uses it",
                        self.display_type(ty)
                    ),
                ));
            }
        }
        Ok(())
    }

    /// The types that hold values of a type: arrays, composites, ranges, domains over
    /// those.
    pub fn containers_of(&self, ty: Oid) -> Vec<Oid> {
        let catalog = &self.work.catalog;
        let mut found = Vec::new();
        for candidate in catalog.types() {
            let holds = match &candidate.kind {
                TypeKind::Composite { relation } => {
                    catalog.relation(*relation).is_some_and(|relation| {
                        relation.columns.iter().any(|c| !c.dropped && c.ty.oid == ty)
                    })
                }
                TypeKind::Range { subtype, .. } => *subtype == ty,
                TypeKind::Multirange { range } => *range == ty,
                TypeKind::Domain { base, .. } => base.oid == ty,
                _ => candidate.is_true_array() && candidate.element == ty,
            };
            if holds {
                found.push(candidate.oid);
            }
        }
        found
    }

    /// A type's name as messages have it, for this session.
    pub fn display_type(&self, oid: Oid) -> String {
        self.work.catalog.format_type(&self.ctx.eval.settings.search_path, oid, None)
    }
}

/// What stored values have to be.
enum Required {
    NotNull,
    Check(Condition),
}

impl Plan<'_> {
    fn set_nullable(&mut self, nullable: bool, constraint: &ast::Constraint) -> Result<()> {
        if self.nullable.is_some_and(|known| known != nullable) {
            return Err(
                Error::syntax("conflicting NULL/NOT NULL constraints").at(constraint.location)
            );
        }
        self.nullable = Some(nullable);
        Ok(())
    }
}

fn is_domain_oid(catalog: &catalog::Catalog, ty: Oid) -> bool {
    catalog.type_(ty).is_some_and(|ty| matches!(ty.kind, TypeKind::Domain { .. }))
}

fn undefined_constraint(name: &str, domain: &str) -> String {
    format!("constraint \"{name}\" of domain \"{domain}\" does not exist")
}

/// The error of a constraint that domains do not have.
fn refused(kind: ast::ConstrType) -> Error {
    use ast::ConstrType as Kind;
    let unsupported = |message: &str| Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message);
    match kind {
        Kind::ConstrUnique => Error::syntax("unique constraints not possible for domains"),
        Kind::ConstrPrimary => Error::syntax("primary key constraints not possible for domains"),
        Kind::ConstrExclusion => Error::syntax("exclusion constraints not possible for domains"),
        Kind::ConstrForeign => Error::syntax("foreign key constraints not possible for domains"),
        Kind::ConstrGenerated | Kind::ConstrIdentity => {
            unsupported("specifying GENERATED not supported for domains")
        }
        _ => unsupported("specifying constraint deferrability not supported for domains"),
    }
}

/// The parts of a type's name in an ALTER.
pub fn name_parts(object: Option<&ast::Node>) -> Result<&[ast::Node]> {
    match object.and_then(|node| node.node.as_ref()) {
        Some(NodeEnum::List(list)) => Ok(&list.items),
        Some(NodeEnum::TypeName(name)) => Ok(&name.names),
        _ => Err(Error::syntax("improper type name")),
    }
}
