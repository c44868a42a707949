//! The attributes of CREATE and ALTER FUNCTION.

use crate::catalog::Volatility;
use crate::error::{Error, Result};
use crate::sql::ddl::Ddl;
use crate::sql::ddl::options::{self, conflicting};
use crate::sql::parse::{NodeEnum, ast};
use crate::sqlstate;

/// What was given.
#[derive(Default)]
pub struct Given {
    pub language: Option<String>,
    pub source: Option<String>,
    pub volatility: Option<Volatility>,
    pub strict: Option<bool>,
    pub security_definer: Option<bool>,
    pub leakproof: Option<bool>,
    pub parallel: Option<char>,
    pub cost: Option<f32>,
    pub rows: Option<f32>,
    pub settings: Vec<ast::VariableSetStmt>,
}

/// Reads the attributes.
pub fn read(nodes: &[ast::Node], is_procedure: bool) -> Result<Given> {
    let mut given = Given::default();
    let mut language: Option<String> = None;
    for option in options::options(nodes) {
        let refused = is_procedure
            && !matches!(
                option.defname.as_str(),
                "as" | "language" | "security" | "set" | "transform"
            );
        if refused {
            return Err(Error::new(
                sqlstate::INVALID_FUNCTION_DEFINITION,
                "invalid attribute in procedure definition",
            )
            .at(option.location));
        }
        let conflict = || conflicting(option);
        match option.defname.as_str() {
            "as" => once(&mut given.source, source(option)?, conflict)?,
            "language" => {
                let name = options::string(option).unwrap_or_default().to_owned();
                once(&mut language, name, conflict)?;
            }
            "volatility" => {
                let volatility = match options::string(option) {
                    Some("immutable") => Volatility::Immutable,
                    Some("stable") => Volatility::Stable,
                    _ => Volatility::Volatile,
                };
                once(&mut given.volatility, volatility, conflict)?;
            }
            "strict" => once(&mut given.strict, options::boolean(option)?, conflict)?,
            "security" => once(&mut given.security_definer, options::boolean(option)?, conflict)?,
            "leakproof" => once(&mut given.leakproof, options::boolean(option)?, conflict)?,
            "cost" => once(&mut given.cost, number(option)?, conflict)?,
            "rows" => once(&mut given.rows, number(option)?, conflict)?,
            "parallel" => {
                let parallel = match options::string(option).unwrap_or_default() {
                    "safe" => 's',
                    "restricted" => 'r',
                    "unsafe" => 'u',
                    _ => {
                        return Err(Error::syntax(
                            "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE",
                        ));
                    }
                };
                once(&mut given.parallel, parallel, conflict)?;
            }
            "set" => match option.arg.as_ref().and_then(|node| node.node.as_ref()) {
                Some(NodeEnum::VariableSetStmt(set)) => given.settings.push(set.clone()),
                _ => return Err(Error::internal("SET of nothing")),
            },
            "window" => return Err(Error::unsupported("WINDOW functions of users")),
            other => {
                return Err(Error::unsupported(format!(
                    "function attribute {}",
                    other.to_uppercase()
                )));
            }
        }
    }
    given.language = language;
    Ok(given)
}

fn once<T>(slot: &mut Option<T>, value: T, conflict: impl Fn() -> Error) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(conflict()),
    }
}

fn number(option: &ast::DefElem) -> Result<f32> {
    match option.arg.as_ref().and_then(|node| node.node.as_ref()) {
        Some(NodeEnum::Integer(value)) => Ok(value.ival as f32),
        Some(NodeEnum::Float(value)) => value
            .fval
            .parse()
            .map_err(|_| Error::syntax(format!("{} requires a numeric value", option.defname))),
        _ => Err(Error::syntax(format!("{} requires a numeric value", option.defname))),
    }
}

/// The text after AS; a second one is a symbol in an object file.
fn source(option: &ast::DefElem) -> Result<String> {
    let Some(NodeEnum::List(list)) = option.arg.as_ref().and_then(|node| node.node.as_ref()) else {
        return Err(Error::internal("AS of nothing"));
    };
    match super::super::strings(&list.items).as_slice() {
        [text] => Ok((*text).to_owned()),
        _ => Err(Error::new(
            sqlstate::INVALID_FUNCTION_DEFINITION,
            "only one AS item needed for language \"sql\"",
        )),
    }
}

impl Ddl<'_> {
    /// A function's settings with SET and RESET applied.
    pub(super) fn config(
        &self,
        mut config: Vec<(String, String)>,
        settings: &[ast::VariableSetStmt],
    ) -> Result<Vec<(String, String)>> {
        use ast::VariableSetKind as Kind;
        for set in settings {
            let name = set.name.to_ascii_lowercase();
            match set.kind() {
                Kind::VarResetAll => config.clear(),
                Kind::VarReset | Kind::VarSetDefault => {
                    config.retain(|(known, _)| *known != name);
                }
                Kind::VarSetCurrent => {
                    let value = self.ctx.eval.session.setting(&name)?;
                    put(&mut config, name, value.unwrap_or_default());
                }
                _ => {
                    let value = setting_text(set);
                    if self.ctx.eval.session.setting(&name)?.is_none() && !name.contains('.') {
                        return Err(Error::new(
                            sqlstate::UNDEFINED_OBJECT,
                            format!("unrecognized configuration parameter \"{name}\""),
                        ));
                    }
                    put(&mut config, name, value);
                }
            }
        }
        Ok(config)
    }
}

fn put(config: &mut Vec<(String, String)>, name: String, value: String) {
    match config.iter_mut().find(|(known, _)| *known == name) {
        Some(known) => known.1 = value,
        None => config.push((name, value)),
    }
}

/// The arguments of SET as one text; names in a list are quoted where they must be.
fn setting_text(set: &ast::VariableSetStmt) -> String {
    let is_list = matches!(
        set.name.as_str(),
        "search_path" | "temp_tablespaces" | "session_preload_libraries"
    );
    let texts: Vec<String> = set
        .args
        .iter()
        .filter_map(|arg| match arg.node.as_ref()? {
            NodeEnum::AConst(constant) => match constant.val.as_ref()? {
                ast::a_const::Val::Sval(text) => Some(text.sval.clone()),
                ast::a_const::Val::Ival(value) => Some(value.ival.to_string()),
                ast::a_const::Val::Fval(value) => Some(value.fval.clone()),
                ast::a_const::Val::Boolval(value) => {
                    Some(if value.boolval { "on" } else { "off" }.to_owned())
                }
                ast::a_const::Val::Bsval(_) => None,
            },
            NodeEnum::String(text) => Some(text.sval.clone()),
            _ => None,
        })
        .map(|text| if is_list { crate::catalog::quote_identifier(&text) } else { text })
        .collect();
    texts.join(", ")
}
