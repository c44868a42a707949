//! The statistics of one column's sampled values.

use crate::sql::types::{self, Datum, Repr};

/// Wider values are counted, but neither compared nor kept.
const WIDTH_MAX: usize = 1024;

/// From this part of the rows on, the number of distinct values grows with the table.
const DISTINCT_SCALES_FROM: f64 = 0.1;

/// What was found, as `pg_statistic` has it.
#[derive(Debug, Default)]
pub struct Found<'a> {
    pub null_fraction: f32,
    /// Average bytes of a value.
    pub width: i32,
    /// A number, or if negative the part of the rows (-1: all differ); 0 is unknown.
    pub distinct: f32,
    /// Values with the part of all rows that has them, most common first.
    pub common: Vec<(&'a Datum, f32)>,
    /// Bounds between equal parts of the values that are not among the common ones.
    pub histogram: Vec<&'a Datum>,
    pub correlation: Option<f32>,
}

/// A stretch of equal values among the sorted ones.
#[derive(Clone, Copy)]
struct Group {
    start: usize,
    count: usize,
}

impl<'a> Found<'a> {
    /// `values` in the order of the rows; `table_rows` is how many the table has, `target`
    /// how many common values and steps of the histogram are kept.
    pub fn of(values: &[&'a Datum], repr: &Repr, table_rows: f64, target: usize) -> Found<'a> {
        if values.is_empty() {
            return Found::default();
        }
        let widths = values.iter().filter(|value| !value.is_null()).map(|value| width(value));
        let (present, bytes) = widths.fold((0usize, 0usize), |(n, sum), w| (n + 1, sum + w));
        let mut found = Found {
            null_fraction: (values.len() - present) as f32 / values.len() as f32,
            width: bytes.checked_div(present).unwrap_or(0) as i32,
            ..Found::default()
        };
        if present == 0 || matches!(repr, Repr::Record(_) | Repr::Pseudo) {
            return found;
        }
        let mut sorted: Vec<(usize, &Datum)> = values
            .iter()
            .filter(|value| !value.is_null() && width(value) <= WIDTH_MAX)
            .copied()
            .enumerate()
            .collect();
        sorted.sort_by(|(_, a), (_, b)| types::compare(a, b, repr));
        let groups = groups(&sorted, repr);
        let wide = present - sorted.len();
        let sample = Counts { rows: values.len(), present, wide, table_rows, target };
        found.distinct = sample.distinct(&groups, found.null_fraction);
        let common = sample.common(&groups, &found);
        found.common = common
            .iter()
            .map(|group| (sorted[group.start].1, group.count as f32 / values.len() as f32))
            .collect();
        found.histogram = histogram(&sorted, &groups, &common, target);
        found.correlation = correlation(&sorted);
        found
    }
}

/// Bytes of a value, without the byte that tells its type.
fn width(value: &Datum) -> usize {
    let mut bytes = Vec::new();
    types::codec::encode(value, &mut bytes);
    bytes.len().saturating_sub(1)
}

fn groups(sorted: &[(usize, &Datum)], repr: &Repr) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (at, (_, value)) in sorted.iter().enumerate() {
        match groups.last_mut() {
            Some(group) if types::compare(sorted[group.start].1, value, repr).is_eq() => {
                group.count += 1;
            }
            _ => groups.push(Group { start: at, count: 1 }),
        }
    }
    groups
}

/// How much was looked at.
struct Counts {
    rows: usize,
    present: usize,
    wide: usize,
    table_rows: f64,
    target: usize,
}

impl Counts {
    /// Haas and Stokes' estimator Duj1 (Sampling-based estimation of the number of
    /// distinct values of an attribute, VLDB 1995).
    fn distinct(&self, groups: &[Group], null_fraction: f32) -> f32 {
        let multiple = groups.iter().filter(|group| group.count > 1).count();
        let not_null = f64::from(1.0 - null_fraction);
        if multiple == 0 {
            return -(not_null as f32);
        }
        let seen = groups.len() as f64;
        let whole = self.rows as f64 >= self.table_rows;
        let distinct = if self.wide == 0 && (multiple == groups.len() || whole) {
            seen
        } else {
            let once = (groups.len() - multiple + self.wide) as f64;
            let (n, d) = (self.present as f64, once + multiple as f64);
            let all = self.table_rows * not_null;
            (n * d / ((n - once) + once * n / all)).clamp(d, all.max(d)).round()
        };
        if distinct > DISTINCT_SCALES_FROM * self.table_rows {
            -(distinct / self.table_rows) as f32
        } else {
            distinct as f32
        }
    }

    /// The values that are worth remembering by themselves, most common first.
    fn common(&self, groups: &[Group], found: &Found<'_>) -> Vec<Group> {
        let mut common: Vec<Group> =
            groups.iter().filter(|group| group.count > 1).copied().collect();
        common.sort_by_key(|group| (std::cmp::Reverse(group.count), group.start));
        let all_common = common.len() == groups.len() && self.wide == 0 && found.distinct > 0.0;
        if all_common && common.len() <= self.target {
            return common;
        }
        common.truncate(self.target);
        let keep = self.significant(&common, found);
        common.truncate(keep);
        common
    }

    /// How many of the candidates are more common than the rest by more than chance
    /// (PostgreSQL's `analyze_mcv_list`: two standard deviations of the
    /// hypergeometric distribution).
    fn significant(&self, common: &[Group], found: &Found<'_>) -> usize {
        let (rows, all) = (self.rows as f64, self.table_rows);
        if rows >= all || all <= 1.0 {
            return common.len();
        }
        let distinct = f64::from(found.distinct);
        let distinct = if distinct < 0.0 { -distinct * all } else { distinct };
        let mut keep = common.len();
        let mut before: usize = common.iter().take(keep.saturating_sub(1)).map(|g| g.count).sum();
        while keep > 0 {
            let rest = 1.0 - before as f64 / rows - f64::from(found.null_fraction);
            let others = distinct - (keep as f64 - 1.0);
            let average = rest.clamp(0.0, 1.0) / others.max(1.0);
            let count = common[keep - 1].count as f64;
            let in_table = all * count / rows;
            let variance =
                rows * in_table * (all - in_table) * (all - rows) / (all * all * (all - 1.0));
            if count > average * rows + 2.0 * variance.sqrt() + 0.5 {
                break;
            }
            keep -= 1;
            before -= keep.checked_sub(1).map_or(0, |last| common[last].count);
        }
        keep
    }
}

/// Bounds that cut the values that are not common into parts of one size.
fn histogram<'a>(
    sorted: &[(usize, &'a Datum)],
    groups: &[Group],
    common: &[Group],
    target: usize,
) -> Vec<&'a Datum> {
    let bounds = (groups.len() - common.len()).min(target + 1);
    if bounds < 2 {
        return Vec::new();
    }
    let starts: std::collections::HashSet<usize> = common.iter().map(|group| group.start).collect();
    let rest: Vec<&Datum> = groups
        .iter()
        .filter(|group| !starts.contains(&group.start))
        .flat_map(|group| &sorted[group.start..group.start + group.count])
        .map(|(_, value)| *value)
        .collect();
    (0..bounds).map(|n| rest[n * (rest.len() - 1) / (bounds - 1)]).collect()
}

/// Pearson's correlation of the values' order with the rows' order.
fn correlation(sorted: &[(usize, &Datum)]) -> Option<f32> {
    if sorted.len() < 2 {
        return None;
    }
    let n = sorted.len() as f64;
    let sum = n * (n - 1.0) / 2.0;
    let squares = n * (n - 1.0) * (2.0 * n - 1.0) / 6.0;
    let products: f64 = sorted.iter().enumerate().map(|(x, (y, _))| x as f64 * *y as f64).sum();
    Some(((n * products - sum * sum) / (n * squares - sum * sum)) as f32)
}
