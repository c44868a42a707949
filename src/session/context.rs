//! What expressions may know of the session, made once per change and not once
//! per statement.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Session;
use super::hooks::Hooks;
use super::settings::Derived;
use crate::catalog::{self, Catalog};
use crate::sql::functions::{EvalContext, SettingsView};
use crate::sql::run::StatementContext;
use crate::sql::run::work::StatementLimits;

/// Views that are kept: a session's own, and those of functions that set something.
const VIEWS_MAX: usize = 4;

/// The last views, the newest at the end, and what they were made from.
#[derive(Default)]
pub struct ContextCache {
    made: VecDeque<(Arc<Derived>, Arc<Catalog>, Arc<SettingsView>)>,
}

impl Session {
    /// The settings as expressions see them.
    fn settings_view(&mut self, catalog: &Arc<Catalog>) -> Arc<SettingsView> {
        self.hooks.view_of_settings(catalog)
    }
}

impl Hooks {
    /// The settings as expressions see them, over a catalog.
    pub(super) fn view_of_settings(&self, catalog: &Arc<Catalog>) -> Arc<SettingsView> {
        let derived = self.settings.lock().derived().clone();
        let mut contexts = self.contexts.lock();
        let known = contexts.made.iter().rev().find(|(old, old_catalog, _)| {
            Arc::ptr_eq(old, &derived) && Arc::ptr_eq(old_catalog, catalog)
        });
        if let Some((.., view)) = known {
            return view.clone();
        }
        let view = Arc::new(self.make_view(&derived, catalog));
        // What was made over another catalog hardly comes again, and would keep it.
        contexts.made.retain(|(_, old_catalog, _)| Arc::ptr_eq(old_catalog, catalog));
        if contexts.made.len() >= VIEWS_MAX {
            contexts.made.pop_front();
        }
        contexts.made.push_back((derived, catalog.clone(), view.clone()));
        view
    }

    fn make_view(&self, derived: &Derived, catalog: &Catalog) -> SettingsView {
        let session_user = self.session_user();
        let current_user = derived.role.clone().unwrap_or_else(|| session_user.clone());
        let own = catalog::temporary_schema_name(self.backend.pid);
        let temporary = catalog.schema_named(&own).map(|schema| schema.oid);
        SettingsView {
            time_zone: derived.time_zone,
            date_style: derived.date_style,
            date_order: derived.date_order,
            interval_style: derived.interval_style,
            bytea_output_hex: derived.bytea_output_hex,
            extra_float_digits: derived.extra_float_digits,
            client_encoding: derived.client_encoding,
            shows_query_id: derived.shows_query_id,
            row_security: derived.row_security,
            restrict_views: derived.restrict_views,
            search_path: catalog::effective_search_path(
                catalog,
                &derived.search_path,
                &current_user,
                temporary,
            ),
            current_user,
            session_user,
            database: self.backend.database.clone(),
            backend_pid: self.backend.pid,
            vector: derived.vector,
        }
    }
}

impl Session {
    /// The context of expressions in a statement.
    pub fn eval_context(&mut self) -> Arc<EvalContext> {
        let catalog = self.catalog();
        self.hooks.set_catalog(&catalog);
        let settings = self.settings_view(&catalog);
        self.show_statements();
        let transaction_timestamp =
            self.block.open().map_or(self.statement_timestamp, |open| open.started);
        Arc::new(EvalContext {
            catalog,
            settings,
            transaction_timestamp,
            statement_timestamp: self.statement_timestamp,
            session: self.hooks.clone(),
            loan: Arc::default(),
            transitions: None,
            given: None,
        })
    }

    pub(super) fn statement_context(
        &mut self,
        eval: Arc<EvalContext>,
        cancel: tokio_util::sync::CancellationToken,
    ) -> StatementContext {
        self.hooks.statement_context(eval, cancel)
    }
}

impl Hooks {
    pub(super) fn statement_context(
        &self,
        eval: Arc<EvalContext>,
        cancel: tokio_util::sync::CancellationToken,
    ) -> StatementContext {
        let config = self.database.config();
        let derived = self.settings.lock().derived().clone();
        StatementContext {
            eval,
            cancel,
            compiler: self.database.compiler.clone(),
            runtime: self.database.runtime.clone(),
            limits: StatementLimits {
                max_expression_depth: config.max_expression_depth,
                work_mem_bytes: derived.work_mem_bytes,
                lock_timeout_ms: derived.lock_timeout_ms,
                deadlock_timeout_ms: derived.deadlock_timeout_ms,
                parallelism: config.parallelism(),
                batch_rows: config.batch_rows,
            },
            notices: self.notices(),
            reads: None,
            touched: None,
        }
    }
}
