//! A statement of a routine's body: bound when it first runs, kept as long as the
//! catalog, the search path and the types of the variables stay what they were.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use crate::catalog::Catalog;
use crate::error::Result;
use crate::sql::bind::{VariableRef, Variables};
use crate::sql::functions::EvalContext;
use crate::sql::ir::{ExprKind, Rel, Statement};
use crate::sql::parse::{Identity, ParsedStatement};
use crate::sql::privilege::Permissions;
use crate::sql::run::eval::Evaluator;
use crate::sql::types::{Oid, SqlType};
use crate::sql::{self, Prepared, bind};

/// Where a body finds its variables' types.
pub trait Types {
    /// The type of a variable now; none if a record has no such field any more.
    fn type_of(&self, variable: &VariableRef) -> Option<SqlType>;
    /// For binding: names and types.
    fn variables(&self) -> Arc<dyn Variables>;
}

pub struct Plan {
    pub parsed: Arc<ParsedStatement>,
    bound: Mutex<Option<Arc<BoundPlan>>>,
}

pub struct BoundPlan {
    catalog: Arc<Catalog>,
    search_path: Vec<Oid>,
    user: String,
    row_security: bool,
    pub code: Code,
    /// What its parameters stand for.
    pub used: Vec<(VariableRef, SqlType)>,
    identity: OnceLock<Arc<Identity>>,
    /// Whether it has run as it is bound now.
    pub has_run: AtomicBool,
}

/// What runs.
pub enum Code {
    Statement(Arc<Prepared>),
    /// `SELECT x` without any row: evaluated in place, by who may call what it calls.
    Expression(Evaluator, Option<Permissions>),
}

impl Plan {
    pub fn new(parsed: ParsedStatement) -> Plan {
        Plan { parsed: Arc::new(parsed), bound: Mutex::new(None) }
    }

    /// Bound for the present state of things.
    pub fn bound(&self, eval: &EvalContext, types: &dyn Types) -> Result<Arc<BoundPlan>> {
        if let Some(known) = self.bound.lock().as_ref()
            && known.fits(eval, types)
        {
            return Ok(known.clone());
        }
        let bound = Arc::new(self.bind(eval, types)?);
        *self.bound.lock() = Some(bound.clone());
        Ok(bound)
    }

    fn bind(&self, eval: &EvalContext, types: &dyn Types) -> Result<BoundPlan> {
        let (code, used) = match self.expression(eval, types)? {
            Some((evaluator, permissions, used)) => {
                (Code::Expression(evaluator, permissions), used)
            }
            None => {
                let (prepared, used) = sql::prepare_with(&self.parsed, eval, types.variables())?;
                (Code::Statement(Arc::new(prepared)), used)
            }
        };
        Ok(BoundPlan {
            catalog: eval.catalog.clone(),
            search_path: eval.settings.search_path.clone(),
            user: eval.settings.current_user.clone(),
            row_security: eval.settings.row_security,
            code,
            used,
            identity: OnceLock::new(),
            has_run: AtomicBool::new(false),
        })
    }

    /// The statement as an expression, if it is nothing more.
    fn expression(
        &self,
        eval: &EvalContext,
        types: &dyn Types,
    ) -> Result<Option<(Evaluator, Option<Permissions>, Vec<(VariableRef, SqlType)>)>> {
        use crate::sql::parse::NodeEnum;
        let NodeEnum::SelectStmt(select) = &self.parsed.node else { return Ok(None) };
        let plain = select.from_clause.is_empty()
            && select.where_clause.is_none()
            && select.with_clause.is_none()
            && select.larg.is_none()
            && select.into_clause.is_none()
            && select.target_list.len() == 1;
        if !plain {
            return Ok(None);
        }
        let mut binder = bind::Binder::with_variables(eval, types.variables());
        let Statement::Query(query) = binder.bind_statement(&self.parsed.node)? else {
            return Ok(None);
        };
        let Rel::Project { input, exprs } = &query.rel else { return Ok(None) };
        let ([(column, expr)], [output]) = (exprs.as_slice(), query.output.as_slice()) else {
            return Ok(None);
        };
        let simple = matches!(**input, Rel::OneRow)
            && column.id == output.id
            && !matches!(expr.kind, ExprKind::Subquery(_));
        if !simple {
            return Ok(None);
        }
        let evaluator = Evaluator::compile(expr, &[], &eval.catalog);
        let permissions = binder.permissions();
        let permissions = (!permissions.is_empty()).then_some(permissions);
        Ok(evaluator.ok().map(|evaluator| (evaluator, permissions, binder.used_variables())))
    }
}

impl BoundPlan {
    /// What it is counted under.
    pub fn identity(&self, parsed: &ParsedStatement) -> Arc<Identity> {
        let number = |(variable, _): &(VariableRef, SqlType)| match variable {
            VariableRef::Whole(at) | VariableRef::Field(at, _) => at + 1,
        };
        let params = || self.used.iter().map(number).max().unwrap_or(0);
        let identity = || match &self.code {
            Code::Statement(prepared) if prepared.is_planned() => {
                Identity::of_routine(parsed.sql(), &prepared.relation_oids(), params())
            }
            Code::Statement(_) => Identity::of_utility(parsed.sql()),
            Code::Expression(..) => Identity::of_routine(parsed.sql(), &[], params()),
        };
        self.identity.get_or_init(|| Arc::new(identity())).clone()
    }

    fn fits(&self, eval: &EvalContext, types: &dyn Types) -> bool {
        Arc::ptr_eq(&self.catalog, &eval.catalog)
            && self.search_path == eval.settings.search_path
            && self.user == eval.settings.current_user
            && self.row_security == eval.settings.row_security
            && self.used.iter().all(|(variable, ty)| types.type_of(variable) == Some(*ty))
    }
}
