//! How the nearest rows of a scan are found, and the plan that finds them.

use std::cmp::Reverse;
use std::sync::Arc;

use super::condition::Shape;
use super::fast::all_of;
use super::operator::{Compares, Field, NearestRows, Passes, Source};
use super::{Sought, read};
use crate::catalog::RelationKind;
use crate::error::{Error, Result};
use crate::index::vector::{Condition, Point};
use crate::index::vector_options::VectorOptions;
use crate::index::{HNSW, IndexInfo};
use crate::sql::bind::{bind_relation_expression_sql, same};
use crate::sql::dml::{self, Conditions};
use crate::sql::ir::{Call, ColumnId, Expr, ExprKind, Rel, SortKey, visit};
use crate::sql::plan::append;
use crate::sql::plan::form::{Form, Scope};
use crate::sql::plan::lower::{Lowering, Relation};
use crate::sql::plan::operator::OperatorNode;
use crate::sql::plan::{batch, source, walk};
use crate::sql::run::eval::Evaluator;
use crate::sql::types::{Datum, SqlType, oid};
use crate::table::scan::{Comparison, IndexHints};
use crate::table::{Member, TableInfo};

/// Tables of fewer rows are sorted: that costs less than a search.
pub(super) const INDEX_ROWS_MIN: i64 = 1_000;
/// The most rows that a LIMIT asks an index for, and what part of the table.
const LIMIT_MAX: usize = 10_000;
const LIMIT_DIVISOR: i64 = 4;
/// Tables of more rows are sorted where all of them are wanted: a sort spills.
const ALL_ROWS_MAX: i64 = 1_000_000;
/// Tables of fewer rows are sorted where there is no index, with PostgreSQL's algorithm.
const SCAN_ROWS_MIN: i64 = 16_384;

/// Whether so few rows of so many are worth a search.
pub(super) fn is_small_against(fetch: usize, rows: i64) -> bool {
    fetch <= LIMIT_MAX && (fetch as i64).saturating_mul(LIMIT_DIVISOR) <= rows
}

/// How many rows are asked for.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// No more are read.
    pub fetch: Option<usize>,
    /// Other rows are made of them, or conditions asked that are not asked here.
    pub drives: bool,
}

/// A relation over rows that come in the order of a sort, and the node that finds them;
/// none where they are to be sorted.
pub(super) fn lower_with(
    lowering: &Lowering<'_>,
    input: &Rel,
    keys: &[SortKey],
    wanted: Wanted,
) -> Result<Option<(Relation, Arc<NearestRows>)>> {
    let Some(found) = read(input, keys, wanted.drives) else { return Ok(None) };
    let is_table = matches!(found.scan.relation.kind, RelationKind::Table);
    if !is_table || found.scan.relation.is_unpopulated() || wanted.fetch == Some(0) {
        return Ok(None);
    }
    // An error is the sort's to give.
    let Some(known) = Known::of(lowering, &found) else { return Ok(None) };
    let members = append::members(lowering, found.scan, known.predicate.as_ref())?;
    if members.is_empty() {
        return Ok(None);
    }
    let sources = members
        .iter()
        .zip(1..)
        .map(|(member, number)| known.source(member, (number, members.len())))
        .collect::<Result<Option<Vec<Source>>>>()?;
    let Some(sources) = sources else { return Ok(None) };
    if !known.is_worth_it(&sources, wanted)? {
        return Ok(None);
    }
    let (relation, node) = known.plan(sources, wanted.fetch)?;
    let relation = lowering.over(found.scan, relation, input)?;
    Ok(Some((relation, node)))
}

/// A sort with everything that is known now.
struct Known<'a> {
    lowering: &'a Lowering<'a>,
    sought: &'a Sought<'a>,
    compared: Expr,
    query: Datum,
    /// Dimensions of the query; none of NULL.
    dims: Option<usize>,
    /// All filters as one.
    predicate: Option<Expr>,
}

impl<'a> Known<'a> {
    fn of(lowering: &'a Lowering<'a>, sought: &'a Sought<'a>) -> Option<Known<'a>> {
        let planner = lowering.planner;
        let query = lowering.constant_value(&sought.query).ok()?;
        let dims = match &query {
            Datum::Null => None,
            query => Some(Point::of_query(sought.class, query).ok()?.dims()),
        };
        let filters = sought.filters.iter().map(|filter| planner.substitute(filter));
        let filters: Vec<Expr> = filters.collect::<Result<_>>().ok()?;
        let predicate = all_of(&filters.iter().collect::<Vec<_>>());
        let compared = planner.substitute(&sought.compared).ok()?;
        Some(Known { lowering, sought, compared, query, dims, predicate })
    }

    /// One table's part; none where this cannot be done.
    fn source(&self, member: &Arc<Member>, place: (usize, usize)) -> Result<Option<Source>> {
        let (info, scan) = (&member.info, self.sought.scan);
        let Some(positions) = Columns::of(member, scan) else { return Ok(None) };
        let catalog = self.lowering.catalog();
        let passes = match &self.predicate {
            None => None,
            Some(predicate) => match positions.evaluator(predicate, catalog) {
                Some((evaluator, positions)) => Some(Passes { evaluator, positions }),
                None => return Ok(None),
            },
        };
        let compares = match &self.compared.kind {
            ExprKind::Column(id) => match positions.position(*id) {
                Some(position) => Compares::Column(position),
                None => return Ok(None),
            },
            _ => match positions.evaluator(&self.compared, catalog) {
                Some((evaluator, positions)) => Compares::Expression { evaluator, positions },
                None => return Ok(None),
            },
        };
        let hints = self.hints(info, &positions);
        let index = self.index(info, &positions, &hints);
        let name = if scan.alias.is_empty() { &scan.relation.name } else { &scan.alias };
        let is_root = info.oid() == scan.relation.oid;
        let alias = match place {
            (number, several) if several > 1 => Some(format!("{name}_{number}")),
            _ => (!is_root || !scan.alias.is_empty()).then(|| name.to_owned()),
        };
        let mut fields = Vec::with_capacity(scan.columns.len() + 1);
        for (number, column) in &scan.columns {
            let form = Form::of(column.ty, catalog)?;
            fields.push(match *number {
                1.. => match positions.position(column.id) {
                    Some(position) => Field::Column(position),
                    None => return Ok(None),
                },
                number => match source::system_field(number) {
                    Some(field) => Field::System(field),
                    None => Field::Constant(source::constant_column(info.oid(), number)?, form),
                },
            });
        }
        if scan.rid.is_some() {
            fields.push(Field::System(crate::table::ScanColumn::Rid));
        }
        Ok(Some(Source {
            info: Arc::clone(info),
            index,
            fields,
            passes,
            compares,
            comparisons: self.comparisons(info, &positions),
            condition: self.condition(&positions),
            hints,
            alias,
        }))
    }

    /// The distance, over the attribute numbers of the table that was named.
    fn order_by(&self) -> Expr {
        let scan = self.sought.scan;
        let numbers = scan.columns.iter().map(|(number, column)| (*number, column.id)).collect();
        let query = Expr {
            kind: ExprKind::Const(self.query.clone()),
            ty: SqlType::new(self.sought.query.ty.oid),
            location: -1,
        };
        let ty = SqlType::new(self.sought.function.returns);
        let args = vec![Columns { numbers }.by_number(&self.compared), query];
        let function = Arc::clone(&self.sought.function);
        let call = Call { function, args, ty, sql_syntax: false };
        Expr { kind: ExprKind::Call(call), ty, location: -1 }
    }

    /// What the filter says of single columns of a table.
    fn comparisons(&self, info: &TableInfo, columns: &Columns) -> Vec<(usize, Comparison)> {
        let Some(predicate) = &self.predicate else { return Vec::new() };
        let eval = self.lowering.planner.eval();
        let conditions = Conditions::new(predicate, &columns.numbers, self.lowering.catalog());
        let found = conditions.and_then(|conditions| conditions.evaluate(info, eval, &[]));
        found.ok().flatten().unwrap_or_default()
    }

    /// What identifies the filter over a table's rows.
    fn condition(&self, columns: &Columns) -> Option<Condition> {
        let planner = self.lowering.planner;
        let predicate = all_of(&self.sought.filters)?;
        Shape::of(&predicate, &columns.numbers)?.with(|param| planner.param(param).ok())
    }

    fn hints(&self, info: &TableInfo, columns: &Columns) -> IndexHints {
        if info.indexes.iter().all(|index| index.is_over_columns()) {
            return IndexHints::default();
        }
        let planner = self.lowering.planner;
        let condition =
            self.predicate.as_ref().map(|predicate| (predicate, columns.numbers.as_slice()));
        dml::index_hints(info, condition, planner.eval(), &[], |expr| planner.substitute(expr))
    }

    /// The index to search: a partial one before one of all rows, a graph before lists, and
    /// of those the one with more, as a list of it is shorter.
    fn index(
        &self,
        info: &TableInfo,
        columns: &Columns,
        hints: &IndexHints,
    ) -> Option<Arc<IndexInfo>> {
        let compared = columns.by_number(&self.compared);
        let fits = |index: &&Arc<IndexInfo>| {
            let Some(key) = index.keys.first() else { return false };
            let dims = usize::try_from(key.ty.typmod).ok();
            index.valid
                && index.vector_class() == Some(self.sought.class)
                && (self.dims.is_none() || self.dims == dims)
                && (index.predicate.is_none() || hints.implied.contains(&index.oid()))
                && self.is_key(info, key, &compared)
        };
        let order = |index: &&Arc<IndexInfo>| {
            let lists = VectorOptions::of(&index.relation).lists;
            let is_lists = index.access_method != HNSW;
            (index.predicate.is_none(), is_lists, Reverse(lists), index.oid())
        };
        info.indexes.iter().filter(fits).min_by_key(order).cloned()
    }

    fn is_key(&self, info: &TableInfo, key: &crate::index::KeyColumn, compared: &Expr) -> bool {
        let Some(sql) = &key.expression else {
            return matches!(compared.kind, ExprKind::Column(id) if Ok(id.0) == u32::try_from(key.column));
        };
        let planner = self.lowering.planner;
        let bound = bind_relation_expression_sql(planner.eval(), &info.relation, sql, None);
        let simplified = bound.and_then(|expr| planner.substitute(&expr));
        simplified.is_ok_and(|expr| same(&expr, compared))
    }

    /// Whether to find the rows this way costs less than to sort them, or is wanted.
    fn is_worth_it(&self, sources: &[Source], wanted: Wanted) -> Result<bool> {
        let fetch = wanted.fetch;
        let settings = &self.lowering.planner.eval().settings.vector;
        let overlay = self.lowering.planner.overlay();
        let mut rows = 0i64;
        for source in sources {
            rows = rows.saturating_add(overlay.published().row_count(source.info.storage_id())?);
        }
        let has_index = sources.iter().any(|source| source.index.is_some());
        if has_index && settings.index_scans {
            let fits = rows <= ALL_ROWS_MAX || fetch.is_some_and(|fetch| fetch <= LIMIT_MAX);
            if !settings.seq_scans && !wanted.drives && fits {
                return Ok(true);
            }
            let is_small = fetch.is_some_and(|fetch| is_small_against(fetch, rows));
            if rows >= INDEX_ROWS_MIN && is_small {
                return Ok(true);
            }
        }
        // Filters have better plans of their own.
        let is_plain = |source: &Source| {
            source.passes.is_none() && matches!(source.compares, Compares::Column(_))
        };
        Ok(rows > SCAN_ROWS_MIN
            && !wanted.drives
            && fetch.is_some_and(|fetch| fetch <= LIMIT_MAX)
            && sources.iter().all(is_plain))
    }

    fn plan(
        &self,
        mut sources: Vec<Source>,
        fetch: Option<usize>,
    ) -> Result<(Relation, Arc<NearestRows>)> {
        let planner = self.lowering.planner;
        let settings = planner.eval().settings.vector;
        if !settings.index_scans {
            sources.iter_mut().for_each(|source| source.index = None);
        }
        let scan = self.sought.scan;
        let mut columns: Vec<(ColumnId, SqlType)> =
            scan.columns.iter().map(|(_, column)| (column.id, column.ty)).collect();
        columns.extend(scan.rid.map(|rid| (rid, SqlType::new(oid::INT8))));
        let mut scope = Scope::default();
        let mut forms = Vec::with_capacity(columns.len());
        for ((id, ty), field) in columns.iter().zip(&sources[0].fields) {
            let own = Form::of(*ty, self.lowering.catalog())?;
            let form = match field {
                Field::Column(position) => {
                    Form { data_type: sources[0].info.columns[*position].arrow.clone(), ..own }
                }
                _ => own,
            };
            scope.insert(*id, form.clone());
            forms.push((*id, form));
        }
        let operator = NearestRows::new(planner, sources, self.sought.class, &self.query, fetch)
            .shown(self.order_by());
        let operator = Arc::new(operator);
        let node = Arc::clone(&operator);
        let plan = OperatorNode::plan(operator, Vec::new(), batch::schema(&forms))?;
        Ok((Relation { plan, scope }, node))
    }
}

/// The columns of a scan in one table of its family.
struct Columns {
    /// The table's attribute numbers.
    numbers: Vec<(i16, ColumnId)>,
}

impl Columns {
    fn of(member: &Member, scan: &crate::sql::ir::Scan) -> Option<Columns> {
        let stored = scan.columns.iter().filter(|(number, _)| *number > 0);
        let numbers = stored.map(|(number, column)| Some((member.attnum(*number)?, column.id)));
        Some(Columns { numbers: numbers.collect::<Option<_>>()? })
    }

    fn position(&self, id: ColumnId) -> Option<usize> {
        let (number, _) = self.numbers.iter().find(|(_, column)| *column == id)?;
        usize::try_from(*number - 1).ok()
    }

    /// An expression over rows of the columns that it reads, and their positions.
    fn evaluator(
        &self,
        expr: &Expr,
        catalog: &crate::catalog::Catalog,
    ) -> Option<(Evaluator, Vec<usize>)> {
        let mut read: Vec<ColumnId> = walk::columns_read(expr).into_iter().collect();
        read.sort();
        let positions = read.iter().map(|id| self.position(*id)).collect::<Option<Vec<_>>>()?;
        Some((Evaluator::compile(expr, &read, catalog).ok()?, positions))
    }

    /// An expression with each column under its attribute number.
    fn by_number(&self, expr: &Expr) -> Expr {
        let mut expr = expr.clone();
        visit::rewrite(&mut expr, &mut |part| {
            if let ExprKind::Column(id) = &mut part.kind {
                let number = self.numbers.iter().find(|(_, column)| column == id);
                *id = number.map_or(ColumnId(u32::MAX), |(number, _)| ColumnId(*number as u32));
            }
        });
        expr
    }
}

impl Lowering<'_> {
    /// Lowers a relation whose scan stands lowered already.
    fn over(
        &self,
        scan: &crate::sql::ir::Scan,
        relation: Relation,
        input: &Rel,
    ) -> Result<Relation> {
        let address = std::ptr::from_ref(scan).addr();
        self.lowered.lock().push((address, relation));
        let relation = self.rel(input)?;
        match self.lowered.lock().iter().any(|(at, _)| *at == address) {
            true => Err(Error::internal("a scan was not read where it stands")),
            false => Ok(relation),
        }
    }
}
