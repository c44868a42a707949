//! CREATE, ALTER and DROP STATISTICS: which columns of a table are to be looked at
//! together. ANALYZE does the looking ([`crate::table::analyze`]).

use std::sync::Arc;

use super::constraint::{SYSTEM_COLUMNS, column_number};
use super::name::system_catalog;
use super::{Ddl, strings};
use crate::catalog::{
    ExtendedStatistics, ObjectAddress, ObjectClass, Relation, RelationKind, STATISTICS_PARTS_MAX,
    StatisticsKind, deparse,
};
use crate::error::{Error, Result, Severity};
use crate::sql::bind::ExpressionUse;
use crate::sql::ir::{Expr, ExprKind};
use crate::sql::parse::{self, NodeEnum, ast};
use crate::sql::types::{Oid, SqlType};
use crate::sqlstate;
use crate::txn::LockMode;

/// The largest `stxstattarget`.
const TARGET_MAX: i32 = 10_000;

/// The parts of a definition.
#[derive(Default)]
struct Parts {
    columns: Vec<i16>,
    /// As they are bound, and as they are kept.
    expressions: Vec<(Expr, String)>,
}

impl Ddl<'_> {
    pub async fn create_statistics(
        &mut self,
        statement: &ast::CreateStatsStmt,
    ) -> Result<&'static str> {
        const TAG: &str = "CREATE STATISTICS";
        let relation = self.measured_relation(statement).await?;
        if statement.defnames.is_empty() {
            // PostgreSQL 15 has no statistics without a name.
            return Err(Error::syntax("syntax error at or near \"ON\""));
        }
        let (schema, name) = self.split_name(&statement.defnames)?;
        let schema = self.creation_schema(schema.unwrap_or_default())?;
        if self.is_taken(ObjectClass::ExtendedStatistics, schema, name) {
            let message = format!("statistics object \"{name}\" already exists");
            if statement.if_not_exists {
                self.notice(format!("{message}, skipping"));
                return Ok(TAG);
            }
            return Err(Error::new(sqlstate::DUPLICATE_OBJECT, message));
        }
        self.put_statistics(&relation, schema, name, statement)?;
        Ok(TAG)
    }

    fn put_statistics(
        &mut self,
        relation: &Arc<Relation>,
        schema: Oid,
        name: &str,
        statement: &ast::CreateStatsStmt,
    ) -> Result<()> {
        let parts = self.measured_parts(relation, statement)?;
        let kinds = kinds(statement, &parts)?;
        let owner = self.current_role()?.oid;
        let statistics = ExtendedStatistics {
            oid: self.next_oid(),
            schema,
            name: name.to_owned(),
            owner,
            table: relation.oid,
            columns: parts.columns,
            expressions: parts.expressions.iter().map(|(e, sql)| (sql.clone(), e.ty.oid)).collect(),
            kinds,
            target: None,
            found: None,
        };
        let (address, table) = (statistics.address(), statistics.table);
        self.put(statistics);
        let exprs = parts.expressions.iter().map(|(expr, _)| expr);
        self.record_index_references(address, table, exprs);
        Ok(())
    }

    /// The one table that the statistics are of, locked.
    async fn measured_relation(
        &mut self,
        statement: &ast::CreateStatsStmt,
    ) -> Result<Arc<Relation>> {
        let unsupported = |message: &str| Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message));
        let name = match statement.relations.as_slice() {
            [ast::Node { node: Some(NodeEnum::RangeVar(name)) }] => name,
            [_] => {
                return unsupported(
                    "CREATE STATISTICS only supports relation names in the FROM clause",
                );
            }
            _ => return unsupported("only a single relation is allowed in CREATE STATISTICS"),
        };
        let relation = self.find_relation(name)?;
        self.lock_relation(relation.oid, LockMode::ShareUpdateExclusive).await?;
        let relation = self.relation(relation.oid)?;
        let what = match &relation.kind {
            RelationKind::View(_) => Some("views"),
            RelationKind::Index(_) if relation.is_partition() => Some("partitioned indexes"),
            RelationKind::Index(_) => Some("indexes"),
            RelationKind::Sequence(_) => Some("sequences"),
            RelationKind::Composite => Some("composite types"),
            RelationKind::Table | RelationKind::Virtual => None,
        };
        if let Some(what) = what {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("cannot define statistics for relation \"{}\"", relation.name),
            )
            .with_detail(format!("This operation is not supported for {what}.")));
        }
        self.require_relation_owner(&relation)?;
        match relation.is_system_catalog() {
            true => Err(system_catalog(&relation.name)),
            false => Ok(relation),
        }
    }

    /// Columns in order, each once, and expressions.
    fn measured_parts(
        &self,
        relation: &Arc<Relation>,
        statement: &ast::CreateStatsStmt,
    ) -> Result<Parts> {
        if statement.exprs.len() > STATISTICS_PARTS_MAX {
            return Err(Error::new(
                sqlstate::TOO_MANY_COLUMNS,
                format!("cannot have more than {STATISTICS_PARTS_MAX} columns in statistics"),
            ));
        }
        let mut parts = Parts::default();
        for node in &statement.exprs {
            let Some(NodeEnum::StatsElem(element)) = &node.node else { continue };
            let alone = statement.exprs.len() == 1;
            self.add_part(&mut parts, relation, element, alone)?;
        }
        parts.columns.sort_unstable();
        if parts.columns.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(duplicate("column name"));
        }
        let texts: Vec<&String> = parts.expressions.iter().map(|(_, text)| text).collect();
        if (1..texts.len()).any(|at| texts[..at].contains(&texts[at])) {
            return Err(duplicate("expression"));
        }
        Ok(parts)
    }

    fn add_part(
        &self,
        parts: &mut Parts,
        relation: &Arc<Relation>,
        element: &ast::StatsElem,
        is_alone: bool,
    ) -> Result<()> {
        let Some(node) = element.expr.as_deref() else {
            if SYSTEM_COLUMNS.contains(&element.name.as_str()) {
                return Err(no_system_columns());
            }
            let column = column_number(relation, &element.name)
                .ok_or_else(|| Error::undefined_column(&element.name))?;
            return self.add_measured_column(parts, relation, column);
        };
        if let Some(NodeEnum::ColumnRef(column)) = &node.node
            && strings(&column.fields).last().is_some_and(|name| SYSTEM_COLUMNS.contains(name))
        {
            return Err(no_system_columns());
        }
        let expr = self.bind_over(relation, node, ExpressionUse::Statistics)?;
        match expr.kind {
            ExprKind::Column(id) => match i16::try_from(id.0) {
                Ok(column) if usize::from(column.unsigned_abs()) <= relation.columns.len() => {
                    self.add_measured_column(parts, relation, column)
                }
                _ => Err(no_system_columns()),
            },
            _ => {
                if !is_alone {
                    self.require_ordered(expr.ty, || {
                        "expression cannot be used in multivariate statistics because its type"
                            .to_owned()
                    })?;
                }
                let text = self.print_expression(&expr, relation);
                parts.expressions.push((expr, text));
                Ok(())
            }
        }
    }

    fn add_measured_column(
        &self,
        parts: &mut Parts,
        relation: &Relation,
        column: i16,
    ) -> Result<()> {
        let definition = &relation.columns[column as usize - 1];
        self.require_ordered(definition.ty, || {
            format!("column \"{}\" cannot be used in statistics because its type", definition.name)
        })?;
        parts.columns.push(column);
        Ok(())
    }

    fn require_ordered(&self, ty: SqlType, what: impl Fn() -> String) -> Result<()> {
        self.default_opclass("btree", ty).map(drop).map_err(|_| {
            Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!(
                    "{} {} has no default btree operator class",
                    what(),
                    self.work.catalog.type_name(ty.oid, -1)
                ),
            )
        })
    }

    /// ALTER STATISTICS … SET STATISTICS.
    pub fn alter_statistics(&mut self, statement: &ast::AlterStatsStmt) -> Result<&'static str> {
        const TAG: &str = "ALTER STATISTICS";
        let target = match statement.stxstattarget.as_deref().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::Integer(target)) => target.ival,
            _ => -1,
        };
        if target < -1 {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("statistics target {target} is too low"),
            ));
        }
        if target > TARGET_MAX {
            let message = format!("lowering statistics target to {TARGET_MAX}");
            let mut report = Error::notice(Severity::Warning, message);
            report.code = Some(sqlstate::INVALID_PARAMETER_VALUE);
            self.report(report);
        }
        let found = match self.find_statistics(&statement.defnames) {
            Err(error) if statement.missing_ok && error.code() == sqlstate::UNDEFINED_OBJECT => {
                self.notice(format!("{}, skipping", error.message()));
                return Ok(TAG);
            }
            found => self.require_own_statistics(found?)?,
        };
        let target = (target >= 0).then_some(target.min(TARGET_MAX));
        self.put(ExtendedStatistics { target, ..(*found).clone() });
        Ok(TAG)
    }

    fn find_statistics(&self, names: &[ast::Node]) -> Result<Arc<ExtendedStatistics>> {
        let (schema, name) = self.split_name(names)?;
        let schemas = match schema {
            Some(schema) => vec![self.schema_named(schema)?],
            None => self.ctx.eval.settings.search_path.clone(),
        };
        let catalog = &self.work.catalog;
        let mut found = schemas
            .into_iter()
            .filter_map(|schema| catalog.extended_statistics_named(schema, name));
        found.next().and_then(|oid| catalog.extended_statistics(oid)).cloned().ok_or_else(|| {
            let written = strings(names).join(".");
            Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("statistics object \"{written}\" does not exist"),
            )
        })
    }

    fn require_own_statistics(
        &self,
        found: Arc<ExtendedStatistics>,
    ) -> Result<Arc<ExtendedStatistics>> {
        self.require_owner(found.owner, "statistics object", &found.name)?;
        Ok(found)
    }

    /// The object that ALTER, DROP or COMMENT names, which must be the role's own.
    pub fn own_statistics(&self, node: Option<&NodeEnum>) -> Result<Arc<ExtendedStatistics>> {
        let Some(NodeEnum::List(list)) = node else {
            return Err(Error::syntax("improper name of a statistics object"));
        };
        self.require_own_statistics(self.find_statistics(&list.items)?)
    }

    /// What DROP STATISTICS names: the owner of its table or schema may drop it, too.
    pub async fn statistics_target(&mut self, node: &ast::Node) -> Result<ObjectAddress> {
        let Some(NodeEnum::List(list)) = &node.node else {
            return Err(Error::syntax("improper name of a statistics object"));
        };
        let found = self.find_statistics(&list.items)?;
        self.lock_relation(found.table, LockMode::ShareUpdateExclusive).await?;
        self.require_own_statistics(found).map(|found| found.address())
    }

    pub fn rename_statistics(&mut self, statement: &ast::RenameStmt) -> Result<String> {
        let object = statement.object.as_deref().and_then(|node| node.node.as_ref());
        let found = self.own_statistics(object)?;
        self.require_free_statistics(found.schema, &statement.newname)?;
        self.put(ExtendedStatistics { name: statement.newname.clone(), ..(*found).clone() });
        Ok("ALTER STATISTICS".to_owned())
    }

    pub fn set_statistics_schema(
        &mut self,
        statement: &ast::AlterObjectSchemaStmt,
    ) -> Result<String> {
        let object = statement.object.as_deref().and_then(|node| node.node.as_ref());
        let found = self.own_statistics(object)?;
        let schema = self.creation_schema(&statement.newschema)?;
        if schema != found.schema {
            self.require_free_statistics(schema, &found.name)?;
            self.put(ExtendedStatistics { schema, ..(*found).clone() });
        }
        Ok("ALTER STATISTICS".to_owned())
    }

    pub fn set_statistics_owner(&mut self, node: Option<&NodeEnum>, owner: Oid) -> Result<String> {
        let found = self.own_statistics(node)?;
        self.require_new_owner(owner, found.schema)?;
        self.put(ExtendedStatistics { owner, ..(*found).clone() });
        Ok("ALTER STATISTICS".to_owned())
    }

    fn require_free_statistics(&self, schema: Oid, name: &str) -> Result<()> {
        if !self.is_taken(ObjectClass::ExtendedStatistics, schema, name) {
            return Ok(());
        }
        Err(Error::new(
            sqlstate::DUPLICATE_OBJECT,
            format!(
                "statistics object \"{name}\" already exists in schema \"{}\"",
                self.schema_name(schema)
            ),
        ))
    }

    /// Prints expressions again after a column got another name.
    pub(super) fn rename_in_statistics(
        &mut self,
        table: Oid,
        reprint: impl Fn(&Ddl<'_>, &str) -> Result<String>,
    ) -> Result<()> {
        for found in self.statistics_of(table) {
            if found.expressions.is_empty() {
                continue;
            }
            let mut changed = (*found).clone();
            for (sql, _) in &mut changed.expressions {
                *sql = reprint(self, sql)?;
            }
            self.put(changed);
        }
        Ok(())
    }

    /// What was found of a column's values is of no use once they have another type.
    pub(super) fn forget_measured(&mut self, table: Oid, column: i16) {
        for found in self.statistics_of(table) {
            let reads = found.columns.contains(&column) || !found.expressions.is_empty();
            if reads && found.found.is_some() {
                self.put(ExtendedStatistics { found: None, ..(*found).clone() });
            }
        }
    }

    fn statistics_of(&self, table: Oid) -> Vec<Arc<ExtendedStatistics>> {
        let all = self.work.catalog.all_extended_statistics();
        all.filter(|found| found.table == table).cloned().collect()
    }

    /// LIKE … INCLUDING STATISTICS: the same for a new table, under names made of it.
    pub(super) fn copy_statistics(&mut self, table: Oid, source: &Relation) -> Result<()> {
        let path = self.ctx.eval.settings.search_path.clone();
        for found in self.statistics_of(source.oid) {
            let text = deparse::statistics_definition(&self.work.catalog, &path, &found);
            let statements = parse::parse(&text.unwrap_or_default())?;
            let Some(NodeEnum::CreateStatsStmt(statement)) = statements.first().map(|s| &s.node)
            else {
                return Err(Error::internal("a definition that is no CREATE STATISTICS"));
            };
            let target = self.relation(table)?;
            let name = self.statistics_name(&target, &found, source);
            self.put_statistics(&target, target.schema, &name, statement)?;
        }
        Ok(())
    }

    /// `t_a_expr_stat`: the table, the columns, and `expr` for each expression.
    fn statistics_name(
        &self,
        target: &Relation,
        of: &ExtendedStatistics,
        source: &Relation,
    ) -> String {
        let columns = of.columns.iter().map(|at| source.columns[*at as usize - 1].name.as_str());
        let parts: Vec<&str> = columns.chain(of.expressions.iter().map(|_| "expr")).collect();
        self.choose_name([&target.name, &parts.join("_")], "stat", |name| {
            self.is_taken(ObjectClass::ExtendedStatistics, target.schema, name)
        })
    }
}

/// What is asked for: all that there is, if nothing is named.
fn kinds(statement: &ast::CreateStatsStmt, parts: &Parts) -> Result<Vec<StatisticsKind>> {
    let named = strings(&statement.stat_types);
    if parts.columns.is_empty() && parts.expressions.len() == 1 {
        return match named.is_empty() {
            true => Ok(vec![StatisticsKind::Expressions]),
            false => Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "when building statistics on a single expression, statistics kinds may not be \
                 specified",
            )),
        };
    }
    let is_kind = |word: &str| StatisticsKind::NAMED.iter().any(|kind| kind.word() == Some(word));
    if let Some(unknown) = named.iter().find(|word| !is_kind(word)) {
        return Err(Error::syntax(format!("unrecognized statistics kind \"{unknown}\"")));
    }
    if parts.columns.len() + parts.expressions.len() < 2 {
        return Err(Error::new(
            sqlstate::INVALID_OBJECT_DEFINITION,
            "extended statistics require at least 2 columns",
        ));
    }
    let is_wanted = |kind: &StatisticsKind| {
        named.is_empty() || kind.word().is_some_and(|word| named.contains(&word))
    };
    let mut kinds: Vec<StatisticsKind> =
        StatisticsKind::NAMED.into_iter().filter(is_wanted).collect();
    if !parts.expressions.is_empty() {
        kinds.push(StatisticsKind::Expressions);
    }
    Ok(kinds)
}

fn duplicate(what: &str) -> Error {
    Error::new(sqlstate::DUPLICATE_COLUMN, format!("duplicate {what} in statistics definition"))
}

fn no_system_columns() -> Error {
    Error::new(
        sqlstate::FEATURE_NOT_SUPPORTED,
        "statistics creation on system columns is not supported",
    )
}
