//! The edges that follow from an object's own fields, and all edges together.

use super::super::{
    Aggregate, Cast, CastMethod, Catalog, Column, Constraint, ConstraintKind, Dependency, Function,
    Index, ObjectAddress, Operator, Policy, Relation, RelationKind, Sequence, Trigger, Type,
    TypeKind, available, relation_oid,
};
use crate::sql::types::{Oid, oid};

const NORMAL: char = 'n';
const AUTO: char = 'a';
const INTERNAL: char = 'i';
const EXTENSION: char = 'e';

/// Collects the edges of one object.
struct Edges<'a> {
    object: ObjectAddress,
    found: &'a mut Vec<Dependency>,
}

impl Edges<'_> {
    fn push(&mut self, referenced: ObjectAddress, kind: char) {
        self.push_from(self.object, referenced, kind);
    }

    fn push_from(&mut self, object: ObjectAddress, referenced: ObjectAddress, kind: char) {
        if referenced.oid >= oid::FIRST_NORMAL || is_public(referenced) {
            self.found.push(Dependency { object, referenced, kind });
        }
    }

    fn columns(&mut self, table: Oid, columns: &[i16], kind: char) {
        for column in columns.iter().filter(|column| **column > 0) {
            self.push(ObjectAddress::column(table, *column), kind);
        }
    }
}

/// The one built-in object that can be dropped, so it is not pinned.
fn is_public(address: ObjectAddress) -> bool {
    address == ObjectAddress::schema(super::super::PUBLIC)
}

impl Catalog {
    /// Every edge between users' objects.
    pub fn dependencies(&self) -> Vec<Dependency> {
        let mut found = Vec::new();
        for relation in self.relations().filter(|r| r.oid >= oid::FIRST_NORMAL) {
            self.relation_edges(relation, &mut found);
        }
        for ty in self.types().filter(|ty| ty.oid >= oid::FIRST_NORMAL) {
            self.type_edges(ty, &mut found);
        }
        for function in self.functions().filter(|f| f.oid >= oid::FIRST_NORMAL) {
            match is_constructor(function) {
                true => constructor_edges(function, &mut found),
                false => function_edges(function, &mut found),
            }
        }
        for aggregate in self.aggregates().filter(|a| a.function >= oid::FIRST_NORMAL) {
            aggregate_edges(aggregate, &mut found);
        }
        for operator in self.operators().filter(|o| o.oid >= oid::FIRST_NORMAL) {
            operator_edges(operator, &mut found);
        }
        for cast in self.casts().filter(|cast| cast.oid >= oid::FIRST_NORMAL) {
            let function = match cast.method {
                CastMethod::Function(function) => self.function(function),
                _ => None,
            };
            cast_edges(cast, function.map(|function| &**function), &mut found);
        }
        for constraint in self.constraints() {
            match self.is_referenced_part(constraint) {
                true => self.referenced_part_edges(constraint, &mut found),
                false => constraint_edges(constraint, &mut found),
            }
        }
        for trigger in self.triggers() {
            trigger_edges(trigger, &mut found);
        }
        for policy in self.policies() {
            policy_edges(policy, &mut found);
        }
        for statistics in self.all_extended_statistics() {
            let mut edges = Edges { object: statistics.address(), found: &mut found };
            edges.push(ObjectAddress::schema(statistics.schema), NORMAL);
            edges.columns(statistics.table, &statistics.columns, AUTO);
            if statistics.columns.is_empty() {
                edges.push(ObjectAddress::relation(statistics.table), AUTO);
            }
        }
        for rule in self.rules() {
            let mut edges = Edges { object: rule.address(), found: &mut found };
            edges.push(ObjectAddress::relation(rule.table), AUTO);
        }
        for extension in self.extensions().filter(|e| e.oid >= oid::FIRST_NORMAL) {
            let mut edges = Edges { object: extension.address(), found: &mut found };
            edges.push(ObjectAddress::schema(extension.schema), NORMAL);
            let required = available().get(extension.name.as_str()).map(|known| &known.requires);
            for required in required.into_iter().flatten() {
                if let Some(required) = self.extension_named(required) {
                    edges.push(required.address(), NORMAL);
                }
            }
            let owner = extension.address();
            extension.members.iter().for_each(|it| edges.push_from(*it, owner, EXTENSION));
        }
        for method in self.access_methods().filter(|m| m.oid >= oid::FIRST_NORMAL) {
            let object = ObjectAddress::new(relation_oid::PG_AM, method.oid);
            let mut edges = Edges { object, found: &mut found };
            edges.push(ObjectAddress::function(method.handler_function), NORMAL);
        }
        for class in self.operator_classes().filter(|c| c.oid >= oid::FIRST_NORMAL) {
            let object = ObjectAddress::new(relation_oid::PG_OPCLASS, class.oid);
            let mut edges = Edges { object, found: &mut found };
            edges.push(ObjectAddress::schema(class.schema), NORMAL);
            edges.push(ObjectAddress::type_(class.input), NORMAL);
            edges.push(ObjectAddress::new(relation_oid::PG_OPFAMILY, class.family), AUTO);
        }
        for family in self.operator_families().filter(|f| f.oid >= oid::FIRST_NORMAL) {
            let object = ObjectAddress::new(relation_oid::PG_OPFAMILY, family.oid);
            let mut edges = Edges { object, found: &mut found };
            edges.push(ObjectAddress::schema(family.schema), NORMAL);
            self.method_edge(&family.access_method, &mut edges);
            for operator in &family.operators {
                let referenced = ObjectAddress::new(relation_oid::PG_OPERATOR, operator.operator);
                edges.push(referenced, NORMAL);
            }
            for function in &family.functions {
                edges.push(ObjectAddress::function(function.function), NORMAL);
            }
        }
        for references in self.all_references() {
            found.extend(references.edges.iter().copied());
        }
        found
    }

    /// A family goes with its access method.
    fn method_edge(&self, method: &str, edges: &mut Edges<'_>) {
        if let Some(method) = self.access_method_named(method) {
            edges.push(ObjectAddress::new(relation_oid::PG_AM, method.oid), AUTO);
        }
    }

    /// A foreign key goes with each partition of the table that it refers to.
    fn referenced_part_edges(&self, part: &Constraint, found: &mut Vec<Dependency>) {
        let top = self.top_key(part).address();
        let mut edges = Edges { object: part.address(), found };
        edges.push(ObjectAddress::constraint(part.parent), INTERNAL);
        if let ConstraintKind::ForeignKey(key) = &part.kind {
            let referenced = ObjectAddress::relation(key.referenced_table);
            edges.push_from(top, referenced, NORMAL);
        }
    }

    fn relation_edges(&self, relation: &Relation, found: &mut Vec<Dependency>) {
        let mut edges = Edges { object: relation.address(), found };
        if !matches!(relation.kind, RelationKind::Index(_) | RelationKind::Composite) {
            edges.push(ObjectAddress::schema(relation.schema), NORMAL);
        }
        edges.push(ObjectAddress::type_(relation.settings.of_type), NORMAL);
        let bound = match (&relation.kind, relation.is_partition()) {
            (RelationKind::Index(_), _) => INTERNAL,
            (_, true) => AUTO,
            (_, false) => NORMAL,
        };
        for parent in &relation.inheritance.parents {
            edges.push(ObjectAddress::relation(*parent), bound);
        }
        for column in relation.inheritance.key.iter().flat_map(|key| &key.columns) {
            if column.column > 0 {
                let column = ObjectAddress::column(relation.oid, column.column);
                edges.push_from(column, relation.address(), INTERNAL);
            }
        }
        match &relation.kind {
            RelationKind::Index(index) => index_edges(index, &mut edges),
            RelationKind::Sequence(sequence) => self.sequence_edges(sequence, &mut edges),
            // Its query's references say what a view needs, columns' types too.
            RelationKind::View(_) => {
                for (column, attnum) in relation.columns.iter().zip(1..) {
                    if let Some(default) = &column.default {
                        let column = ObjectAddress::column(relation.oid, attnum);
                        edges.push_from(ObjectAddress::default(default.oid), column, AUTO);
                    }
                }
            }
            RelationKind::Table | RelationKind::Virtual | RelationKind::Composite => {
                if matches!(relation.kind, RelationKind::Composite) {
                    edges.push(ObjectAddress::type_(self.row_type(relation)), INTERNAL);
                }
                for (column, attnum) in relation.columns.iter().zip(1..) {
                    column_edges(relation.oid, column, attnum, &mut edges);
                }
            }
        }
    }

    fn type_edges(&self, ty: &Type, found: &mut Vec<Dependency>) {
        let mut edges = Edges { object: ty.address(), found };
        if ty.is_true_array() {
            edges.push(ObjectAddress::type_(ty.element), INTERNAL);
            return;
        }
        match &ty.kind {
            TypeKind::Composite { relation } => match self.relation(*relation).map(|r| &r.kind) {
                // The relation of a composite type is the type's, not the other way round.
                Some(RelationKind::Composite) => {
                    edges.push(ObjectAddress::schema(ty.schema), NORMAL);
                }
                _ => edges.push(ObjectAddress::relation(*relation), INTERNAL),
            },
            TypeKind::Domain { base, .. } => {
                edges.push(ObjectAddress::schema(ty.schema), NORMAL);
                edges.push(ObjectAddress::type_(base.oid), NORMAL);
            }
            TypeKind::Range { subtype, .. } => {
                edges.push(ObjectAddress::schema(ty.schema), NORMAL);
                edges.push(ObjectAddress::type_(*subtype), NORMAL);
            }
            TypeKind::Multirange { range } => {
                edges.push(ObjectAddress::type_(*range), INTERNAL);
            }
            _ => edges.push(ObjectAddress::schema(ty.schema), NORMAL),
        }
    }

    /// A serial column's sequence goes with it; an identity column's cannot be
    /// dropped alone.
    fn sequence_edges(&self, sequence: &Sequence, edges: &mut Edges<'_>) {
        let Some((table, attnum)) = sequence.owned_by else { return };
        let column = self.relation(table).and_then(|t| t.columns.get(attnum as usize - 1));
        let kind = match column.is_some_and(|column| column.identity.is_some()) {
            true => INTERNAL,
            false => AUTO,
        };
        edges.push(ObjectAddress::column(table, attnum), kind);
    }
}

fn column_edges(table: Oid, column: &Column, attnum: i16, edges: &mut Edges<'_>) {
    if column.dropped {
        return;
    }
    let address = ObjectAddress::column(table, attnum);
    edges.push_from(address, ObjectAddress::type_(column.ty.oid), NORMAL);
    if let Some(default) = &column.default {
        let kind = if default.generated { INTERNAL } else { AUTO };
        edges.push_from(ObjectAddress::default(default.oid), address, kind);
    }
}

fn index_edges(index: &Index, edges: &mut Edges<'_>) {
    for key in &index.keys {
        edges.push(ObjectAddress::new(relation_oid::PG_OPCLASS, key.opclass), NORMAL);
    }
    if index.constraint != oid::INVALID {
        edges.push(ObjectAddress::constraint(index.constraint), INTERNAL);
        return;
    }
    let columns: Vec<i16> = index.keys.iter().map(|key| key.column).collect();
    edges.columns(index.table, &columns, AUTO);
    if columns.iter().all(|column| *column == 0) || index.predicate.is_some() {
        edges.push(ObjectAddress::relation(index.table), AUTO);
    }
}

/// Whether a function was made with a range type, whose values it makes.
fn is_constructor(function: &Function) -> bool {
    function.language == "internal"
        && (function.source.starts_with("range_constructor")
            || function.source.starts_with("multirange_constructor"))
}

fn constructor_edges(function: &Function, found: &mut Vec<Dependency>) {
    let mut edges = Edges { object: function.address(), found };
    edges.push(ObjectAddress::type_(function.returns), INTERNAL);
}

/// A cast needs its types and its function; one that is a range's goes with either.
fn cast_edges(cast: &Cast, function: Option<&Function>, found: &mut Vec<Dependency>) {
    let object = ObjectAddress::new(relation_oid::PG_CAST, cast.oid);
    let mut edges = Edges { object, found };
    let is_ranges = function.is_some_and(is_constructor);
    let kind = if is_ranges { AUTO } else { NORMAL };
    edges.push(ObjectAddress::type_(cast.source), kind);
    edges.push(ObjectAddress::type_(cast.target), kind);
    if let Some(function) = function.filter(|_| !is_ranges) {
        edges.push(function.address(), NORMAL);
    }
}

/// An aggregate needs the functions that it is made of.
fn aggregate_edges(aggregate: &Aggregate, found: &mut Vec<Dependency>) {
    let mut edges = Edges { object: ObjectAddress::function(aggregate.function), found };
    for way in std::iter::once(&aggregate.plain).chain(aggregate.moving.as_deref()) {
        edges.push(ObjectAddress::type_(way.state), NORMAL);
        let functions =
            [way.function, way.inverse, way.finish, way.combine, way.serialize, way.deserialize];
        for function in functions {
            edges.push(ObjectAddress::function(function), NORMAL);
        }
    }
    let sort = ObjectAddress::new(relation_oid::PG_OPERATOR, aggregate.sort_operator);
    edges.push(sort, NORMAL);
}

fn operator_edges(operator: &Operator, found: &mut Vec<Dependency>) {
    let object = ObjectAddress::new(relation_oid::PG_OPERATOR, operator.oid);
    let mut edges = Edges { object, found };
    edges.push(ObjectAddress::schema(operator.schema), NORMAL);
    for ty in [operator.left, operator.right, operator.result] {
        edges.push(ObjectAddress::type_(ty), NORMAL);
    }
    for function in [operator.function, operator.restrict, operator.join] {
        edges.push(ObjectAddress::function(function), NORMAL);
    }
}

fn function_edges(function: &Function, found: &mut Vec<Dependency>) {
    let mut edges = Edges { object: function.address(), found };
    edges.push(ObjectAddress::schema(function.schema), NORMAL);
    edges.push(ObjectAddress::type_(function.returns), NORMAL);
    let outputs = function.all_args.iter().flatten().map(|(_, ty, _)| ty);
    for ty in function.args.iter().chain(outputs) {
        edges.push(ObjectAddress::type_(*ty), NORMAL);
    }
}

fn trigger_edges(trigger: &Trigger, found: &mut Vec<Dependency>) {
    let mut edges = Edges { object: trigger.address(), found };
    edges.push(ObjectAddress::relation(trigger.table), AUTO);
    edges.push(ObjectAddress::function(trigger.function), NORMAL);
    edges.columns(trigger.table, &trigger.columns, NORMAL);
    if trigger.parent != 0 {
        edges.push(ObjectAddress::new(relation_oid::PG_TRIGGER, trigger.parent), INTERNAL);
    }
    if let Some(constraint) = trigger.constraint.filter(|constraint| constraint.from != 0) {
        edges.push(ObjectAddress::relation(constraint.from), AUTO);
    }
}

/// A policy goes with its table; what its conditions mention is recorded.
fn policy_edges(policy: &Policy, found: &mut Vec<Dependency>) {
    let mut edges = Edges { object: policy.address(), found };
    edges.push(ObjectAddress::relation(policy.table), AUTO);
}

fn constraint_edges(constraint: &Constraint, found: &mut Vec<Dependency>) {
    let mut edges = Edges { object: constraint.address(), found };
    if constraint.parent != 0 {
        edges.push(ObjectAddress::constraint(constraint.parent), INTERNAL);
    }
    match &constraint.kind {
        ConstraintKind::Exclusion { columns, .. } if columns.iter().all(|column| *column == 0) => {
            edges.push(ObjectAddress::relation(constraint.table), AUTO);
        }
        ConstraintKind::DomainCheck { domain, .. } => {
            edges.push(ObjectAddress::type_(*domain), AUTO);
        }
        ConstraintKind::Check { columns, .. } if columns.is_empty() => {
            edges.push(ObjectAddress::relation(constraint.table), AUTO);
        }
        ConstraintKind::Check { columns, .. }
        | ConstraintKind::PrimaryKey { columns, .. }
        | ConstraintKind::Exclusion { columns, .. }
        | ConstraintKind::Unique { columns, .. } => edges.columns(constraint.table, columns, AUTO),
        ConstraintKind::ForeignKey(key) => {
            edges.columns(constraint.table, &key.columns, AUTO);
            edges.columns(key.referenced_table, &key.referenced_columns, NORMAL);
            edges.push(ObjectAddress::relation(key.referenced_index), NORMAL);
        }
    }
}
