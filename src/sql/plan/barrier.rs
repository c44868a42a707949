//! A security barrier: rows pass it as they are, and nothing is pushed through it.
//!
//! What policies and views with `security_barrier` hide is filtered out below, so that
//! no function above, which might tell on, is called with it. Conditions that tell
//! nothing are put below already when the statement is bound.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::operator::{Operator, Run, pass_on};
use crate::error::Result;

#[derive(Debug)]
pub struct Barrier;

impl Operator for Barrier {
    fn name(&self) -> &str {
        "Subquery Scan"
    }

    fn keeps_order(&self) -> bool {
        true
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(pass_on(run))
    }
}
