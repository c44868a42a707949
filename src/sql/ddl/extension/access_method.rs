//! CREATE ACCESS METHOD, in an extension's script: the methods are the server's own, the
//! script says that they are there and what they are called.

use super::super::{Ddl, strings};
use crate::catalog::AccessMethod;
use crate::error::{Error, Result};
use crate::index::{HNSW, IVFFLAT};
use crate::sql::parse::ast;
use crate::sql::types::oid;
use crate::sqlstate;

/// The handlers that this server has, with the only name that each method may have.
const HANDLERS: [(&str, &str); 2] = [("hnswhandler", HNSW), ("ivfflathandler", IVFFLAT)];

impl Ddl<'_> {
    pub(in crate::sql::ddl) fn create_access_method(
        &mut self,
        statement: &ast::CreateAmStmt,
    ) -> Result<&'static str> {
        let name = &statement.amname;
        let is_known = |handler: &str| HANDLERS.contains(&(handler, name.as_str()));
        let parts = strings(&statement.handler_name);
        let handler = parts.last().copied().unwrap_or_default();
        if self.work.extension.is_none() || statement.amtype != "i" || !is_known(handler) {
            return Err(Error::unsupported("CREATE ACCESS METHOD"));
        }
        if self.work.catalog.access_method_named(name).is_some() {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("access method \"{name}\" already exists"),
            ));
        }
        let method = AccessMethod {
            oid: self.next_oid(),
            name: name.clone(),
            handler: handler.to_owned(),
            handler_function: self.exact_function(&parts, &[oid::INTERNAL])?,
            kind: 'i',
        };
        self.put(method);
        Ok("CREATE ACCESS METHOD")
    }
}
