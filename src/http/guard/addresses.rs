//! How many connections one address may have, and whom a proxy stands for.
//!
//! A connection too many is closed before a byte of it is read: what asks for so many is
//! not to cost a handshake each. Without a setting of its own
//! (`http_max_connections_per_address`) an address has half of all connections, so that
//! none can take them all; the machine's own addresses, where proxies are, have no limit
//! then.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use parking_lot::Mutex;

use super::limits::Who;
use crate::config::Config;

const FORWARDED: &str = "x-forwarded-for";

/// Connections that are open, by address.
#[derive(Clone, Default)]
pub struct Addresses(Arc<Mutex<HashMap<Who, usize>>>);

/// A connection's place in the count of its address, given up when it is dropped.
pub struct Counted(Addresses, Who);

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.0.0.lock();
        if let Some(count) = counts.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.1);
            }
        }
    }
}

fn limit(config: &Config, ip: IpAddr) -> usize {
    match config.http_max_connections_per_address {
        0 if ip.is_loopback() => usize::MAX,
        0 => config.http_max_connections.div_ceil(2),
        limit => limit,
    }
}

impl Addresses {
    /// A place for a connection from an address; none if it has too many.
    pub fn admit(&self, config: &Config, ip: IpAddr) -> Option<Counted> {
        let ip = ip.to_canonical();
        let who = Who::address(ip);
        let mut counts = self.0.lock();
        let count = counts.entry(who.clone()).or_default();
        if *count >= limit(config, ip) {
            return None;
        }
        *count += 1;
        Some(Counted(self.clone(), who))
    }
}

/// Where a request comes from: what is at the other end of the connection, or, where that
/// is a proxy that is trusted, the last address in `X-Forwarded-For` that is none.
pub fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let mut client = peer.to_canonical();
    let told = headers.get_all(FORWARDED).iter().filter_map(|value| value.to_str().ok());
    let told: Vec<&str> = told.flat_map(|value| value.split(',')).map(str::trim).collect();
    for hop in told.iter().rev() {
        if !proxies.contains(&client) {
            break;
        }
        // Some write a port, too.
        let with_port = || hop.parse::<std::net::SocketAddr>().map(|address| address.ip());
        match hop.parse::<IpAddr>().or_else(|_| with_port()) {
            Ok(ip) => client = ip.to_canonical(),
            Err(_) => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_connections() {
        let config = Config { http_max_connections_per_address: 2, ..Config::default() };
        let addresses = Addresses::default();
        let ip = IpAddr::from([10, 0, 0, 1]);
        let first = addresses.admit(&config, ip).expect("the first");
        let _second = addresses.admit(&config, ip).expect("the second");
        assert!(addresses.admit(&config, ip).is_none());
        assert!(addresses.admit(&config, IpAddr::from([10, 0, 0, 2])).is_some());
        drop(first);
        assert!(addresses.admit(&config, ip).is_some());
        drop(_second);
        assert!(addresses.0.lock().is_empty(), "nobody is counted who is gone");
    }

    #[test]
    fn no_address_may_take_all_but_the_machines_own() {
        let config = Config { http_max_connections: 10, ..Config::default() };
        assert_eq!(limit(&config, IpAddr::from([10, 0, 0, 1])), 5);
        assert_eq!(limit(&config, IpAddr::from([127, 0, 0, 1])), usize::MAX);
    }

    #[test]
    fn only_a_trusted_proxy_tells_whom_it_stands_for() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED, "6.6.6.6, 1.2.3.4".parse().unwrap());
        headers.append(FORWARDED, "10.0.0.9".parse().unwrap());
        let proxies = [ip("10.0.0.8"), ip("10.0.0.9")];
        assert_eq!(client(ip("8.8.8.8"), &headers, &proxies), ip("8.8.8.8"));
        assert_eq!(client(ip("10.0.0.8"), &headers, &[]), ip("10.0.0.8"));
        // What the client itself has written before is not believed.
        assert_eq!(client(ip("::ffff:10.0.0.8"), &headers, &proxies), ip("1.2.3.4"));
        headers.insert(FORWARDED, "nonsense".parse().unwrap());
        assert_eq!(client(ip("10.0.0.8"), &headers, &proxies), ip("10.0.0.8"));
    }
}
