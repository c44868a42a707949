//! CREATE and DROP DATABASE: one server holds one database.

use super::Ddl;
use crate::error::{Error, Result};
use crate::sql::parse::ast;

impl Ddl<'_> {
    pub fn create_database(&mut self, _: &ast::CreatedbStmt) -> Result<&'static str> {
        Err(Error::unsupported("CREATE DATABASE"))
    }

    pub fn drop_database(&mut self, _: &ast::DropdbStmt) -> Result<&'static str> {
        Err(Error::unsupported("DROP DATABASE"))
    }
}
