//! `pg_policy`.
//!
//! A condition is kept as a query, which only the binder can print: the columns of type
//! `pg_node_tree` hold a reference that `pg_get_expr` follows.

use super::cell::*;
use crate::catalog::{Catalog, Policy, PolicyCondition};
use crate::sql::types::{Datum, Oid};

/// Which of a policy's conditions a `pg_node_tree` stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConditionRef {
    pub policy: Oid,
    /// WITH CHECK, not USING.
    pub is_check: bool,
}

impl ConditionRef {
    fn text(self) -> String {
        let word = if self.is_check { "CHECK" } else { "USING" };
        format!("{{POLICY {} {word}}}", self.policy)
    }

    /// Reads what [`pg_policy`] shows.
    pub fn parse(text: &str) -> Option<ConditionRef> {
        let inner = text.strip_prefix("{POLICY ")?.strip_suffix('}')?;
        let (policy, word) = inner.split_once(' ')?;
        Some(ConditionRef { policy: policy.parse().ok()?, is_check: word == "CHECK" })
    }
}

pub(super) fn pg_policy(catalog: &Catalog) -> Vec<Row> {
    catalog.policies().map(|policy| row(policy)).collect()
}

fn row(policy: &Policy) -> Row {
    let condition = |kept: &Option<PolicyCondition>, is_check: bool| match kept {
        Some(_) => text(ConditionRef { policy: policy.oid, is_check }.text()),
        None => Datum::Null,
    };
    vec![
        oid(policy.oid),
        text(&policy.name),
        oid(policy.table),
        char(policy.command.letter()),
        boolean(policy.permissive),
        oid_array(policy.roles.iter().copied()),
        condition(&policy.using, false),
        condition(&policy.check, true),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_back() {
        for is_check in [false, true] {
            let reference = ConditionRef { policy: 16400, is_check };
            assert_eq!(ConditionRef::parse(&reference.text()), Some(reference));
        }
        assert_eq!(ConditionRef::parse("(a > 1)"), None);
    }
}
