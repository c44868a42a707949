//! Whether two expressions mean the same: PostgreSQL's `equal()` on trees.
//!
//! Locations do not count. Subqueries never equal each other, which is also
//! what keeps GROUP BY from merging them.

use crate::sql::ir::{Call, Expr, ExprKind, SortKey};

pub(in crate::sql) fn same(a: &Expr, b: &Expr) -> bool {
    use ExprKind::*;
    if a.ty != b.ty {
        return false;
    }
    match (&a.kind, &b.kind) {
        (Const(x), Const(y)) => format!("{x:?}") == format!("{y:?}"),
        (Param(x), Param(y)) => x == y,
        (Column(x), Column(y)) => x == y,
        (Call(x), Call(y)) => same_call(x, y),
        (Relabel(x), Relabel(y))
        | (CoerceViaText(x), CoerceViaText(y))
        | (Not(x), Not(y))
        | (IsNull(x), IsNull(y))
        | (IsNotNull(x), IsNotNull(y)) => same(x, y),
        (ArrayCoerce { array: x, element: e }, ArrayCoerce { array: y, element: f }) => {
            same(x, y) && same(e, f)
        }
        (Element, Element) | (CaseOperand, CaseOperand) => true,
        (And(x), And(y))
        | (Or(x), Or(y))
        | (Coalesce(x), Coalesce(y))
        | (Greatest(x), Greatest(y))
        | (Least(x), Least(y))
        | (Row(x), Row(y)) => same_list(x, y),
        (BoolTest { arg: x, value: v, negated: n }, BoolTest { arg: y, value: w, negated: m }) => {
            v == w && n == m && same(x, y)
        }
        (Distinct { equal: x, negated: n }, Distinct { equal: y, negated: m }) => {
            n == m && same_call(x, y)
        }
        (NullIf { equal: x }, NullIf { equal: y }) => same_call(x, y),
        (
            Case { operand: o, whens: w, otherwise: e },
            Case { operand: p, whens: x, otherwise: f },
        ) => {
            same_option(o, p)
                && same_option(e, f)
                && w.len() == x.len()
                && w.iter().zip(x).all(|((a, b), (c, d))| same(a, c) && same(b, d))
        }
        (
            ArrayCompare { operator: o, left: l, array: x, all: a },
            ArrayCompare { operator: p, left: m, array: y, all: b },
        ) => o.oid == p.oid && a == b && same(l, m) && same(x, y),
        (
            InList { equal: o, left: l, list: x, negated: n },
            InList { equal: p, left: m, list: y, negated: q },
        ) => o.oid == p.oid && n == q && same(l, m) && same_list(x, y),
        (Array { elements: x, .. }, Array { elements: y, .. }) => same_list(x, y),
        (Subscript { array: x, indexes: i }, Subscript { array: y, indexes: j }) => {
            same(x, y) && same_list(i, j)
        }
        (Field { record: x, index: i }, Field { record: y, index: j }) => i == j && same(x, y),
        _ => false,
    }
}

pub(super) fn same_list(a: &[Expr], b: &[Expr]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| same(x, y))
}

pub(super) fn same_keys(a: &[SortKey], b: &[SortKey]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(x, y)| {
            x.descending == y.descending && x.nulls_first == y.nulls_first && same(&x.expr, &y.expr)
        })
}

pub(super) fn same_call(a: &Call, b: &Call) -> bool {
    a.function.oid == b.function.oid && same_list(&a.args, &b.args)
}

pub(super) fn same_option(a: &Option<Box<Expr>>, b: &Option<Box<Expr>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b),
        (None, None) => true,
        _ => false,
    }
}
