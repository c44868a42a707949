//! Values that are lists, commas between.

use std::net::IpAddr;

use crate::audit::Class;

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// `free_plan=60, pro_plan=6000`: roles, and requests a minute; 0 is no limit.
pub fn plans(text: &str) -> Result<Vec<(String, u32)>, String> {
    let plan = |item: &str| {
        let parsed = item.split_once('=').and_then(|(role, limit)| {
            let role = role.trim();
            Some((role.to_owned(), limit.trim().parse().ok()?)).filter(|_| !role.is_empty())
        });
        parsed.ok_or_else(|| format!("\"{item}\" is not of the form role=number"))
    };
    items(text).map(plan).collect()
}

pub fn addresses(text: &str) -> Result<Vec<IpAddr>, String> {
    let address = |item: &str| {
        let parsed: Result<IpAddr, _> = item.parse();
        parsed.map(|ip| ip.to_canonical()).map_err(|_| format!("\"{item}\" is not an IP address"))
    };
    items(text).map(address).collect()
}

/// `50000-50999`; none of an empty text.
pub fn ports(text: &str) -> Result<Option<(u16, u16)>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let range = text.split_once('-').and_then(|(first, last)| {
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        Some((first, last)).filter(|(first, last)| 0 < *first && first <= last)
    });
    range.map(Some).ok_or_else(|| format!("\"{text}\" is not a range such as 50000-50999"))
}

/// Origins of pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    All,
    These(Vec<String>),
}

impl Origins {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        matches!(self, Origins::These(these) if these.is_empty())
    }

    pub fn has(&self, origin: &str) -> bool {
        match self {
            Origins::All => true,
            Origins::These(these) => these.iter().any(|one| one.eq_ignore_ascii_case(origin)),
        }
    }
}

/// `https://app.example.com, http://localhost:3000`, or `*`.
pub fn origins(text: &str) -> Result<Origins, String> {
    let all: Vec<&str> = items(text).collect();
    match all[..] {
        ["*"] => return Ok(Origins::All),
        _ if all.contains(&"*") => return Err("\"*\" stands alone".to_owned()),
        _ => {}
    }
    let origin = |item: &&str| {
        let host = item.strip_prefix("https://").or_else(|| item.strip_prefix("http://"));
        let is_host =
            |host: &str| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ', '*']);
        match host.is_some_and(is_host) {
            true => Ok((*item).to_owned()),
            false => Err(format!("\"{item}\" is not an origin, such as https://app.example.com")),
        }
    };
    all.iter().map(origin).collect::<Result<_, _>>().map(Origins::These)
}

/// Names of hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hosts {
    All,
    /// `*.example.com` is kept as `.example.com`.
    These(Vec<String>),
}

impl Hosts {
    pub fn is_none(&self) -> bool {
        matches!(self, Hosts::These(these) if these.is_empty())
    }

    pub fn is_all(&self) -> bool {
        *self == Hosts::All
    }

    pub fn has(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        match self {
            Hosts::All => true,
            Hosts::These(these) => these.iter().any(|one| match one.starts_with('.') {
                true => host.ends_with(one) && host.len() > one.len(),
                false => host == *one,
            }),
        }
    }
}

/// `db.example.com, *.example.com`, or `*`.
pub fn hosts(text: &str) -> Result<Hosts, String> {
    let all: Vec<&str> = items(text).collect();
    match all[..] {
        ["*"] => return Ok(Hosts::All),
        _ if all.contains(&"*") => return Err("\"*\" stands alone".to_owned()),
        _ => {}
    }
    let host = |item: &&str| {
        let name = item.strip_prefix("*.").unwrap_or(item);
        let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        match !name.is_empty() && !name.starts_with('.') && name.chars().all(is_letter) {
            true => Ok(item.trim_start_matches('*').to_ascii_lowercase()),
            false => Err(format!("\"{item}\" is not the name of a host, such as db.example.com")),
        }
    };
    all.iter().map(host).collect::<Result<_, _>>().map(Hosts::These)
}

/// Classes of the audit log.
pub fn audited(text: &str) -> Result<Vec<Class>, String> {
    match text.trim() {
        "all" => return Ok(Class::ALL.to_vec()),
        "none" | "" => return Ok(Vec::new()),
        _ => {}
    }
    let class = |item: &str| {
        let names = || Class::ALL.map(Class::as_str).join(", ");
        Class::named(item).ok_or_else(|| {
            format!("\"{item}\" is not a class of events: all, none, or some of {}", names())
        })
    };
    items(text).map(class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_what_is_wrong_is_named() {
        let plan = |name: &str, limit| (name.to_owned(), limit);
        assert_eq!(plans("free=60, pro = 6000,"), Ok(vec![plan("free", 60), plan("pro", 6_000)]));
        assert!(plans("free").is_err() && plans("=6").is_err() && plans("a=-1").is_err());
        assert_eq!(addresses("::ffff:10.0.0.1").unwrap(), addresses("10.0.0.1").unwrap());
        assert!(addresses("10.0.0").unwrap_err().contains("10.0.0"));
        assert_eq!(ports(" 5000-5001"), Ok(Some((5000, 5001))));
        assert!(ports("").unwrap().is_none() && ports("2-1").is_err() && ports("7").is_err());
        assert_eq!(origins("*"), Ok(Origins::All));
        let some = origins("https://a.example, http://localhost:3000").unwrap();
        assert!(some.has("https://A.example") && !some.has("https://b.example"));
        assert!(origins("").unwrap().is_none() && !some.is_none());
        for wrong in ["a.example", "https://", "https://a/b", "https://*.a", "*, https://a"] {
            assert!(origins(wrong).is_err(), "{wrong}");
        }
        assert_eq!(audited("login, refused"), Ok(vec![Class::Login, Class::Refused]));
        assert!(audited("logins").unwrap_err().contains("login, "));
    }
}
