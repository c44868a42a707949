//! EXCLUDE: no two rows whose keys are in a relation to each other.
//!
//! With `=` alone an exclusion constraint over `btree` is uniqueness under another name, so
//! its index is one that a unique constraint could have. Any other has an index that is
//! searched by the operators ([`crate::table::exclusion`]).

use super::index::{IndexPlan, is_of_one_column, method_of};
use super::storage_options::{self, Target};
use super::{Ddl, strings, tablespace};
use crate::catalog::{ConstraintKind, FamilyOperator, IndexKey, ObjectAddress, Operator};
use crate::error::{Error, Result};
use crate::index::{BTREE, GIN};
use crate::sql::bind;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, oid};
use crate::sqlstate;

impl Ddl<'_> {
    pub async fn add_exclusion(&mut self, table: Oid, def: &ast::Constraint) -> Result<()> {
        let relation = self.relation(table)?;
        if relation.is_partitioned() {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "exclusion constraints are not supported on partitioned tables",
            )
            .at(def.location));
        }
        tablespace::check(&def.indexspace)?;
        let (elements, operators) = elements(def)?;
        let statement = ast::IndexStmt {
            access_method: def.access_method.clone(),
            index_params: elements,
            index_including_params: def.including.iter().cloned().map(included).collect(),
            where_clause: def.where_clause.clone(),
            ..ast::IndexStmt::default()
        };
        let method = method_of(&statement).to_owned();
        self.require_method(&method)?;
        require_able(&method, &statement)?;
        let (keys, bound) = self.index_keys(&relation, &statement)?;
        let key_count = operators.len();
        let predicate = self.index_predicate(&relation, &statement)?;
        let column_names = super::index::column_names(&relation, &statement, &keys);
        let exclusion = keys
            .iter()
            .zip(&operators)
            .map(|(key, operator)| self.exclusion_operator(key, operator))
            .collect::<Result<Vec<Oid>>>()?;
        let name = match def.conname.as_str() {
            "" => {
                let names = column_names[..key_count].join("_");
                self.choose_relation_name(relation.schema, [&relation.name, &names], "excl")
            }
            name => name.to_owned(),
        };
        let columns: Vec<i16> = keys[..key_count].iter().map(|key| key.column).collect();
        let oid = self.next_oid();
        let plan = IndexPlan {
            name: name.clone(),
            key_count,
            keys,
            column_names,
            unique: method == BTREE,
            primary: false,
            nulls_not_distinct: false,
            predicate: predicate.as_ref().map(|expr| self.print_expression(expr, &relation)),
            constraint: oid,
            exclusion: exclusion.clone(),
            options: storage_options::read(&def.options, Target::of_method(&method))?,
            access_method: method,
        };
        let index = self.build_index(table, plan).await?;
        let address = ObjectAddress::relation(index);
        self.record_index_references(address, table, bound.iter().chain(&predicate));
        let relation = self.relation(table)?;
        let kind = ConstraintKind::Exclusion { index, columns, operators: exclusion };
        let constraint = self.new_constraint(oid, &relation, name, def, kind);
        self.attach(&relation, constraint);
        Ok(())
    }

    /// The operator of an element: one that commutes, of the family of the key's class.
    fn exclusion_operator(&self, key: &IndexKey, named: &Named) -> Result<Oid> {
        let eval = self.eval();
        let (schema, name) = (named.schema.as_deref(), named.name.as_str());
        let operator = bind::find_operator(&eval, (schema, name), Some(key.ty.oid), key.ty.oid)?;
        let refused = |what: String, detail: &str| {
            Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("operator {} {what}", self.shown_operator(&operator)),
            )
            .with_detail(detail)
        };
        if operator.commutator != operator.oid {
            let detail = "Only commutative operators can be used in exclusion constraints.";
            return Err(refused("is not commutative".to_owned(), detail));
        }
        let catalog = &self.work.catalog;
        let class = catalog.operator_class(key.opclass);
        let family = class.and_then(|class| catalog.operator_family(class.family));
        let Some(family) = family else { return Ok(operator.oid) };
        let is_search = |member: &FamilyOperator| member.sort_family == oid::INVALID;
        let mut members = family.operators.iter().filter(|member| is_search(member));
        if !members.any(|member| member.operator == operator.oid) {
            let detail = "The exclusion operator must be related to the index operator class for \
                          the constraint.";
            let what = format!("is not a member of operator family \"{}\"", family.name);
            return Err(refused(what, detail));
        }
        Ok(operator.oid)
    }

    fn shown_operator(&self, operator: &Operator) -> String {
        let (left, right) = (self.display_type(operator.left), self.display_type(operator.right));
        format!("{}({left},{right})", operator.name)
    }
}

/// An operator's name as it was written.
struct Named {
    schema: Option<String>,
    name: String,
}

/// The elements of EXCLUDE, and the operator of each.
fn elements(def: &ast::Constraint) -> Result<(Vec<ast::Node>, Vec<Named>)> {
    let (mut elements, mut operators) = (Vec::new(), Vec::new());
    for node in &def.exclusions {
        let Some(NodeEnum::List(pair)) = &node.node else { continue };
        let [element, operator] = pair.items.as_slice() else {
            return Err(Error::syntax("EXCLUDE without an operator"));
        };
        let names = match &operator.node {
            Some(NodeEnum::List(list)) => strings(&list.items),
            _ => Vec::new(),
        };
        operators.push(match names.as_slice() {
            [schema, name] => {
                Named { schema: Some((*schema).to_owned()), name: (*name).to_owned() }
            }
            [.., name] => Named { schema: None, name: (*name).to_owned() },
            [] => return Err(Error::syntax("EXCLUDE without an operator")),
        });
        elements.push(element.clone());
    }
    Ok((elements, operators))
}

/// A column of INCLUDE as an index has it.
fn included(node: ast::Node) -> ast::Node {
    let name = match &node.node {
        Some(NodeEnum::String(name)) => name.sval.clone(),
        _ => return node,
    };
    let element = ast::IndexElem { name, ..ast::IndexElem::default() };
    ast::Node { node: Some(NodeEnum::IndexElem(Box::new(element))) }
}

fn require_able(method: &str, statement: &ast::IndexStmt) -> Result<()> {
    let lacks = [
        (method == GIN, "exclusion constraints"),
        (is_of_one_column(method) && statement.index_params.len() > 1, "multicolumn indexes"),
        (
            is_of_one_column(method) && !statement.index_including_params.is_empty(),
            "included columns",
        ),
    ];
    if let Some((_, what)) = lacks.iter().find(|(is_asked, _)| *is_asked) {
        return Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!("access method \"{method}\" does not support {what}"),
        ));
    }
    match method == BTREE || statement.index_including_params.is_empty() {
        true => Ok(()),
        false => Err(Error::unsupported(format!("included columns of access method \"{method}\""))),
    }
}
