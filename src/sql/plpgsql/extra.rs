//! `plpgsql.extra_errors` and `plpgsql.extra_warnings`: checks that are off by default.

use crate::error::{Error, Result, Severity};
use crate::sql::functions::EvalContext;
use crate::sqlstate;

pub const SHADOWED_VARIABLES: &str = "shadowed_variables";
pub const TOO_MANY_ROWS: &str = "too_many_rows";
pub const STRICT_MULTI_ASSIGNMENT: &str = "strict_multi_assignment";

/// What finding something means; none while nobody asks for the check.
pub fn level(eval: &EvalContext, check: &str) -> Result<Option<Severity>> {
    for (name, severity) in
        [("plpgsql.extra_errors", Severity::Error), ("plpgsql.extra_warnings", Severity::Warning)]
    {
        if let Some(value) = eval.session.setting(name)?
            && asks_for(name, &value, check)?
        {
            return Ok(Some(severity));
        }
    }
    Ok(None)
}

fn asks_for(name: &str, value: &str, check: &str) -> Result<bool> {
    let value = value.trim();
    match value.to_ascii_lowercase().as_str() {
        "all" => return Ok(true),
        "none" | "" => return Ok(false),
        _ => {}
    }
    let mut asked = false;
    for word in value.split(',').map(|word| word.trim().trim_matches('"').to_ascii_lowercase()) {
        match word.as_str() {
            SHADOWED_VARIABLES | TOO_MANY_ROWS | STRICT_MULTI_ASSIGNMENT => {
                asked |= word == check;
            }
            _ => {
                return Err(Error::new(
                    sqlstate::INVALID_PARAMETER_VALUE,
                    format!("invalid value for parameter \"{name}\": \"{value}\""),
                )
                .with_detail(format!("Unrecognized key word: \"{word}\".")));
            }
        }
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_checks() {
        let asks = |value| asks_for("plpgsql.extra_errors", value, TOO_MANY_ROWS);
        assert!(asks("all").unwrap());
        assert!(!asks("none").unwrap());
        assert!(!asks("shadowed_variables").unwrap());
        assert!(asks("shadowed_variables, Too_Many_Rows").unwrap());
        assert_eq!(asks("nosuch").unwrap_err().code(), sqlstate::INVALID_PARAMETER_VALUE);
    }
}
