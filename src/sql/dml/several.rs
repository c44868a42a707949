//! What rules have made of a statement, carried out one after the other: each part sees
//! what those before it have done. One of them may count for the client.

use futures::StreamExt;

use super::{Compiled, Effect};
use crate::catalog::Catalog;
use crate::error::Result;
use crate::sql::ir::{Query, Several, Statement};
use crate::sql::run::{self, StatementContext, Work};
use crate::sql::types::Datum;

pub struct SeveralPlan {
    verb: &'static str,
    parts: Vec<Part>,
    tagged: Option<usize>,
}

enum Part {
    Modify(Box<Compiled>),
    Query(Box<Query>),
}

impl SeveralPlan {
    pub fn new(several: &Several, catalog: &Catalog) -> Result<SeveralPlan> {
        let compile = |statement: &Statement| {
            Ok(match statement {
                Statement::Query(query) => Part::Query(Box::new(query.clone())),
                other => Part::Modify(Box::new(Compiled::new(other, catalog)?)),
            })
        };
        let parts = several.parts.iter().map(|(part, _)| compile(part));
        Ok(SeveralPlan {
            verb: several.verb,
            parts: parts.collect::<Result<_>>()?,
            tagged: several.tagged,
        })
    }

    /// The part that the client gets the count and the rows of.
    pub fn tagged(&self) -> Option<&Compiled> {
        match self.parts.get(self.tagged?)? {
            Part::Modify(compiled) => Some(compiled),
            Part::Query(_) => None,
        }
    }

    pub fn tag(&self, count: u64) -> String {
        match self.verb {
            "INSERT" => format!("INSERT 0 {count}"),
            verb => format!("{verb} {count}"),
        }
    }

    pub async fn run(
        &self,
        params: &[Datum],
        work: &mut Work,
        ctx: &StatementContext,
    ) -> Result<Effect> {
        let mut answer = Effect { count: 0, rows: Vec::new() };
        for (at, part) in self.parts.iter().enumerate() {
            match part {
                Part::Modify(compiled) => {
                    let effect = Box::pin(compiled.run(params, work, ctx)).await?;
                    if Some(at) == self.tagged {
                        answer = effect;
                    }
                }
                // Its rows are for nobody; what it calls is called.
                Part::Query(query) => {
                    let mut chunks = run::rows(query, params, work, ctx).await?;
                    while let Some(chunk) = ctx.lend_while(work, chunks.next()).await {
                        chunk?;
                    }
                }
            }
        }
        Ok(answer)
    }
}
