//! CREATE, ALTER and DROP of operators.
//!
//! An operator may name a commutator or negator that does not exist yet: a shell is made
//! for it (an operator without a function), which its own CREATE OPERATOR fills. RESTRICT
//! and JOIN must be estimators and are shown in `pg_operator`; the planner here estimates
//! by statistics alone.

use std::sync::Arc;

use super::aggregate::{name_option, type_option};
use super::{Ddl, options};
use crate::catalog::{ObjectAddress, ObjectClass, Operator, relation_oid};
use crate::error::{Error, Result, Severity};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, oid};
use crate::sqlstate;

fn invalid(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_FUNCTION_DEFINITION, message)
}

#[derive(Default)]
struct Given<'a> {
    left: Option<&'a ast::TypeName>,
    right: Option<&'a ast::TypeName>,
    function: Vec<&'a str>,
    commutator: Vec<&'a str>,
    negator: Vec<&'a str>,
    restrict: Vec<&'a str>,
    join: Vec<&'a str>,
    hashes: bool,
    merges: bool,
}

impl Ddl<'_> {
    pub fn create_operator(&mut self, statement: &ast::DefineStmt) -> Result<&'static str> {
        let (schema, name) = self.split_name(&statement.defnames)?;
        let schema = self.creation_schema(schema.unwrap_or_default())?;
        let given = self.operator_options(&statement.definition)?;
        if given.function.is_empty() {
            return Err(invalid("operator function must be specified"));
        }
        let operand = |name: Option<&ast::TypeName>| match name {
            Some(name) => Ok(self.resolve_type(name).map_err(Error::without_position)?.oid),
            None => Ok(oid::INVALID),
        };
        let (left, right) = (operand(given.left)?, operand(given.right)?);
        if left == 0 && right == 0 {
            return Err(invalid("operator argument types must be specified"));
        }
        if right == 0 {
            return Err(invalid("operator right argument type must be specified")
                .with_detail("Postfix operators are not supported."));
        }
        let args: Vec<Oid> = [left, right].into_iter().filter(|ty| *ty != 0).collect();
        for ty in &args {
            crate::sql::privilege::check_type(*ty, &self.eval())?;
        }
        let function = self.exact_function(&given.function, &args)?;
        let function = self.work.catalog.function(function).cloned();
        let function = function.ok_or_else(|| Error::internal("the function is gone"))?;
        let restrict = self.estimator("restriction", &given.restrict, RESTRICT_ARGS)?;
        let join = self.estimator("join", &given.join, JOIN_ARGS)?;
        let operator = Operator {
            oid: self.next_oid(),
            schema,
            name: name.to_owned(),
            owner: self.current_role()?.oid,
            left,
            right,
            result: function.returns,
            function: function.oid,
            commutator: oid::INVALID,
            negator: oid::INVALID,
            can_merge: given.merges,
            can_hash: given.hashes,
            restrict,
            join,
        };
        check_attributes(&operator, &given)?;
        self.put_operator(operator, &given)?;
        Ok("CREATE OPERATOR")
    }

    fn operator_options<'a>(&self, nodes: &'a [ast::Node]) -> Result<Given<'a>> {
        let mut given = Given::default();
        for option in options::options(nodes) {
            match option.defname.as_str() {
                "leftarg" => given.left = Some(operand_option(option)?),
                "rightarg" => given.right = Some(operand_option(option)?),
                "function" | "procedure" => given.function = name_option(option)?,
                "commutator" => given.commutator = name_option(option)?,
                "negator" => given.negator = name_option(option)?,
                "restrict" => given.restrict = name_option(option)?,
                "join" => given.join = name_option(option)?,
                "hashes" => given.hashes = options::boolean(option)?,
                "merges" => given.merges = options::boolean(option)?,
                // From before merge joins were found by operator classes.
                "sort1" | "sort2" | "ltcmp" | "gtcmp" => given.merges = true,
                other => {
                    let message = format!("operator attribute \"{other}\" not recognized");
                    let warning = Error::notice(Severity::Warning, message);
                    self.report(warning.with_code(sqlstate::SYNTAX_ERROR));
                }
            }
        }
        Ok(given)
    }

    /// The function of a name with exactly these arguments.
    pub(super) fn exact_function(&self, name: &[&str], args: &[Oid]) -> Result<Oid> {
        let (schema, plain) = name_pair(name)?;
        let path = &self.ctx.eval.settings.search_path;
        let found = self.work.catalog.function_for(path, schema, plain, args)?;
        found.map(|function| function.oid).ok_or_else(|| {
            let types: Vec<String> = args.iter().map(|ty| self.display_type(*ty)).collect();
            Error::undefined_function(&format!("{}({})", name.join("."), types.join(", ")))
        })
    }

    fn estimator(&self, what: &str, name: &[&str], args: &[Oid]) -> Result<Oid> {
        if name.is_empty() {
            return Ok(oid::INVALID);
        }
        let found = self.exact_function(name, args)?;
        let returns = self.work.catalog.function(found).map(|function| function.returns);
        match returns == Some(oid::FLOAT8) {
            true => Ok(found),
            false => Err(Error::new(
                sqlstate::INVALID_OBJECT_DEFINITION,
                format!(
                    "{what} estimator function {} must return type double precision",
                    name.join(".")
                ),
            )),
        }
    }

    /// Puts the operator in the place of its shell if there is one, with the links to
    /// its commutator and negator both ways.
    fn put_operator(&mut self, mut operator: Operator, given: &Given<'_>) -> Result<()> {
        let known =
            self.operator_in(operator.schema, &operator.name, (operator.left, operator.right));
        if let Some(known) = known {
            if known.function != 0 {
                return Err(Error::new(
                    sqlstate::DUPLICATE_FUNCTION,
                    format!("operator {} already exists", operator.name),
                ));
            }
            self.require_owner(known.owner, "operator", &operator.name)?;
            operator.oid = known.oid;
            (operator.commutator, operator.negator) = (known.commutator, known.negator);
        }
        if !given.commutator.is_empty() {
            let operands = (operator.right, operator.left);
            operator.commutator = self.other_operator(&given.commutator, operands, &operator)?;
        }
        if !given.negator.is_empty() {
            let operands = (operator.left, operator.right);
            operator.negator = self.other_operator(&given.negator, operands, &operator)?;
            if operator.negator == operator.oid {
                return Err(invalid("operator cannot be its own negator"));
            }
        }
        let (own, commutator, negator) = (operator.oid, operator.commutator, operator.negator);
        self.put(operator);
        if let Some(other) = self.work.catalog.operator(commutator).cloned()
            && other.commutator == 0
        {
            self.put(Operator { commutator: own, ..(*other).clone() });
        }
        if let Some(other) = self.work.catalog.operator(negator).cloned()
            && other.negator == 0
        {
            self.put(Operator { negator: own, ..(*other).clone() });
        }
        Ok(())
    }

    fn operator_in(&self, schema: Oid, name: &str, operands: (Oid, Oid)) -> Option<Arc<Operator>> {
        let catalog = &self.work.catalog;
        let named = catalog.named(ObjectClass::Operator, schema, name);
        let mut found = named.iter().filter_map(|oid| catalog.operator(*oid));
        found.find(|operator| (operator.left, operator.right) == operands).cloned()
    }

    /// The operator that another one names as its commutator or negator; a shell if
    /// there is none.
    fn other_operator(
        &mut self,
        name: &[&str],
        operands: (Oid, Oid),
        of: &Operator,
    ) -> Result<Oid> {
        let (schema, plain) = name_pair(name)?;
        let path = &self.ctx.eval.settings.search_path;
        let (left, right) = operands;
        let found = self.work.catalog.operator_for(path, schema, plain, left, right)?;
        if let Some(found) = found {
            return Ok(found.oid);
        }
        let schema = self.creation_schema(schema.unwrap_or_default())?;
        if (schema, plain, operands) == (of.schema, of.name.as_str(), (of.left, of.right)) {
            return Ok(of.oid);
        }
        let shell = Operator {
            oid: self.next_oid(),
            schema,
            name: plain.to_owned(),
            owner: of.owner,
            left,
            right,
            result: oid::INVALID,
            function: oid::INVALID,
            commutator: oid::INVALID,
            negator: oid::INVALID,
            can_merge: false,
            can_hash: false,
            restrict: oid::INVALID,
            join: oid::INVALID,
        };
        let made = shell.oid;
        self.put(shell);
        Ok(made)
    }

    /// The operator that ALTER, DROP or COMMENT names with its operand types.
    pub fn named_operator(&self, object: &ast::ObjectWithArgs) -> Result<Arc<Operator>> {
        let (schema, name) = self.split_name(&object.objname)?;
        let operands = object
            .objargs
            .iter()
            .map(|node| match &node.node {
                Some(NodeEnum::TypeName(name)) => {
                    Ok(self.resolve_type(name).map_err(Error::without_position)?.oid)
                }
                _ => Ok(oid::INVALID),
            })
            .collect::<Result<Vec<Oid>>>()?;
        let [left, right] = operands[..] else {
            return Err(Error::syntax("an operator has two operands"));
        };
        let path = &self.ctx.eval.settings.search_path;
        let found = self.work.catalog.operator_for(path, schema, name, left, right)?;
        found.ok_or_else(|| {
            let written = super::strings(&object.objname).join(".");
            let ty = |ty| self.display_type(ty);
            let shown = match left {
                0 => format!("{written} {}", ty(right)),
                left => format!("{} {written} {}", ty(left), ty(right)),
            };
            Error::new(sqlstate::UNDEFINED_FUNCTION, format!("operator does not exist: {shown}"))
        })
    }

    /// What DROP OPERATOR names.
    pub fn operator_target(&self, node: &ast::Node) -> Result<ObjectAddress> {
        let operator = self.operator_of(Some(node))?;
        if operator.oid < oid::FIRST_NORMAL {
            let path = &self.ctx.eval.settings.search_path;
            let shown = self.work.catalog.operator_signature(path, operator.oid);
            return Err(Error::new(
                sqlstate::DEPENDENT_OBJECTS_STILL_EXIST,
                format!(
                    "cannot drop operator {} because it is required by the database system",
                    shown.unwrap_or_default()
                ),
            ));
        }
        Ok(operator.address())
    }

    /// The operator in an object node, which must be the role's own.
    pub fn operator_of(&self, node: Option<&ast::Node>) -> Result<Arc<Operator>> {
        match node.and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::ObjectWithArgs(object)) => {
                let operator = self.named_operator(object)?;
                self.require_owner(operator.owner, "operator", &operator.name)?;
                Ok(operator)
            }
            _ => Err(Error::syntax("improper operator name")),
        }
    }

    pub fn set_operator_owner(&mut self, node: Option<&ast::Node>, owner: Oid) -> Result<()> {
        let operator = self.operator_of(node)?;
        self.put(Operator { owner, ..(*operator).clone() });
        Ok(())
    }

    pub fn set_operator_schema(&mut self, node: Option<&ast::Node>, schema: &str) -> Result<()> {
        let schema = self.creation_schema(schema)?;
        let operator = self.operator_of(node)?;
        let taken = self.operator_in(schema, &operator.name, (operator.left, operator.right));
        if taken.is_some_and(|taken| taken.oid != operator.oid) {
            return Err(Error::new(
                sqlstate::DUPLICATE_FUNCTION,
                format!(
                    "operator {} already exists in schema \"{}\"",
                    operator.name,
                    self.schema_name(schema)
                ),
            ));
        }
        self.put(Operator { schema, ..(*operator).clone() });
        Ok(())
    }

    pub fn alter_operator(&mut self, statement: &ast::AlterOperatorStmt) -> Result<&'static str> {
        let object = statement.opername.as_ref();
        let object = object.ok_or_else(|| Error::syntax("improper operator name"))?;
        let operator = self.named_operator(object)?;
        let mut altered = (*operator).clone();
        let mut given = Given::default();
        let (mut sets_restrict, mut sets_join) = (false, false);
        for option in options::options(&statement.options) {
            let value = match option.arg {
                Some(_) => name_option(option)?,
                None => Vec::new(),
            };
            match option.defname.as_str() {
                "restrict" => (given.restrict, sets_restrict) = (value, true),
                "join" => (given.join, sets_join) = (value, true),
                "leftarg" | "rightarg" | "function" | "procedure" | "commutator" | "negator"
                | "hashes" | "merges" => {
                    return Err(Error::syntax(format!(
                        "operator attribute \"{}\" cannot be changed",
                        option.defname
                    )));
                }
                other => {
                    return Err(Error::syntax(format!(
                        "operator attribute \"{other}\" not recognized"
                    )));
                }
            }
        }
        self.require_owner(operator.owner, "operator", &operator.name)?;
        if sets_restrict {
            altered.restrict = self.estimator("restriction", &given.restrict, RESTRICT_ARGS)?;
        }
        if sets_join {
            altered.join = self.estimator("join", &given.join, JOIN_ARGS)?;
        }
        check_attributes(&altered, &given)?;
        self.put(altered);
        Ok("ALTER OPERATOR")
    }

    /// Other operators forget one that goes.
    pub(super) fn forget_operator(&mut self, gone: Oid) {
        let catalog = self.work.catalog.clone();
        let links = |operator: &&Arc<Operator>| {
            operator.oid != gone && (operator.commutator == gone || operator.negator == gone)
        };
        for operator in catalog.operators().filter(links) {
            let mut changed = (**operator).clone();
            if changed.commutator == gone {
                changed.commutator = oid::INVALID;
            }
            if changed.negator == gone {
                changed.negator = oid::INVALID;
            }
            self.put(changed);
        }
    }
}

/// What restriction and join estimators take.
const RESTRICT_ARGS: &[Oid] = &[oid::INTERNAL, oid::OID, oid::INTERNAL, oid::INT4];
const JOIN_ARGS: &[Oid] = &[oid::INTERNAL, oid::OID, oid::INTERNAL, oid::INT2, oid::INTERNAL];

impl Operator {
    pub fn address(&self) -> ObjectAddress {
        ObjectAddress::new(relation_oid::PG_OPERATOR, self.oid)
    }
}

fn name_pair<'n>(name: &[&'n str]) -> Result<(Option<&'n str>, &'n str)> {
    match name {
        [name] => Ok((None, name)),
        [schema, name] | [_, schema, name] => Ok((Some(schema), name)),
        _ => Err(Error::syntax("improper qualified name")),
    }
}

fn operand_option(option: &ast::DefElem) -> Result<&ast::TypeName> {
    let name = type_option(option)?;
    match name.setof {
        true => Err(invalid("SETOF type not allowed for operator argument")),
        false => Ok(name),
    }
}

/// Attributes that only operators of some forms may have.
fn check_attributes(operator: &Operator, given: &Given<'_>) -> Result<()> {
    let refused = |what: &str| Err(invalid(what.to_owned()));
    if operator.left == 0 {
        if !given.commutator.is_empty() {
            return refused("only binary operators can have commutators");
        }
        if operator.join != 0 {
            return refused("only binary operators can have join selectivity");
        }
        if operator.can_merge {
            return refused("only binary operators can merge join");
        }
        if operator.can_hash {
            return refused("only binary operators can hash");
        }
    }
    if operator.result != oid::BOOL {
        if !given.negator.is_empty() {
            return refused("only boolean operators can have negators");
        }
        if operator.restrict != 0 {
            return refused("only boolean operators can have restriction selectivity");
        }
        if operator.join != 0 {
            return refused("only boolean operators can have join selectivity");
        }
        if operator.can_merge {
            return refused("only boolean operators can merge join");
        }
        if operator.can_hash {
            return refused("only boolean operators can hash");
        }
    }
    Ok(())
}
