//! Trees back to text.

use pg_query::NodeEnum;
use pg_query::protobuf::{LimitOption, Node, ResTarget, SelectStmt, SetOperation};

use crate::error::{Error, Result};

/// An expression as SQL, in libpg_query's spelling: names stay as they were
/// written, nothing is resolved.
pub fn expression_text(expression: &Node) -> Result<String> {
    let target = ResTarget { val: Some(Box::new(expression.clone())), ..ResTarget::default() };
    let select = SelectStmt {
        target_list: vec![Node { node: Some(NodeEnum::ResTarget(Box::new(target))) }],
        // The C code stops the process at an enum that is not set.
        limit_option: LimitOption::Default.into(),
        op: SetOperation::SetopNone.into(),
        ..SelectStmt::default()
    };
    let text = NodeEnum::SelectStmt(Box::new(select))
        .deparse(pg_query::DeparseOptions::default())
        .map_err(|error| Error::internal(format!("cannot print an expression: {error}")))?;
    Ok(text.strip_prefix("SELECT ").unwrap_or(&text).to_owned())
}
