//! `pg_am`, `pg_opclass`, `pg_opfamily`, `pg_amop` and `pg_amproc`.

use super::cell::*;
use super::listed;
use crate::catalog::Catalog;
use crate::sql::types::Oid;

pub(super) fn pg_am(catalog: &Catalog) -> Vec<Row> {
    catalog
        .access_methods()
        .map(|method| {
            let handler = match method.handler_function {
                0 => catalog.builtin_function(&method.handler),
                function => function,
            };
            vec![oid(method.oid), text(&method.name), oid(handler), char(method.kind)]
        })
        .collect()
}

fn method_oid(catalog: &Catalog, name: &str) -> Oid {
    catalog.access_method_named(name).map_or(0, |method| method.oid)
}

pub(super) fn pg_opclass(catalog: &Catalog) -> Vec<Row> {
    listed::in_heap_order("pg_opclass", catalog.operator_classes().collect(), |class| class.oid)
        .into_iter()
        .map(|class| {
            vec![
                oid(class.oid),
                oid(method_oid(catalog, &class.access_method)),
                text(&class.name),
                oid(class.schema),
                oid(class.owner),
                oid(class.family),
                oid(class.input),
                boolean(class.is_default),
                oid(class.key_type),
            ]
        })
        .collect()
}

pub(super) fn pg_opfamily(catalog: &Catalog) -> Vec<Row> {
    let families = catalog.operator_families().collect();
    listed::in_heap_order("pg_opfamily", families, |family| family.oid)
        .into_iter()
        .map(|family| {
            vec![
                oid(family.oid),
                oid(method_oid(catalog, &family.access_method)),
                text(&family.name),
                oid(family.schema),
                oid(family.owner),
            ]
        })
        .collect()
}

pub(super) fn pg_amop(catalog: &Catalog) -> Vec<Row> {
    let mut rows = Vec::new();
    for family in catalog.operator_families() {
        let method = method_oid(catalog, &family.access_method);
        rows.extend(family.operators.iter().map(|member| {
            vec![
                oid(member.oid),
                oid(family.oid),
                oid(member.left),
                oid(member.right),
                int2(member.strategy),
                char(if member.sort_family == 0 { 's' } else { 'o' }),
                oid(member.operator),
                oid(method),
                oid(member.sort_family),
            ]
        }));
    }
    rows
}

pub(super) fn pg_amproc(catalog: &Catalog) -> Vec<Row> {
    let mut rows = Vec::new();
    for family in catalog.operator_families() {
        rows.extend(family.functions.iter().map(|member| {
            vec![
                oid(member.oid),
                oid(family.oid),
                oid(member.left),
                oid(member.right),
                int2(member.number),
                oid(member.function),
            ]
        }));
    }
    rows
}

impl Catalog {
    /// The operator class that an index of this method uses for a type unless
    /// told otherwise; a type without one uses that of a type it is
    /// binary-coercible to (`varchar` uses `text_ops`).
    pub fn default_operator_class(&self, access_method: &str, ty: Oid) -> Option<Oid> {
        let default_for = |input: Oid| {
            self.operator_classes()
                .find(|c| c.is_default && c.input == input && c.access_method == access_method)
                .map(|class| class.oid)
        };
        default_for(ty).or_else(|| self.binary_coercible_to(ty).into_iter().find_map(default_for))
    }

    /// Types whose values a type's are without conversion, the nearest first.
    fn binary_coercible_to(&self, ty: Oid) -> Vec<Oid> {
        use crate::catalog::{CastContext, CastMethod, TypeKind};
        use crate::sql::types::oid as types;
        let Some(found) = self.type_(ty) else { return Vec::new() };
        let mut targets: Vec<Oid> = match &found.kind {
            TypeKind::Domain { base, .. } => {
                let mut targets = vec![base.oid];
                targets.extend(self.binary_coercible_to(base.oid));
                targets
            }
            TypeKind::Enum { .. } => vec![types::ANYENUM],
            TypeKind::Composite { .. } => vec![types::RECORD],
            TypeKind::Range { .. } => vec![types::ANYRANGE],
            TypeKind::Multirange { .. } => vec![types::ANYMULTIRANGE],
            _ if found.is_true_array() => vec![types::ANYARRAY],
            _ => Vec::new(),
        };
        targets.extend(
            self.casts()
                .filter(|cast| {
                    cast.source == ty
                        && cast.method == CastMethod::Binary
                        && cast.context == CastContext::Implicit
                })
                .map(|cast| cast.target),
        );
        targets
    }
}
