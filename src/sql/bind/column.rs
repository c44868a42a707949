//! Column references: what a name means here, and the errors when it means
//! nothing.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::ColumnRef;

use super::Binder;
use super::node::typed;
use super::scope::{Clause, Item, ItemColumn};
use crate::catalog;
use crate::error::{Error, Result};
use crate::sql::ir::{Expr, ExprKind};
use crate::sql::types::{SqlType, oid, record};
use crate::sqlstate;

/// Names further apart than this are not suggested.
const FUZZY_DISTANCE_MAX: usize = 3;

/// Where an item is: query level, and index within it.
#[derive(Clone, Copy)]
pub(super) struct ItemPlace {
    level: usize,
    index: usize,
}

impl Binder<'_> {
    pub(super) fn column_ref(&mut self, node: &ColumnRef) -> Result<Expr> {
        if self.has_variables() {
            let names: Vec<&str> = node.fields.iter().filter_map(super::node::string).collect();
            return self.column_or_variable(node, &names);
        }
        self.plain_column_ref(node)
    }

    pub(super) fn plain_column_ref(&mut self, node: &ColumnRef) -> Result<Expr> {
        let names: Vec<&str> = node.fields.iter().filter_map(super::node::string).collect();
        let star = matches!(
            node.fields.last().and_then(|field| field.node.as_ref()),
            Some(NodeEnum::AStar(_))
        );
        let location = node.location;
        if self.levels.last().is_some_and(|level| level.clause == Clause::ColumnDefault) {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot use column reference in DEFAULT expression",
            )
            .at(location));
        }
        match (names.as_slice(), star) {
            ([name], false) => self.unqualified_column(name, location),
            ([table, column], false) => self.qualified_column(None, table, column, location),
            ([schema, table, column], false) => {
                self.qualified_column(Some(schema), table, column, location)
            }
            ([database, schema, table, column], false) => {
                self.check_database(database, &names.join("."), location)?;
                self.qualified_column(Some(schema), table, column, location)
            }
            ([table], true) => {
                let place = self.require_item(None, table, location)?;
                Ok(self.whole_row(place, location))
            }
            ([schema, table], true) => {
                let place = self.require_item(Some(schema), table, location)?;
                Ok(self.whole_row(place, location))
            }
            _ => Err(Error::syntax(format!(
                "improper qualified name (too many dotted names): {}",
                names.join(".")
            ))
            .at(location)),
        }
    }

    fn check_database(&self, database: &str, full: &str, location: i32) -> Result<()> {
        if database == self.eval.settings.database {
            return Ok(());
        }
        Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!("cross-database references are not implemented: {full}"),
        )
        .at(location))
    }

    fn unqualified_column(&mut self, name: &str, location: i32) -> Result<Expr> {
        if let Some(expr) = self.find_column(name, location)? {
            return Ok(expr);
        }
        if let Some(place) = self.find_item(None, name, location)? {
            return Ok(self.whole_row(place, location));
        }
        if let Some(param) = self.named_param(name, location) {
            return Ok(param);
        }
        Err(self.no_column(None, name, location))
    }

    /// A column by name alone, from the innermost level outwards.
    pub(super) fn find_column(&mut self, name: &str, location: i32) -> Result<Option<Expr>> {
        for index in (0..self.levels.len()).rev() {
            let level = &self.levels[index];
            let visible =
                |item: &&Item| item.columns_visible && (!item.lateral_only || level.lateral_active);
            let mut found: Option<(&Item, &ItemColumn)> = None;
            for item in level.items.iter().filter(visible) {
                for column in item.named(name) {
                    if found.is_some() {
                        return Err(ambiguous_column(name).at(location));
                    }
                    found = Some((item, column));
                }
            }
            if let Some((item, column)) = found {
                check_lateral(item, location)?;
                let expr = Expr { location, ..column.expr.clone() };
                let (lateral, origin) = (item.lateral_only, column.origin);
                self.levels[index].lateral_used |= lateral;
                self.note_selected(origin);
                return Ok(Some(expr));
            }
            if level.barrier {
                break;
            }
        }
        Ok(None)
    }

    fn qualified_column(
        &mut self,
        schema: Option<&str>,
        table: &str,
        name: &str,
        location: i32,
    ) -> Result<Expr> {
        let Some(place) = self.find_item(schema, table, location)? else {
            return match self.qualified_argument(schema, table, name, location)? {
                Some(expr) => Ok(expr),
                None => Err(self.no_item(schema, table, location)),
            };
        };
        if self.item(place).named(name).next().is_none() {
            let row = self.whole_row(place, location);
            return match self.functional_field(&row, name, location)? {
                Some(value) => Ok(value),
                None => Err(self.no_column(Some(table), name, location)),
            };
        }
        let item = &self.levels[place.level].items[place.index];
        let named: Vec<&ItemColumn> = item.named(name).take(2).collect();
        let (expr, origin) = match named.as_slice() {
            [] => return Err(self.no_column(Some(table), name, location)),
            [column] => (column.expr.clone(), column.origin),
            _ => return Err(ambiguous_column(name).at(location)),
        };
        self.note_selected(origin);
        Ok(Expr { location, ..expr })
    }

    /// In a function in SQL: `argument.field`, or `function.argument`.
    fn qualified_argument(
        &mut self,
        schema: Option<&str>,
        table: &str,
        name: &str,
        location: i32,
    ) -> Result<Option<Expr>> {
        if schema.is_some() {
            return Ok(None);
        }
        if let Some(record) = self.named_param(table, location) {
            return self.field(record, name, location).map(Some);
        }
        if self.has_fields_by_expression()
            && let Some(record) = self.variable(&[table], location)?
            && self.is_complex(record.ty.oid)
        {
            return self.field(record, name, location).map(Some);
        }
        Ok(None)
    }

    /// A FROM item by its name.
    pub(super) fn find_item(
        &mut self,
        schema: Option<&str>,
        name: &str,
        location: i32,
    ) -> Result<Option<ItemPlace>> {
        for level in (0..self.levels.len()).rev() {
            let here = &self.levels[level];
            let mut found = None;
            for (index, item) in here.items.iter().enumerate() {
                let visible = item.table_visible && (!item.lateral_only || here.lateral_active);
                if !visible || !self.item_is_named(item, schema, name) {
                    continue;
                }
                if found.is_some() {
                    return Err(Error::new(
                        sqlstate::AMBIGUOUS_ALIAS,
                        format!("table reference \"{name}\" is ambiguous"),
                    )
                    .at(location));
                }
                check_lateral(item, location)?;
                found = Some(index);
            }
            if let Some(index) = found {
                let lateral = here.items[index].lateral_only;
                self.levels[level].lateral_used |= lateral;
                return Ok(Some(ItemPlace { level, index }));
            }
            if here.barrier {
                break;
            }
        }
        Ok(None)
    }

    fn item_is_named(&self, item: &Item, schema: Option<&str>, name: &str) -> bool {
        match (schema, &item.relation) {
            (None, _) => item.alias == name,
            (Some(schema), Some(relation)) => {
                let found = self.catalog.find_schema(&self.search_path, schema);
                !item.aliased
                    && item.alias == name
                    && (item.schema == schema
                        || found.is_some_and(|found| found.oid == relation.schema))
            }
            (Some(_), None) => false,
        }
    }

    pub(super) fn require_item(
        &mut self,
        schema: Option<&str>,
        name: &str,
        location: i32,
    ) -> Result<ItemPlace> {
        match self.find_item(schema, name, location)? {
            Some(place) => Ok(place),
            None => Err(self.no_item(schema, name, location)),
        }
    }

    pub(super) fn item(&self, place: ItemPlace) -> &Item {
        &self.levels[place.level].items[place.index]
    }

    fn whole_row(&mut self, place: ItemPlace, location: i32) -> Expr {
        let columns = self.item(place).columns.clone();
        self.note_selected_items(&columns);
        whole_row(self.item(place), location)
    }

    /// `42P01`: with a word on what may have been meant.
    fn no_item(&mut self, schema: Option<&str>, name: &str, location: i32) -> Error {
        let relation = catalog::find_relation(&self.catalog, &self.search_path, schema, name)
            .map(|relation| relation.oid);
        let known = self.levels.iter().rev().flat_map(|level| &level.seen).find(|item| {
            let same_relation =
                item.relation.as_ref().is_some_and(|known| Some(known.oid) == relation);
            same_relation || (schema.is_none() && item.alias == name)
        });
        let Some(known) = known.map(|item| item.alias.clone()) else {
            return Error::new(
                sqlstate::UNDEFINED_TABLE,
                format!("missing FROM-clause entry for table \"{name}\""),
            )
            .at(location);
        };
        let error = Error::new(
            sqlstate::UNDEFINED_TABLE,
            format!("invalid reference to FROM-clause entry for table \"{name}\""),
        )
        .at(location);
        let visible = known != name && matches!(self.find_item(None, &known, -1), Ok(Some(_)));
        error.with_hint(match visible {
            true => format!("Perhaps you meant to reference the table alias \"{known}\"."),
            false => format!(
                "There is an entry for table \"{known}\", but it cannot be referenced from this part of the query."
            ),
        })
    }

    /// `42703`: with the closest column names.
    pub(super) fn no_column(&self, table: Option<&str>, name: &str, location: i32) -> Error {
        let message = match table {
            Some(table) => format!("column {table}.{name} does not exist"),
            None => format!("column \"{name}\" does not exist"),
        };
        let error = Error::new(sqlstate::UNDEFINED_COLUMN, message).at(location);
        match self.closest_columns(table, name) {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    fn closest_columns(&self, table: Option<&str>, name: &str) -> Option<String> {
        let mut best = FUZZY_DISTANCE_MAX + 1;
        let mut found: Vec<(String, String)> = Vec::new();
        let mut crowded = false;
        for item in self.levels.iter().rev().flat_map(|level| &level.seen) {
            let penalty = table
                .map_or(0, |table| levenshtein(table, &item.alias).min(FUZZY_DISTANCE_MAX + 1));
            if penalty == 0 && item.named(name).next().is_some() {
                return Some(format!(
                    "There is a column named \"{name}\" in table \"{}\", but it cannot be referenced from this part of the query.",
                    item.alias
                ));
            }
            for column in &item.columns {
                if penalty > best {
                    break;
                }
                let distance = levenshtein(&column.name, name);
                if distance > name.len() / 2 {
                    continue;
                }
                let distance = distance + penalty;
                let entry = (item.alias.clone(), column.name.clone());
                if distance < best {
                    (best, found, crowded) = (distance, vec![entry], false);
                } else if distance == best && best <= FUZZY_DISTANCE_MAX {
                    if found.len() >= 2 {
                        (found, crowded) = (Vec::new(), true);
                    } else if !crowded {
                        found.push(entry);
                    }
                }
            }
        }
        match found.as_slice() {
            [(table, column)] => {
                Some(format!("Perhaps you meant to reference the column \"{table}.{column}\"."))
            }
            [(t1, c1), (t2, c2)] => Some(format!(
                "Perhaps you meant to reference the column \"{t1}.{c1}\" or the column \"{t2}.{c2}\"."
            )),
            _ => None,
        }
    }
}

/// A FROM item as one value.
pub(super) fn whole_row(item: &Item, location: i32) -> Expr {
    if let ([column], true) = (item.columns.as_slice(), item.scalar) {
        return Expr { location, ..column.expr.clone() };
    }
    let fields = item.columns.iter().map(|column| column.expr.clone()).collect();
    let ty = match item.row_type {
        oid::RECORD => {
            let field = |column: &ItemColumn| (column.name.clone(), column.expr.ty);
            record::type_of(item.columns.iter().map(field).collect())
        }
        row_type => SqlType::new(row_type),
    };
    let row = typed(ExprKind::Row(fields), ty, location);
    match item.nullable {
        true => null_if_absent(item, row),
        false => row,
    }
}

/// NULL in place of a row that an outer join did not find: told by a column that is
/// never NULL, else by all.
fn null_if_absent(item: &Item, row: Expr) -> Expr {
    let never_null = |column: &&ItemColumn| {
        column.origin.is_some_and(|(_, attnum)| {
            let at = usize::try_from(attnum - 1).ok();
            let columns = item.relation.as_ref().map(|relation| &relation.columns);
            columns.zip(at).and_then(|(columns, at)| columns.get(at)).is_some_and(|c| c.not_null)
        })
    };
    let told_by = item.columns.iter().find(never_null).or_else(|| item.named("ctid").next());
    let columns = match told_by {
        Some(column) => std::slice::from_ref(column),
        None => &item.columns[..],
    };
    let test = |column: &ItemColumn| {
        super::node::bool_expr(ExprKind::IsNull(Box::new(column.expr.clone())), -1)
    };
    let Some(absent) = super::node::all_of(columns.iter().map(test).collect()) else {
        return row;
    };
    let (ty, location) = (row.ty, row.location);
    let whens = vec![(absent, super::node::null(ty))];
    typed(ExprKind::Case { operand: None, whens, otherwise: Some(Box::new(row)) }, ty, location)
}

fn ambiguous_column(name: &str) -> Error {
    Error::new(sqlstate::AMBIGUOUS_COLUMN, format!("column reference \"{name}\" is ambiguous"))
}

fn check_lateral(item: &Item, location: i32) -> Result<()> {
    if !item.lateral_only || item.lateral_ok {
        return Ok(());
    }
    Err(Error::new(
        sqlstate::INVALID_COLUMN_REFERENCE,
        format!("invalid reference to FROM-clause entry for table \"{}\"", item.alias),
    )
    .with_detail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.")
    .at(location))
}

/// The number of insertions, deletions and substitutions between two words.
fn levenshtein(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::levenshtein;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(levenshtein("kitten", "sitting"), 3);
        assert_eq!(levenshtein("", "abc"), 3);
        assert_eq!(levenshtein("abc", "abc"), 0);
    }
}
