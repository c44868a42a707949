//! CREATE STATISTICS as it would be written.

use super::display::{display, pretty};
use super::index::is_function_call;
use crate::catalog::{
    Catalog, ExtendedStatistics, StatisticsKind, quote_identifier, quote_qualified,
};
use crate::sql::types::Oid;

/// `CREATE STATISTICS public.s ON a, (b + 1) FROM t`
pub fn statistics_definition(
    catalog: &Catalog,
    path: &[Oid],
    statistics: &ExtendedStatistics,
) -> Option<String> {
    let table = catalog.relation(statistics.table)?;
    let named: Vec<StatisticsKind> =
        StatisticsKind::NAMED.into_iter().filter(|kind| statistics.has(*kind)).collect();
    // All of them is what is meant without a list; of one expression alone there are none.
    let kinds = match named.len() {
        0 | 3 => String::new(),
        _ => {
            let words: Vec<&str> = named.iter().filter_map(|kind| kind.word()).collect();
            format!(" ({})", words.join(", "))
        }
    };
    Some(format!(
        "CREATE STATISTICS {}{kinds} ON {} FROM {}",
        quote_qualified(Some(catalog.schema_name(statistics.schema)), &statistics.name),
        statistics_parts(catalog, path, statistics)?,
        catalog.relation_name(path, table)
    ))
}

/// `a, (b + 1)`
pub fn statistics_parts(
    catalog: &Catalog,
    path: &[Oid],
    statistics: &ExtendedStatistics,
) -> Option<String> {
    let table = catalog.relation(statistics.table)?;
    let columns = statistics.columns.iter().map(|number| {
        let column = usize::try_from(number - 1).ok().and_then(|at| table.columns.get(at));
        column.map_or_else(String::new, |column| quote_identifier(&column.name))
    });
    let expressions = statistics_expressions(catalog, path, statistics);
    let expressions = expressions.iter().map(|sql| {
        let sql = pretty(sql);
        if is_function_call(&sql) { sql } else { format!("({sql})") }
    });
    Some(columns.chain(expressions).collect::<Vec<String>>().join(", "))
}

pub fn statistics_expressions(
    catalog: &Catalog,
    path: &[Oid],
    statistics: &ExtendedStatistics,
) -> Vec<String> {
    statistics.expressions.iter().map(|(sql, _)| display(catalog, path, sql)).collect()
}
