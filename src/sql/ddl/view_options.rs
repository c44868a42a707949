//! A view's options: WITH (…), WITH CHECK OPTION, and ALTER VIEW … SET and RESET.

use super::Ddl;
use super::options::options;
use crate::catalog::{Relation, RelationKind, Updatable, View, boolean};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sqlstate;

const BOOLEANS: [&str; 2] = ["security_barrier", "security_invoker"];
const CHECK_OPTION: &str = "check_option";

/// The options of CREATE VIEW, the clause at its end among them.
pub fn view_options(statement: &ast::ViewStmt) -> Result<Vec<(String, String)>> {
    let mut found = read_options(&statement.options)?;
    let clause = match statement.with_check_option() {
        ast::ViewCheckOption::LocalCheckOption => "local",
        ast::ViewCheckOption::CascadedCheckOption => "cascaded",
        _ => return Ok(found),
    };
    if found.iter().any(|(name, _)| name == CHECK_OPTION) {
        return Err(twice(CHECK_OPTION));
    }
    found.push((CHECK_OPTION.to_owned(), clause.to_owned()));
    Ok(found)
}

fn read_options(nodes: &[ast::Node]) -> Result<Vec<(String, String)>> {
    let mut found: Vec<(String, String)> = Vec::new();
    for option in options(nodes) {
        let name = option.defname.as_str();
        if !option.defnamespace.is_empty() {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("unrecognized parameter namespace \"{}\"", option.defnamespace),
            ));
        }
        let value = value_text(option);
        check_option(name, &value)?;
        if found.iter().any(|(known, _)| known == name) {
            return Err(twice(name));
        }
        found.push((name.to_owned(), value));
    }
    Ok(found)
}

fn check_option(name: &str, value: &str) -> Result<()> {
    let invalid = |message: String| Error::new(sqlstate::INVALID_PARAMETER_VALUE, message);
    if BOOLEANS.contains(&name) {
        return match boolean(value) {
            Some(_) => Ok(()),
            None => Err(invalid(format!("invalid value for boolean option \"{name}\": {value}"))),
        };
    }
    if name != CHECK_OPTION {
        return Err(invalid(format!("unrecognized parameter \"{name}\"")));
    }
    match value.to_ascii_lowercase().as_str() {
        "local" | "cascaded" => Ok(()),
        _ => Err(invalid(format!("invalid value for enum option \"{name}\": {value}"))
            .with_detail("Valid values are \"local\" and \"cascaded\".")),
    }
}

fn twice(name: &str) -> Error {
    Error::new(
        sqlstate::INVALID_PARAMETER_VALUE,
        format!("parameter \"{name}\" specified more than once"),
    )
}

/// An option's value as text; without one it is on.
fn value_text(option: &ast::DefElem) -> String {
    match option.arg.as_ref().and_then(|node| node.node.as_ref()) {
        None => "true".to_owned(),
        Some(NodeEnum::String(value)) => value.sval.clone(),
        Some(NodeEnum::Integer(value)) => value.ival.to_string(),
        Some(NodeEnum::Float(value)) => value.fval.clone(),
        Some(NodeEnum::Boolean(value)) => value.boolval.to_string(),
        Some(NodeEnum::TypeName(name)) => {
            super::strings(&name.names).last().map_or_else(String::new, |s| (*s).to_owned())
        }
        Some(_) => String::new(),
    }
}

/// WITH CHECK OPTION has rows to check only where rows can be written.
pub fn require_checkable(view: &View) -> Result<()> {
    let reason = match (&view.check_option(), &view.updatable) {
        (None, _) | (_, Some(Updatable::Yes { .. })) => None,
        (_, Some(Updatable::No(reason))) => Some(reason.as_str()),
        (_, None) => Some(""),
    };
    let columns = match &view.updatable {
        Some(Updatable::Yes { columns, .. }) => columns.iter().any(|column| column.is_ok()),
        _ => true,
    };
    let reason = match (reason, columns, view.check_option()) {
        (Some(reason), ..) => reason,
        (None, false, Some(_)) => {
            "Views that have no updatable columns are not automatically updatable."
        }
        _ => return Ok(()),
    };
    Err(Error::new(
        sqlstate::FEATURE_NOT_SUPPORTED,
        "WITH CHECK OPTION is supported only on automatically updatable views",
    )
    .with_hint(reason))
}

impl Ddl<'_> {
    /// ALTER VIEW … SET (…) and RESET (…).
    pub fn alter_view_options(
        &mut self,
        relation: &Relation,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let RelationKind::View(view) = &relation.kind else {
            return Err(Error::internal("a view's options on another relation"));
        };
        let nodes = match command.def.as_ref().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::List(list)) => list.items.as_slice(),
            _ => &[],
        };
        let mut view = view.clone();
        if command.subtype() == ast::AlterTableType::AtResetRelOptions {
            for option in options(nodes) {
                view.options.retain(|(known, _)| *known != option.defname);
            }
        } else {
            for (name, value) in read_options(nodes)? {
                view.options.retain(|(known, _)| *known != name);
                view.options.push((name, value));
            }
            require_checkable(&view)?;
        }
        self.put_relation(Relation { kind: RelationKind::View(view), ..relation.clone() });
        Ok(())
    }
}
