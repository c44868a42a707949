//! What CREATE AGGREGATE says in its parentheses.

use crate::error::{Error, Result, Severity};
use crate::sql::ddl::{Ddl, options};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, oid};
use crate::sqlstate;

/// One way to compute it: the options of the plain one, or those with an `m` in front.
#[derive(Default)]
pub struct Way<'a> {
    pub state: Option<&'a ast::TypeName>,
    pub function: Vec<&'a str>,
    pub inverse: Vec<&'a str>,
    pub finish: Vec<&'a str>,
    pub finish_extra: bool,
    pub finish_modify: Option<char>,
    pub space: i32,
    pub initial: Option<String>,
}

#[derive(Default)]
pub struct Given<'a> {
    pub plain: Way<'a>,
    pub moving: Way<'a>,
    pub combine: Vec<&'a str>,
    pub serialize: Vec<&'a str>,
    pub deserialize: Vec<&'a str>,
    pub sort_operator: Vec<&'a str>,
    pub base_type: Option<&'a ast::TypeName>,
    /// BASETYPE = 'ANY'.
    pub takes_any: bool,
    pub hypothetical: bool,
    pub parallel: Option<String>,
}

pub fn invalid(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_FUNCTION_DEFINITION, message)
}

impl Ddl<'_> {
    pub(super) fn aggregate_options<'a>(&self, nodes: &'a [ast::Node]) -> Result<Given<'a>> {
        let mut given = Given::default();
        for option in options::options(nodes) {
            if !given.read(option)? {
                let message = format!("aggregate attribute \"{}\" not recognized", option.defname);
                let warning = Error::notice(Severity::Warning, message);
                self.report(warning.with_code(sqlstate::SYNTAX_ERROR));
            }
        }
        given.check()?;
        Ok(given)
    }

    /// The type of a state, which only a superuser's may be the server's own.
    pub(super) fn state_type(&self, name: &ast::TypeName) -> Result<Oid> {
        let ty = self.resolve_type(name).map_err(Error::without_position)?.oid;
        let kind = self.work.catalog.type_(ty).map(|ty| &ty.kind);
        let is_pseudo = matches!(kind, Some(crate::catalog::TypeKind::Pseudo));
        let is_fine = !is_pseudo
            || crate::sql::bind::is_polymorphic(ty)
            || ty == oid::INTERNAL && self.current_role()?.superuser;
        match is_fine {
            true => Ok(ty),
            false => Err(invalid(format!(
                "aggregate transition data type cannot be {}",
                self.display_type(ty)
            ))),
        }
    }
}

impl<'a> Given<'a> {
    /// False for an option that there is not.
    fn read(&mut self, option: &'a ast::DefElem) -> Result<bool> {
        match option.defname.as_str() {
            "sfunc" | "sfunc1" => self.plain.function = name(option)?,
            "msfunc" => self.moving.function = name(option)?,
            "minvfunc" => self.moving.inverse = name(option)?,
            "finalfunc" => self.plain.finish = name(option)?,
            "mfinalfunc" => self.moving.finish = name(option)?,
            "combinefunc" => self.combine = name(option)?,
            "serialfunc" => self.serialize = name(option)?,
            "deserialfunc" => self.deserialize = name(option)?,
            "finalfunc_extra" => self.plain.finish_extra = options::boolean(option)?,
            "mfinalfunc_extra" => self.moving.finish_extra = options::boolean(option)?,
            "finalfunc_modify" => self.plain.finish_modify = Some(modify(option)?),
            "mfinalfunc_modify" => self.moving.finish_modify = Some(modify(option)?),
            "sortop" => self.sort_operator = name(option)?,
            "basetype" => match value(option)? {
                // 'ANY', of old, is no argument at all.
                NodeEnum::String(word) if word.sval.eq_ignore_ascii_case("any") => {
                    self.takes_any = true;
                }
                _ => self.base_type = Some(type_name(option)?),
            },
            "hypothetical" => self.hypothetical = options::boolean(option)?,
            "stype" | "stype1" => self.plain.state = Some(type_name(option)?),
            "mstype" => self.moving.state = Some(type_name(option)?),
            "sspace" => self.plain.space = space(option)?,
            "msspace" => self.moving.space = space(option)?,
            "initcond" | "initcond1" => self.plain.initial = Some(text(option)?),
            "minitcond" => self.moving.initial = Some(text(option)?),
            "parallel" => self.parallel = Some(text(option)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn check(&self) -> Result<()> {
        if self.plain.state.is_none() {
            return Err(invalid("aggregate stype must be specified"));
        }
        if self.plain.function.is_empty() {
            return Err(invalid("aggregate sfunc must be specified"));
        }
        let moving = &self.moving;
        if moving.state.is_some() {
            let missing = [("msfunc", &moving.function), ("minvfunc", &moving.inverse)];
            return match missing.into_iter().find(|(_, name)| name.is_empty()) {
                Some((what, _)) => Err(invalid(format!(
                    "aggregate {what} must be specified when mstype is specified"
                ))),
                None => Ok(()),
            };
        }
        let extra = [
            ("msfunc", !moving.function.is_empty()),
            ("minvfunc", !moving.inverse.is_empty()),
            ("mfinalfunc", !moving.finish.is_empty()),
            ("msspace", moving.space != 0),
            ("minitcond", moving.initial.is_some()),
        ];
        match extra.into_iter().find(|(_, given)| *given) {
            Some((what, _)) => {
                Err(invalid(format!("aggregate {what} must not be specified without mstype")))
            }
            None => Ok(()),
        }
    }

    /// The letter of `proparallel`.
    pub fn parallel(&self) -> Result<Option<char>> {
        match self.parallel.as_deref() {
            None => Ok(None),
            Some("safe") => Ok(Some('s')),
            Some("restricted") => Ok(Some('r')),
            Some("unsafe") => Ok(Some('u')),
            Some(_) => {
                Err(Error::syntax("parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE"))
            }
        }
    }
}

fn value(option: &ast::DefElem) -> Result<&NodeEnum> {
    option
        .arg
        .as_ref()
        .and_then(|node| node.node.as_ref())
        .ok_or_else(|| Error::syntax(format!("{} requires a parameter", option.defname)))
}

/// A name as it may be written for a function or an operator.
pub fn name(option: &ast::DefElem) -> Result<Vec<&str>> {
    let parts = match value(option)? {
        NodeEnum::TypeName(name) => crate::sql::ddl::strings(&name.names),
        NodeEnum::List(list) => crate::sql::ddl::strings(&list.items),
        NodeEnum::String(string) => vec![string.sval.as_str()],
        _ => Vec::new(),
    };
    match parts.is_empty() {
        true => Err(Error::syntax(format!("argument of {} must be a name", option.defname))),
        false => Ok(parts),
    }
}

pub fn type_name(option: &ast::DefElem) -> Result<&ast::TypeName> {
    match value(option)? {
        NodeEnum::TypeName(name) => Ok(name),
        _ => Err(Error::syntax(format!("argument of {} must be a type name", option.defname))),
    }
}

/// A string, number or word as text.
pub fn text(option: &ast::DefElem) -> Result<String> {
    Ok(match value(option)? {
        NodeEnum::String(string) => string.sval.clone(),
        NodeEnum::Integer(integer) => integer.ival.to_string(),
        NodeEnum::Float(float) => float.fval.clone(),
        NodeEnum::Boolean(boolean) => boolean.boolval.to_string(),
        _ => name(option)?.join("."),
    })
}

fn space(option: &ast::DefElem) -> Result<i32> {
    match value(option)? {
        NodeEnum::Integer(integer) => Ok(integer.ival),
        _ => Err(Error::syntax(format!("{} requires an integer value", option.defname))),
    }
}

fn modify(option: &ast::DefElem) -> Result<char> {
    match text(option)?.as_str() {
        "read_only" => Ok('r'),
        "shareable" => Ok('s'),
        "read_write" => Ok('w'),
        _ => Err(Error::syntax(format!(
            "parameter \"{}\" must be READ_ONLY, SHAREABLE, or READ_WRITE",
            option.defname
        ))),
    }
}
