//! How messages call an object: `table t`, `column a of table t`.

use super::super::{
    Catalog, ConstraintKind, Function, FunctionKind, ObjectAddress, ObjectClass, Relation,
    quote_identifier, quote_qualified, relation_oid,
};
use super::view_of_rule;
use crate::catalog::system::language_name;
use crate::sql::types::Oid;

impl Catalog {
    /// PostgreSQL's description of an object, with names qualified unless they
    /// are visible in the search path.
    pub fn describe(&self, search_path: &[Oid], address: ObjectAddress) -> String {
        self.try_describe(search_path, address)
            .unwrap_or_else(|| format!("object {} of class {}", address.oid, address.class))
    }

    /// The same; nothing for an object that does not exist.
    pub fn try_describe(&self, path: &[Oid], address: ObjectAddress) -> Option<String> {
        let oid = address.oid;
        Some(match address.class {
            relation_oid::PG_CLASS if address.sub == 0 => {
                self.describe_relation(path, self.relation(oid)?)
            }
            relation_oid::PG_CLASS => {
                let relation = self.relation(oid)?;
                let column = relation.columns.get(usize::try_from(address.sub).ok()? - 1)?;
                format!("column {} of {}", column.name, self.describe_relation(path, relation))
            }
            relation_oid::PG_TYPE => format!("type {}", self.format_type(path, oid, Some(-1))),
            relation_oid::PG_PROC => {
                let function = self.function(oid)?;
                let word = match function.kind {
                    FunctionKind::Procedure => "procedure",
                    _ => "function",
                };
                format!("{word} {}", self.function_signature(path, function))
            }
            relation_oid::PG_CONSTRAINT => {
                let constraint = self.constraint(oid)?;
                if let ConstraintKind::DomainCheck { .. } = constraint.kind {
                    return Some(format!("constraint {}", constraint.name));
                }
                let table = self.relation(constraint.table)?;
                format!("constraint {} on {}", constraint.name, self.describe_relation(path, table))
            }
            relation_oid::PG_TRIGGER => {
                let trigger = self.trigger(oid)?;
                let table = self.relation(trigger.table)?;
                format!("trigger {} on {}", trigger.name, self.describe_relation(path, table))
            }
            relation_oid::PG_POLICY => {
                let policy = self.policy(oid)?;
                let table = self.relation(policy.table)?;
                format!("policy {} on {}", policy.name, self.describe_relation(path, table))
            }
            relation_oid::PG_STATISTIC_EXT => {
                let found = self.extended_statistics(oid)?;
                let class = ObjectClass::ExtendedStatistics;
                let is_visible = self.name_is_visible(path, class, &found.name, oid);
                let schema = (!is_visible).then(|| self.schema_name(found.schema));
                format!("statistics object {}", quote_qualified(schema, &found.name))
            }
            relation_oid::PG_ATTRDEF => {
                let column = self.try_describe(path, self.default_owner(oid)?)?;
                format!("default value for {column}")
            }
            relation_oid::PG_LANGUAGE => format!("language {}", language_name(oid)?),
            relation_oid::PG_LARGEOBJECT => format!("large object {oid}"),
            relation_oid::PG_NAMESPACE => format!("schema {}", self.schema(oid)?.name),
            relation_oid::PG_EXTENSION => format!("extension {}", self.extension(oid)?.name),
            relation_oid::PG_AUTHID => format!("role {}", self.role(oid)?.name),
            relation_oid::PG_DATABASE => format!("database {}", self.database(oid)?.name),
            relation_oid::PG_COLLATION => format!("collation {}", self.collation(oid)?.name),
            relation_oid::PG_AM => format!("access method {}", self.access_method(oid)?.name),
            relation_oid::PG_OPERATOR => {
                format!("operator {}", self.operator_signature(path, oid)?)
            }
            relation_oid::PG_OPCLASS => {
                let class = self.operator_class(oid)?;
                format!("operator class {} for access method {}", class.name, class.access_method)
            }
            relation_oid::PG_OPFAMILY => {
                let family = self.operator_family(oid)?;
                let (name, method) = (&family.name, &family.access_method);
                format!("operator family {name} for access method {method}")
            }
            relation_oid::PG_CAST => {
                let cast = self.cast(oid)?;
                let name = |ty| self.format_type(path, ty, Some(-1));
                format!("cast from {} to {}", name(cast.source), name(cast.target))
            }
            relation_oid::PG_REWRITE if self.rule(oid).is_some() => {
                let rule = self.rule(oid)?;
                let table = self.relation(rule.table)?;
                format!("rule {} on {}", rule.name, self.describe_relation(path, table))
            }
            relation_oid::PG_REWRITE => {
                let view = self
                    .relation(view_of_rule(oid))
                    .filter(|relation| relation.view().is_some())?;
                format!("rule _RETURN on {}", self.describe_relation(path, view))
            }
            _ => return None,
        })
    }

    fn describe_relation(&self, path: &[Oid], relation: &Relation) -> String {
        format!("{} {}", relation.kind_word(), self.relation_name(path, relation))
    }

    /// The column whose default has this `pg_attrdef` OID.
    pub fn default_owner(&self, default: Oid) -> Option<ObjectAddress> {
        self.relations().find_map(|relation| {
            let at = relation
                .columns
                .iter()
                .position(|column| column.default.as_ref().is_some_and(|d| d.oid == default))?;
            Some(ObjectAddress::column(relation.oid, i16::try_from(at + 1).ok()?))
        })
    }

    /// `f(integer,text)`, as `regprocedure` prints it.
    pub fn function_signature(&self, path: &[Oid], function: &Function) -> String {
        let schema =
            (!self.function_is_visible(path, function)).then(|| self.schema_name(function.schema));
        let args: Vec<String> =
            function.args.iter().map(|ty| self.format_type(path, *ty, None)).collect();
        format!("{}({})", quote_qualified(schema, &function.name), args.join(","))
    }

    /// `=(integer,integer)`, as `regoperator` prints it.
    pub fn operator_signature(&self, path: &[Oid], operator: Oid) -> Option<String> {
        let operator = self.operator(operator)?;
        let operand = |ty: Oid| match ty {
            0 => "NONE".to_owned(),
            ty => self.format_type(path, ty, None),
        };
        let operands = format!("({},{})", operand(operator.left), operand(operator.right));
        Some(match self.operator_is_visible(path, operator) {
            true => format!("{}{operands}", operator.name),
            false => {
                let schema = quote_identifier(self.schema_name(operator.schema));
                format!("{schema}.{}{operands}", operator.name)
            }
        })
    }
}
