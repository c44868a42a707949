//! The configuration as the guard asks it: lists read, once for each configuration.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::catalog::Catalog;
use crate::config::Config;
use crate::config::list::{self, Hosts, Origins};

pub struct Policy {
    pub config: Arc<Config>,
    pub proxies: Vec<IpAddr>,
    pub origins: Origins,
    pub hosts: Hosts,
    plans: Vec<(String, u32)>,
}

impl Policy {
    fn of(config: Arc<Config>) -> Policy {
        // All were read when the configuration was checked.
        Policy {
            proxies: list::addresses(&config.http_trusted_proxies).unwrap_or_default(),
            origins: list::origins(&config.http_cors_origins)
                .unwrap_or_else(|_| Origins::These(Vec::new())),
            hosts: list::hosts(&config.http_allowed_hosts)
                .unwrap_or_else(|_| Hosts::These(Vec::new())),
            plans: list::plans(&config.http_rate_plans).unwrap_or_default(),
            config,
        }
    }

    /// Requests a minute for data that a role may make: those of the first plan that it is,
    /// or is a member of. A superuser is a member of what it was granted, as others.
    pub fn data_limit(&self, catalog: &Catalog, role: &str) -> u32 {
        let is_of = |plan: &str| {
            let (Some(role), Some(plan)) = (catalog.role_named(role), catalog.role_named(plan))
            else {
                return false;
            };
            role.oid == plan.oid
                || (!role.superuser && catalog.has_privileges_of(role, plan.oid))
                || role.member_of.contains(&plan.oid)
        };
        let found = self.plans.iter().find(|(plan, _)| is_of(plan));
        found.map_or(self.config.http_rate_data, |(_, limit)| *limit)
    }
}

/// The policy of the newest configuration.
#[derive(Default)]
pub struct Policies(ArcSwapOption<Policy>);

impl Policies {
    pub fn now(&self, config: Arc<Config>) -> Arc<Policy> {
        match self.0.load_full() {
            Some(policy) if Arc::ptr_eq(&policy.config, &config) => policy,
            _ => {
                let policy = Arc::new(Policy::of(config));
                self.0.store(Some(policy.clone()));
                policy
            }
        }
    }
}
