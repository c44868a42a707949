//! From a body's text to its statements.
//!
//! libpg_query has a parser for PL/pgSQL, but it knows no catalog: it takes a
//! variable of a table's row type for a scalar and then refuses its fields. So the
//! structure of blocks and statements is read here, over the tokens of SQL's own
//! scanner; every expression and statement inside is cut out, and parsed by
//! PostgreSQL's grammar at once, so that its errors are found when the function is
//! created.

mod declare;
mod expression;
mod flow;
mod statement;

use std::sync::Arc;

use super::ast::{self, Block, Body, Condition, Dno, Entry, Expr, Handler, Handlers, Item};
use super::ast::{Namespace, Purpose, Statement, TriggerVariables, Variable, VariableKind};
use super::lexer::Lexer;
use super::{conditions, extra};
use crate::catalog::Function;
use crate::error::{Error, Report, Result, Severity};
use crate::sql::functions::EvalContext;
use crate::sql::routine::Shape;
use crate::sql::types::{SqlType, oid};
use crate::sqlstate;

/// Blocks and loops within each other; deeper is `54001`.
const NESTING_MAX: usize = 200;

pub(super) struct Parser<'a> {
    lex: Lexer<'a>,
    eval: &'a EvalContext,
    purpose: &'a Purpose,
    variables: Vec<Variable>,
    namespace: Namespace,
    outputs: Vec<(String, Dno)>,
    found: Dno,
    print_strict_params: bool,
    /// What a variable that hides another one is.
    shadows: Option<Severity>,
    pub warnings: Vec<Report>,
    pub conflict: Option<crate::sql::bind::Conflict>,
    nesting: usize,
}

/// The arguments of what is compiled.
pub(super) struct Parameter {
    pub name: String,
    pub ty: SqlType,
    /// As in `proargmodes`.
    pub mode: char,
}

/// Compiles a body.
pub(super) fn compile(
    text: &str,
    name: &str,
    signature: String,
    parameters: &[Parameter],
    purpose: &Purpose,
    eval: &EvalContext,
) -> Result<(Body, crate::sql::bind::Conflict)> {
    let lex = Lexer::new(text)?;
    let mut parser = Parser {
        lex,
        eval,
        purpose,
        variables: Vec::new(),
        namespace: None,
        outputs: Vec::new(),
        found: 0,
        print_strict_params: false,
        shadows: None,
        warnings: Vec::new(),
        conflict: None,
        nesting: 0,
    };
    parser.push_label(Some(name.to_owned()), false);
    let arguments = parser.parameters(parameters)?;
    let trigger = purpose.is_trigger.then(|| parser.trigger_variables());
    parser.found = parser.add("found", VariableKind::Scalar(SqlType::new(oid::BOOL)));
    parser.settings()?;
    parser.options()?;
    let block = parser.outer_block()?;
    let conflict = parser.conflict.unwrap_or(crate::sql::bind::Conflict::Error);
    let body = Body {
        block,
        variables: parser.variables,
        arguments,
        outputs: parser.outputs,
        found: parser.found,
        trigger,
        signature,
        print_strict_params: parser.print_strict_params,
        warnings: parser.warnings,
    };
    Ok((body, conflict))
}

/// The parameters of a function of the catalog, with the types of one call.
pub(super) fn parameters(
    function: &Function,
    types: &[SqlType],
    result: SqlType,
) -> Vec<Parameter> {
    let mut inputs = types.iter();
    match &function.all_args {
        None => function
            .args
            .iter()
            .enumerate()
            .map(|(at, declared)| Parameter {
                name: function.arg_names.get(at).cloned().unwrap_or_default(),
                ty: inputs.next().copied().unwrap_or(SqlType::new(*declared)),
                mode: 'i',
            })
            .collect(),
        Some(all) => {
            let fields = crate::sql::types::record::fields(result);
            let mut output = 0;
            all.iter()
                .map(|(mode, declared, name)| {
                    let mut ty = SqlType::new(*declared);
                    if matches!(mode, 'i' | 'b' | 'v') {
                        ty = inputs.next().copied().unwrap_or(ty);
                    }
                    if matches!(mode, 'o' | 't') {
                        // Polymorphic ones have been resolved with the call.
                        ty = match &fields {
                            Some(fields) => fields.get(output).map_or(ty, |(_, ty)| *ty),
                            None if result.oid != oid::RECORD => result,
                            None => ty,
                        };
                    }
                    output += usize::from(matches!(mode, 'o' | 'b' | 't'));
                    Parameter { name: name.clone(), ty, mode: *mode }
                })
                .collect()
        }
    }
}

impl<'a> Parser<'a> {
    fn push_label(&mut self, name: Option<String>, is_loop: bool) {
        self.push(Item::Label { name, is_loop });
    }

    fn push(&mut self, item: Item) {
        let outer = self.namespace.take();
        self.namespace = Some(Arc::new(Entry { item, outer }));
    }

    /// Declares a variable at this place.
    fn add(&mut self, name: &str, kind: VariableKind) -> Dno {
        let line = self.lex.line();
        let dno = self.add_hidden(name, kind);
        self.variables[dno].line = line;
        self.name_variable(name, dno);
        dno
    }

    /// A variable that no name means yet.
    fn add_hidden(&mut self, name: &str, kind: VariableKind) -> Dno {
        self.variables.push(Variable {
            name: name.to_owned(),
            kind,
            constant: false,
            not_null: false,
            default: None,
            line: 0,
        });
        self.variables.len() - 1
    }

    fn name_variable(&mut self, name: &str, dno: Dno) {
        let is_record = matches!(self.variables[dno].kind, VariableKind::Record(_));
        self.push(Item::Variable { name: name.to_owned(), dno, is_record });
    }

    fn parameters(&mut self, parameters: &[Parameter]) -> Result<Vec<Dno>> {
        let mut arguments = Vec::new();
        for (at, parameter) in parameters.iter().enumerate() {
            let kind = self.kind_of(parameter.ty);
            let is_table_column = parameter.mode == 't';
            let position = format!("${}", at + 1);
            let dno = self.add_hidden(
                if parameter.name.is_empty() { &position } else { &parameter.name },
                kind,
            );
            if !is_table_column {
                self.name_variable(&position, dno);
            }
            if !parameter.name.is_empty() {
                self.name_variable(&parameter.name, dno);
            }
            if matches!(parameter.mode, 'i' | 'b' | 'v') {
                arguments.push(dno);
            }
            if matches!(parameter.mode, 'o' | 'b' | 't') {
                let name = match parameter.name.is_empty() {
                    true => format!("column{}", self.outputs.len() + 1),
                    false => parameter.name.clone(),
                };
                self.outputs.push((name, dno));
            }
        }
        Ok(arguments)
    }

    /// The kind of a variable of this type.
    fn kind_of(&self, ty: SqlType) -> VariableKind {
        match Shape::of(ty, &self.eval.catalog) {
            Shape::Row(ty, _) => VariableKind::Record(Some(ty)),
            Shape::AnyRow => VariableKind::Record(None),
            Shape::Scalar(_) | Shape::Void => VariableKind::Scalar(ty),
        }
    }

    fn trigger_variables(&mut self) -> TriggerVariables {
        let row = self
            .eval
            .catalog
            .relation(self.purpose.table)
            .map(|relation| SqlType::new(self.eval.catalog.row_type(relation)))
            .filter(|ty| ty.oid != oid::INVALID);
        let scalar = |ty: u32| VariableKind::Scalar(SqlType::new(ty));
        TriggerVariables {
            new: self.add("new", VariableKind::Record(row)),
            old: self.add("old", VariableKind::Record(row)),
            name: self.add("tg_name", scalar(oid::NAME)),
            when: self.add("tg_when", scalar(oid::TEXT)),
            level: self.add("tg_level", scalar(oid::TEXT)),
            op: self.add("tg_op", scalar(oid::TEXT)),
            relid: self.add("tg_relid", scalar(oid::OID)),
            relname: self.add("tg_relname", scalar(oid::NAME)),
            table_name: self.add("tg_table_name", scalar(oid::NAME)),
            table_schema: self.add("tg_table_schema", scalar(oid::NAME)),
            nargs: self.add("tg_nargs", scalar(oid::INT4)),
            argv: self.add("tg_argv", scalar(oid::TEXT_ARRAY)),
        }
    }

    /// The parameters `plpgsql.…` that count while a body is compiled.
    fn settings(&mut self) -> Result<()> {
        use crate::sql::bind::Conflict;
        let setting = |name: &str| self.eval.session.setting(&format!("plpgsql.{name}"));
        if self.purpose.creation {
            self.shadows = extra::level(self.eval, extra::SHADOWED_VARIABLES)?;
        }
        let strict_params = setting("print_strict_params")?;
        self.print_strict_params =
            matches!(strict_params.as_deref(), Some("on" | "true" | "yes" | "1"));
        self.conflict = match setting("variable_conflict")?.as_deref() {
            Some("use_variable") => Some(Conflict::UseVariable),
            Some("use_column") => Some(Conflict::UseColumn),
            _ => None,
        };
        Ok(())
    }

    /// `#variable_conflict use_column` and its like, before the block.
    fn options(&mut self) -> Result<()> {
        use crate::sql::bind::Conflict;
        while self.lex.accept_symbol("#") {
            let name = self.lex.name()?;
            let value = self.lex.name()?;
            match (name.as_str(), value.as_str()) {
                ("variable_conflict", "error") => self.conflict = Some(Conflict::Error),
                ("variable_conflict", "use_variable") => {
                    self.conflict = Some(Conflict::UseVariable);
                }
                ("variable_conflict", "use_column") => self.conflict = Some(Conflict::UseColumn),
                ("print_strict_params", "on") => self.print_strict_params = true,
                ("print_strict_params", "off") => self.print_strict_params = false,
                _ => return Err(self.lex.syntax_error()),
            }
        }
        Ok(())
    }

    fn outer_block(&mut self) -> Result<Block> {
        let label = self.label()?;
        let block = self.block(label)?;
        self.lex.accept_symbol(";");
        if self.lex.peek().is_some() {
            return Err(self.lex.syntax_error());
        }
        Ok(block)
    }

    /// `<<label>>`, if there is one.
    fn label(&mut self) -> Result<Option<String>> {
        if !self.lex.accept_symbol("<<") {
            return Ok(None);
        }
        let name = self.lex.name()?;
        self.lex.expect_symbol(">>")?;
        Ok(Some(name))
    }

    fn deeper(&mut self) -> Result<()> {
        self.nesting += 1;
        if self.nesting > NESTING_MAX {
            return Err(Error::statement_too_deep());
        }
        Ok(())
    }

    /// A block, its label read.
    fn block(&mut self, label: Option<String>) -> Result<Block> {
        self.deeper()?;
        let outer = self.namespace.clone();
        self.push_label(label.clone(), false);
        let first = self.variables.len();
        let mut declared = Vec::new();
        if self.lex.accept_word("declare") {
            declared = self.declarations(first)?;
        }
        self.lex.expect_word("begin")?;
        let body = self.statements(&["end", "exception"])?;
        let handlers = match self.lex.accept_word("exception") {
            true => Some(self.handlers()?),
            false => None,
        };
        self.lex.expect_word("end")?;
        self.end_label(label.as_deref(), "block")?;
        self.namespace = outer;
        self.nesting -= 1;
        Ok(Block { label, declared, body, handlers })
    }

    /// The label that may be repeated after END or END LOOP.
    fn end_label(&mut self, label: Option<&str>, what: &str) -> Result<()> {
        use crate::sql::parse::SqlTokenKind;
        let named = self.lex.peek().is_some_and(|token| token.kind == SqlTokenKind::Word);
        if !named {
            return Ok(());
        }
        let token = self.lex.peek().cloned();
        let name = self.lex.name()?;
        let wrong = |message: String| {
            let location = token.as_ref().map_or(-1, |t| i32::try_from(t.start).unwrap_or(-1));
            Err(Error::syntax(message).at(location).in_internal_query(self.lex.text))
        };
        match label {
            None => wrong(format!("end label \"{name}\" specified for unlabeled {what}")),
            Some(label) if label != name => {
                wrong(format!("end label \"{name}\" differs from {what}'s label \"{label}\""))
            }
            Some(_) => Ok(()),
        }
    }

    fn handlers(&mut self) -> Result<Handlers> {
        let outer = self.namespace.clone();
        let text = VariableKind::Scalar(SqlType::new(oid::TEXT));
        let sqlstate = self.add("sqlstate", text.clone());
        let sqlerrm = self.add("sqlerrm", text);
        self.variables[sqlstate].constant = true;
        self.variables[sqlerrm].constant = true;
        let mut handlers = Vec::new();
        while self.lex.accept_word("when") {
            let mut conditions = self.condition()?;
            while self.lex.accept_word("or") {
                conditions.extend(self.condition()?);
            }
            self.lex.expect_word("then")?;
            let body = self.statements(&["when", "end"])?;
            handlers.push(Handler { conditions, body });
        }
        if handlers.is_empty() {
            return Err(self.lex.syntax_error());
        }
        self.namespace = outer;
        Ok(Handlers { sqlstate, sqlerrm, handlers })
    }

    fn condition(&mut self) -> Result<Vec<Condition>> {
        let name = self.lex.name()?;
        if name == "others" {
            return Ok(vec![Condition::Others]);
        }
        if name == "sqlstate" {
            let code = self.string_literal()?;
            let code = conditions::parse_code(&code)
                .ok_or_else(|| self.lex.error_here(Error::syntax("invalid SQLSTATE code")))?;
            return Ok(vec![Condition::Code(code)]);
        }
        let codes: Vec<Condition> = conditions::codes(&name).map(Condition::Code).collect();
        if codes.is_empty() {
            return Err(unknown_condition(&name));
        }
        Ok(codes)
    }

    /// Statements up to one of these words.
    fn statements(&mut self, stops: &[&str]) -> Result<Vec<Statement>> {
        let mut statements = Vec::new();
        loop {
            if self.lex.peek().is_none() {
                return Err(self.lex.syntax_error());
            }
            if stops.iter().any(|stop| self.lex.is_word(stop)) {
                return Ok(statements);
            }
            statements.push(self.statement()?);
        }
    }

    /// A string constant, its quotes taken off.
    fn string_literal(&mut self) -> Result<String> {
        use crate::sql::parse::{NodeEnum, SqlTokenKind, ast};
        let is_string = self.lex.peek().is_some_and(|token| token.kind == SqlTokenKind::String);
        if !is_string {
            return Err(self.lex.syntax_error());
        }
        let Some(token) = self.lex.next() else { return Err(self.lex.syntax_error()) };
        let written = self.lex.written(&token);
        let parsed = crate::sql::parse::parse_expression(written)?;
        let constant = parsed.first().and_then(|statement| match &statement.node {
            NodeEnum::SelectStmt(select) => match &select.target_list.first()?.node {
                Some(NodeEnum::ResTarget(target)) => match &target.val.as_ref()?.node {
                    Some(NodeEnum::AConst(constant)) => match &constant.val {
                        Some(ast::a_const::Val::Sval(text)) => Some(text.sval.clone()),
                        _ => None,
                    },
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        });
        constant.ok_or_else(|| self.lex.syntax_error())
    }
}

pub(super) fn unknown_condition(name: &str) -> Error {
    Error::new(sqlstate::UNDEFINED_OBJECT, format!("unrecognized exception condition \"{name}\""))
}

/// What the parser of one statement hands over.
type Parsed = Result<ast::Kind>;

type SharedExpr = Arc<Expr>;
