//! CREATE SCHEMA.

use std::sync::Arc;

use super::Ddl;
use crate::catalog::{self, ObjectClass, Schema, acl};
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::run::StatementContext;
use crate::sql::types::Oid;
use crate::sqlstate;

impl Ddl<'_> {
    pub async fn create_schema(
        &mut self,
        statement: &ast::CreateSchemaStmt,
    ) -> Result<&'static str> {
        let owner = match &statement.authrole {
            Some(role) => self.role_of(role)?,
            None => self.current_role()?,
        };
        let name = match statement.schemaname.as_str() {
            "" => owner.name.as_str(),
            name => name,
        };
        if name.starts_with("pg_") {
            return Err(Error::new(
                sqlstate::RESERVED_NAME,
                format!("unacceptable schema name \"{name}\""),
            )
            .with_detail("The prefix \"pg_\" is reserved for system schemas."));
        }
        if self.is_taken(ObjectClass::Schema, 0, name) {
            if statement.if_not_exists {
                self.notice_with(
                    crate::sqlstate::DUPLICATE_SCHEMA,
                    format!("schema \"{name}\" already exists, skipping"),
                );
                return Ok("CREATE SCHEMA");
            }
            return Err(Error::new(
                sqlstate::DUPLICATE_SCHEMA,
                format!("schema \"{name}\" already exists"),
            ));
        }
        self.require_on_database(acl::CREATE)?;
        let oid = self.next_oid();
        self.put(Schema { oid, name: name.to_owned(), owner: owner.oid });
        if !statement.schema_elts.is_empty() {
            self.within_schema(oid, name, &statement.schema_elts).await?;
        }
        Ok("CREATE SCHEMA")
    }

    /// Creates the objects that come with a schema: names in them are looked for there
    /// first.
    async fn within_schema(&mut self, oid: Oid, name: &str, nodes: &[ast::Node]) -> Result<()> {
        let mut settings = (*self.ctx.eval.settings).clone();
        let path = &mut settings.search_path;
        let at = usize::from(path.first() == Some(&catalog::PG_CATALOG));
        path.insert(at, oid);
        let eval = EvalContext {
            settings: Arc::new(settings),
            catalog: self.work.catalog.clone(),
            ..(*self.ctx.eval).clone()
        };
        let ctx = StatementContext { eval: Arc::new(eval), ..self.ctx.clone() };
        let mut inner = Ddl { work: self.work, ctx: &ctx, arguments: self.arguments };
        inner.create_schema_elements(name, nodes).await
    }

    /// Objects created with the schema go into it unless they say otherwise.
    async fn create_schema_elements(&mut self, schema: &str, nodes: &[ast::Node]) -> Result<()> {
        let mut nodes: Vec<&NodeEnum> =
            nodes.iter().filter_map(|node| node.node.as_ref()).collect();
        // What others may name comes first.
        nodes.sort_by_key(|node| match node {
            NodeEnum::CreateSeqStmt(_) => 0,
            NodeEnum::CreateStmt(_) => 1,
            NodeEnum::ViewStmt(_) => 2,
            NodeEnum::IndexStmt(_) => 3,
            NodeEnum::CreateTrigStmt(_) => 4,
            _ => 5,
        });
        for node in nodes {
            match node {
                NodeEnum::CreateStmt(statement) => {
                    let mut statement = statement.clone();
                    put_into(schema, statement.relation.as_mut())?;
                    Box::pin(self.create_table(&statement)).await?;
                }
                NodeEnum::CreateSeqStmt(statement) => {
                    let mut statement = statement.clone();
                    put_into(schema, statement.sequence.as_mut())?;
                    self.create_sequence(&statement).await?;
                }
                NodeEnum::ViewStmt(statement) => {
                    let mut statement = statement.clone();
                    put_into(schema, statement.view.as_mut())?;
                    Box::pin(self.create_view(&statement)).await?;
                }
                NodeEnum::IndexStmt(statement) => {
                    let mut statement = statement.clone();
                    put_into(schema, statement.relation.as_mut())?;
                    Box::pin(self.create_index(&statement)).await?;
                }
                NodeEnum::CreateTrigStmt(statement) => {
                    let mut statement = statement.clone();
                    put_into(schema, statement.relation.as_mut())?;
                    Box::pin(self.create_trigger(&statement)).await?;
                }
                NodeEnum::GrantStmt(statement) => {
                    self.grant(statement).await?;
                }
                _ => return Err(Error::unsupported("this element of CREATE SCHEMA")),
            }
        }
        Ok(())
    }
}

/// An element may name the schema, but no other.
fn put_into(schema: &str, name: Option<&mut ast::RangeVar>) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    if name.schemaname.is_empty() {
        name.schemaname = schema.to_owned();
    }
    if name.schemaname != schema {
        return Err(Error::new(
            sqlstate::INVALID_SCHEMA_DEFINITION,
            format!(
                "CREATE specifies a schema ({}) different from the one being created ({schema})",
                name.schemaname
            ),
        ));
    }
    Ok(())
}
