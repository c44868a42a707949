//! CREATE SCHEMA.

use super::Ddl;
use crate::catalog::{ObjectClass, Schema, acl};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
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
                self.notice(format!("schema \"{name}\" already exists, skipping"));
                return Ok("CREATE SCHEMA");
            }
            return Err(Error::new(
                sqlstate::DUPLICATE_SCHEMA,
                format!("schema \"{name}\" already exists"),
            ));
        }
        self.require_on_database(acl::CREATE)?;
        let schema = Schema { oid: self.next_oid(), name: name.to_owned(), owner: owner.oid };
        self.put(schema);
        self.create_schema_elements(name, &statement.schema_elts).await?;
        Ok("CREATE SCHEMA")
    }

    /// Objects created with the schema go into it unless they say otherwise.
    async fn create_schema_elements(&mut self, schema: &str, nodes: &[ast::Node]) -> Result<()> {
        for node in nodes {
            match &node.node {
                Some(NodeEnum::CreateStmt(statement)) => {
                    let mut statement = statement.clone();
                    put_into(schema, statement.relation.as_mut());
                    self.create_table(&statement).await?;
                }
                Some(NodeEnum::CreateSeqStmt(statement)) => {
                    let mut statement = statement.clone();
                    put_into(schema, statement.sequence.as_mut());
                    self.create_sequence(&statement).await?;
                }
                Some(NodeEnum::IndexStmt(statement)) => {
                    let mut statement = statement.clone();
                    put_into(schema, statement.relation.as_mut());
                    self.create_index(&statement).await?;
                }
                _ => return Err(Error::unsupported("this element of CREATE SCHEMA")),
            }
        }
        Ok(())
    }
}

fn put_into(schema: &str, name: Option<&mut ast::RangeVar>) {
    if let Some(name) = name
        && name.schemaname.is_empty()
    {
        name.schemaname = schema.to_owned();
    }
}
