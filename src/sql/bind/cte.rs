//! WITH: common table expressions, recursive ones and data-modifying ones.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{CommonTableExpr, CteMaterialize, SelectStmt, WithClause};

use super::Binder;
use super::described::{Body, Level, With};
use super::node::{required, strings};
use super::recursion::{items, ordered};
use super::scope::{CteBinding, CteState};
use super::search_cycle::{check_left, handing_on};
use super::set_operation::output_location;
use crate::error::{Error, Result};
use crate::sql::ir::{ColumnId, Cte, CteBody, CteId, OutputColumn, Query, Rel, Statement};
use crate::sql::types::SqlType;
use crate::sqlstate;

impl Binder<'_> {
    /// Binds the CTEs of a WITH clause into the current level.
    pub(super) fn with_clause(&mut self, with: &WithClause) -> Result<Vec<Cte>> {
        // What rules add is not for queries in WITH.
        let rule_source = self.rule_source.take();
        let items = items(with);
        for (position, cte) in items.iter().enumerate() {
            if items[..position].iter().any(|known| known.ctename == cte.ctename) {
                return Err(Error::new(
                    sqlstate::DUPLICATE_ALIAS,
                    format!("WITH query name \"{}\" specified more than once", cte.ctename),
                )
                .at(cte.location));
            }
        }
        let ctes = match with.recursive {
            true => {
                let ordered = ordered(&items)?.into_iter();
                ordered.map(|item| self.cte(item.cte, item.recursive)).collect()
            }
            false => items.into_iter().map(|cte| self.cte(cte, false)).collect(),
        };
        self.rule_source = rule_source;
        ctes
    }

    /// A statement's relation under its CTEs, now that references are counted.
    pub(super) fn with_ctes(&mut self, mut ctes: Vec<Cte>, body: Rel) -> Rel {
        if ctes.is_empty() {
            return body;
        }
        for cte in &mut ctes {
            let known = self.level().ctes.iter().find(|known| known.id == cte.id);
            cte.materialized |= known.is_some_and(|known| known.references > 1);
        }
        Rel::With { ctes, body: Box::new(body) }
    }

    fn cte(&mut self, cte: &CommonTableExpr, recursive: bool) -> Result<Cte> {
        let id = self.new_cte_id();
        let always = cte.ctematerialized == CteMaterialize::Always as i32;
        let (body, columns, readable) = match required(&cte.ctequery)? {
            NodeEnum::SelectStmt(select) => {
                let query = match recursive {
                    true => self.recursive_query(cte, select)?,
                    false => self.select(select)?,
                };
                let query = self.wrapped(query);
                (CteBody::Query(Box::new(query.rel)), query.output, true)
            }
            NodeEnum::MergeStmt(_) => {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    "MERGE not supported in WITH query",
                )
                .at(cte.location));
            }
            node
            @ (NodeEnum::InsertStmt(_) | NodeEnum::UpdateStmt(_) | NodeEnum::DeleteStmt(_)) => {
                self.modifying_cte(cte, node)?
            }
            _ => return Err(Error::internal("WITH query is no query")),
        };
        if (cte.search_clause.is_some() || cte.cycle_clause.is_some()) && !recursive {
            return Err(Error::syntax("WITH query is not recursive").at(cte.location));
        }
        let columns = named_columns(cte, columns)?;
        self.level().ctes.push(CteBinding {
            id,
            name: cte.ctename.clone(),
            columns: columns.iter().map(|column| (column.name.clone(), column.ty)).collect(),
            marks: 0,
            references: 0,
            state: CteState::Bound,
            readable,
        });
        let materialized = always || recursive || matches!(body, CteBody::Modify(_));
        Ok(Cte { id, name: cte.ctename.clone(), columns, body, materialized })
    }

    fn modifying_cte(
        &mut self,
        cte: &CommonTableExpr,
        node: &NodeEnum,
    ) -> Result<(CteBody, Vec<OutputColumn>, bool)> {
        if self.levels.len() > 1 {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "WITH clause containing a data-modifying statement must be at the top level",
            )
            .at(cte.location));
        }
        if self.is_describing() {
            let statement = self.at_new_level(|binder| binder.modification_as_written(node))?;
            self.note_modifying_cte(&statement);
            return Ok(modifying(statement));
        }
        let statement = self.at_new_level(|binder| binder.modification(node))?;
        let statement = match statement {
            Statement::Several(several) => {
                super::rule::only_part(several, "data-modifying statements in WITH")?
            }
            other => other,
        };
        if let Statement::Query(query) = statement {
            return Ok((CteBody::Query(Box::new(query.rel)), query.output, true));
        }
        Ok(modifying(statement))
    }

    /// A query that reads itself; its form has been checked.
    fn recursive_query(&mut self, cte: &CommonTableExpr, select: &SelectStmt) -> Result<Query> {
        let (Some(left), Some(right)) = (&select.larg, &select.rarg) else {
            return Err(Error::internal("a recursive query is a union"));
        };
        let depth = self.levels.len() - 1;
        // A WITH inside belongs to both terms.
        self.at_new_level(|binder| {
            let inner_ctes = match &select.with_clause {
                Some(with) => binder.with_clause(with)?,
                None => Vec::new(),
            };
            let initial = binder.select(left)?;
            let mut locations: Vec<i32> = (0..initial.output.len())
                .map(|index| output_location(&initial.rel, index))
                .collect();
            let mut initial = binder.wrapped(initial);
            let names = names_of(cte, &initial.output)?;
            let working = binder.new_cte_id();
            let mut columns: Vec<(String, SqlType)> =
                names.into_iter().zip(initial.output.iter().map(|column| column.ty)).collect();
            let own = columns.len();
            let marks = binder.marks(cte, &columns)?;
            let mut handing = None;
            if let Some(marks) = &marks {
                check_left(left)?;
                initial = binder.marked_initial(initial, marks);
                columns.extend(marks.columns());
                handing = Some(handing_on(right, cte, marks)?);
            }
            let right = handing.as_ref().unwrap_or(right);
            binder.declare_at(depth, cte, &columns, columns.len() - own, working);
            let recursive = binder.select(right);
            binder.levels[depth].ctes.pop();
            let recursive = recursive?;
            let first = |query: &Query| query.output.first().map_or(ColumnId(0), |c| c.id);
            let terms = [first(&initial), first(&recursive)];
            let recursive = match &marks {
                Some(marks) => binder.marked_recursive(recursive, marks)?,
                None => recursive,
            };
            locations.resize(initial.output.len(), -1);
            let query = binder
                .check_recursive_types(cte, &initial.output, &recursive.output, &locations)
                .and_then(|()| {
                    binder.recursive_union(select, working, initial, recursive, columns)
                })?;
            binder.note_level(Level {
                select: select.clone(),
                body: Body::SetOperation { sides: terms, keys: Vec::new() },
                limit: None,
                offset: None,
                with: With::of(select.with_clause.as_ref(), &inner_ctes),
                output: query.output.clone(),
            });
            let rel = binder.with_ctes(inner_ctes, query.rel);
            Ok(Query { rel, ..query })
        })
    }

    fn recursive_union(
        &mut self,
        select: &SelectStmt,
        id: CteId,
        initial: Query,
        recursive: Query,
        columns: Vec<(String, SqlType)>,
    ) -> Result<Query> {
        if initial.output.len() != recursive.output.len() {
            return Err(Error::syntax("each UNION query must have the same number of columns"));
        }
        let wanted: Vec<SqlType> = initial.output.iter().map(|column| column.ty).collect();
        let recursive = self.coerced_output(recursive, &wanted, "UNION")?;
        let columns: Vec<OutputColumn> =
            columns.into_iter().map(|(name, ty)| self.new_column(name, ty)).collect();
        let rel = Rel::RecursiveUnion {
            id,
            all: select.all,
            initial: Box::new(initial.rel),
            recursive: Box::new(recursive.rel),
            columns: columns.clone(),
        };
        Ok(Query { rel, output: columns })
    }

    fn check_recursive_types(
        &self,
        cte: &CommonTableExpr,
        wanted: &[OutputColumn],
        actual: &[OutputColumn],
        locations: &[i32],
    ) -> Result<()> {
        for (index, (wanted, actual)) in wanted.iter().zip(actual).enumerate() {
            let wanted = wanted.ty;
            let overall = self.common_of(&[wanted.oid, actual.ty.oid]).unwrap_or(actual.ty.oid);
            let typmod = if actual.ty == wanted { wanted.typmod } else { -1 };
            if (overall, typmod) != (wanted.oid, wanted.typmod) {
                let name =
                    |oid, typmod| self.catalog.format_type(&self.search_path, oid, Some(typmod));
                return Err(Error::new(
                    sqlstate::DATATYPE_MISMATCH,
                    format!(
                        "recursive query \"{}\" column {} has type {} in non-recursive term but type {} overall",
                        cte.ctename,
                        index + 1,
                        name(wanted.oid, wanted.typmod),
                        name(overall, typmod)
                    ),
                )
                .with_hint("Cast the output of the non-recursive term to the correct type.")
                .at(locations[index]));
            }
        }
        Ok(())
    }

    /// Makes a query known to its own recursive term; `marks` of its columns are
    /// those that SEARCH and CYCLE add.
    fn declare_at(
        &mut self,
        level: usize,
        cte: &CommonTableExpr,
        columns: &[(String, SqlType)],
        marks: usize,
        id: CteId,
    ) {
        self.levels[level].ctes.push(CteBinding {
            id,
            name: cte.ctename.clone(),
            columns: columns.to_vec(),
            marks,
            references: 0,
            state: CteState::Recursive,
            readable: true,
        });
    }
}

/// What a statement of WITH gives, and whether it can be read.
fn modifying(statement: Statement) -> (CteBody, Vec<OutputColumn>, bool) {
    let returning = statement.returning();
    let readable = returning.is_some();
    let columns = returning
        .map(|returning| returning.exprs.iter().map(|(column, _)| column.clone()).collect())
        .unwrap_or_default();
    (CteBody::Modify(Box::new(statement)), columns, readable)
}

fn names_of(cte: &CommonTableExpr, columns: &[OutputColumn]) -> Result<Vec<String>> {
    let aliases = strings(&cte.aliascolnames);
    if aliases.len() > columns.len() {
        return Err(Error::new(
            sqlstate::INVALID_COLUMN_REFERENCE,
            format!(
                "WITH query \"{}\" has {} columns available but {} columns specified",
                cte.ctename,
                columns.len(),
                aliases.len()
            ),
        )
        .at(cte.location));
    }
    let rest = columns[aliases.len()..].iter().map(|column| column.name.clone());
    Ok(aliases.iter().cloned().chain(rest).collect())
}

fn named_columns(
    cte: &CommonTableExpr,
    mut columns: Vec<OutputColumn>,
) -> Result<Vec<OutputColumn>> {
    let names = names_of(cte, &columns)?;
    for (column, name) in columns.iter_mut().zip(names) {
        column.name = name;
    }
    Ok(columns)
}
