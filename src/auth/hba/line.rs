//! One line of `pg_hba.conf` as a rule, with PostgreSQL's messages.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::words::{Fields, Word};

/// Which connections a line is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Local,
    Host,
    HostSsl,
    HostNoSsl,
    HostGss,
    HostNoGss,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    All,
    SameHost,
    Network { address: IpAddr, mask: IpAddr },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    Trust,
    Reject,
    ScramSha256,
    /// As PostgreSQL does with passwords that are SCRAM's, which all are: the same.
    Md5,
    /// In clear, as far as TLS does not hide it.
    Password,
    /// The operating system's user at the other end of a Unix socket.
    Peer,
    /// The name in a client certificate.
    Cert,
}

/// What a client certificate is needed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientCert {
    /// One that is valid.
    VerifyCa,
    /// One whose name is the user's.
    VerifyFull,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ClientName {
    /// The common name.
    #[default]
    Cn,
    /// The distinguished name as RFC 2253 writes it.
    Dn,
}

#[derive(Clone, Debug)]
pub struct Rule {
    /// Of the file, from 1.
    pub number: usize,
    pub side: Side,
    pub databases: Vec<Word>,
    pub users: Vec<Word>,
    /// None for a Unix socket.
    pub address: Option<Address>,
    pub method: Method,
    /// The map of `pg_ident.conf`.
    pub map: Option<String>,
    pub client_cert: Option<ClientCert>,
    pub client_name: ClientName,
}

/// A line of the file: a rule, an error instead, or both: what keeps it from matching.
#[derive(Debug)]
pub struct Line {
    pub number: usize,
    pub rule: Option<Rule>,
    pub error: Option<String>,
}

/// A rule in the columns of `pg_hba_file_rules`.
pub struct Shown {
    pub side: &'static str,
    pub databases: Vec<String>,
    pub users: Vec<String>,
    pub address: Option<String>,
    pub mask: Option<String>,
    pub method: &'static str,
    pub options: Vec<String>,
}

const TLS_IS_OFF: &str = "hostssl record cannot match because SSL is disabled";

pub fn read(line: Fields, has_tls: bool) -> Line {
    let number = line.number;
    match line.fields.and_then(|fields| rule(number, &fields)) {
        Ok(rule) => {
            let error = (rule.side == Side::HostSsl && !has_tls).then(|| TLS_IS_OFF.to_owned());
            Line { number, rule: Some(rule), error }
        }
        Err(error) => Line { number, rule: None, error: Some(error) },
    }
}

fn rule(number: usize, fields: &[Vec<Word>]) -> Result<Rule, String> {
    let mut fields = fields.iter();
    let side = side(one(fields.next(), "", "connection type")?)?;
    let databases = fields.next().ok_or("end-of-line before database specification")?.clone();
    let users = fields.next().ok_or("end-of-line before role specification")?.clone();
    let address = match side {
        Side::Local => None,
        _ => Some(address(&mut fields)?),
    };
    let ended = "end-of-line before authentication method";
    let name = one(fields.next(), ended, "authentication type")?;
    let method = method(&name.text, side)?;
    let mut rule = Rule {
        number,
        side,
        databases,
        users,
        address,
        method,
        map: None,
        client_cert: None,
        client_name: ClientName::Cn,
    };
    for option in fields.flatten() {
        rule.take_option(&option.text)?;
    }
    if method == Method::Cert {
        rule.client_cert = Some(ClientCert::VerifyFull);
    }
    Ok(rule)
}

/// The one word that a field has.
fn one<'f>(field: Option<&'f Vec<Word>>, ended: &str, what: &str) -> Result<&'f Word, String> {
    match field.map(Vec::as_slice) {
        None | Some([]) => Err(ended.to_owned()),
        Some([word]) => Ok(word),
        Some(_) => Err(format!("multiple values specified for {what}")),
    }
}

fn side(word: &Word) -> Result<Side, String> {
    Ok(match word.text.as_str() {
        "local" => Side::Local,
        "host" => Side::Host,
        "hostssl" => Side::HostSsl,
        "hostnossl" => Side::HostNoSsl,
        "hostgssenc" => Side::HostGss,
        "hostnogssenc" => Side::HostNoGss,
        other => return Err(format!("invalid connection type \"{other}\"")),
    })
}

fn address<'f>(fields: &mut impl Iterator<Item = &'f Vec<Word>>) -> Result<Address, String> {
    let ended = "end-of-line before IP address specification";
    let word = one(fields.next(), ended, "host address")?;
    match word.keyword() {
        Some("all") => return Ok(Address::All),
        Some("samehost") => return Ok(Address::SameHost),
        Some("samenet") => return Err("address \"samenet\" is not supported".to_owned()),
        _ => {}
    }
    let (text, bits) = match word.text.split_once('/') {
        Some((text, bits)) => (text, Some(bits)),
        None => (word.text.as_str(), None),
    };
    // A zone index names an interface, not a network.
    let plain = text.split('%').next().unwrap_or_default();
    let Ok(address) = plain.parse::<IpAddr>() else {
        return Err(match bits {
            Some(_) => {
                format!("specifying both host name and CIDR mask is invalid: \"{}\"", word.text)
            }
            None => format!("host names are not supported: \"{}\"", word.text),
        });
    };
    let mask = match bits {
        Some(bits) => prefix_mask(address, bits)
            .ok_or_else(|| format!("invalid CIDR mask in address \"{}\"", word.text))?,
        None => mask(address, fields)?,
    };
    Ok(Address::Network { address, mask })
}

/// The mask that a field of its own gives.
fn mask<'f>(
    address: IpAddr,
    fields: &mut impl Iterator<Item = &'f Vec<Word>>,
) -> Result<IpAddr, String> {
    let word = one(fields.next(), "end-of-line before netmask specification", "netmask")?;
    let mask: IpAddr = word
        .text
        .parse()
        .map_err(|_| format!("invalid IP mask \"{}\": Name or service not known", word.text))?;
    match mask.is_ipv4() == address.is_ipv4() {
        true => Ok(mask),
        false => Err("IP address and mask do not match".to_owned()),
    }
}

/// The mask of so many leading ones.
fn prefix_mask(address: IpAddr, bits: &str) -> Option<IpAddr> {
    let bits: u32 = bits.parse().ok()?;
    match address {
        IpAddr::V4(_) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            Some(Ipv4Addr::from(mask).into())
        }
        IpAddr::V6(_) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            Some(Ipv6Addr::from(mask).into())
        }
        _ => None,
    }
}

fn method(name: &str, side: Side) -> Result<Method, String> {
    let method = match name {
        "trust" => Method::Trust,
        "reject" => Method::Reject,
        "scram-sha-256" => Method::ScramSha256,
        "md5" => Method::Md5,
        "password" => Method::Password,
        "peer" => Method::Peer,
        // Over a Unix socket, ident is peer.
        "ident" if side == Side::Local => Method::Peer,
        "cert" => Method::Cert,
        "gss" if side == Side::Local => {
            return Err("gssapi authentication is not supported on local sockets".to_owned());
        }
        "ident" | "gss" | "sspi" | "pam" | "bsd" | "ldap" | "radius" => {
            return Err(format!(
                "invalid authentication method \"{name}\": not supported by this build"
            ));
        }
        other => return Err(format!("invalid authentication method \"{other}\"")),
    };
    match method {
        Method::Peer if side != Side::Local => {
            Err("peer authentication is only supported on local sockets".to_owned())
        }
        Method::Cert if side != Side::HostSsl => {
            Err("cert authentication is only supported on hostssl connections".to_owned())
        }
        method => Ok(method),
    }
}

impl Rule {
    fn take_option(&mut self, option: &str) -> Result<(), String> {
        let Some((name, value)) = option.split_once('=') else {
            return Err(format!("authentication option not in name=value format: {option}"));
        };
        match name {
            "map" if !matches!(self.method, Method::Peer | Method::Cert) => {
                Err("authentication option \"map\" is only valid for authentication methods \
                     ident, peer, gssapi, sspi, and cert"
                    .to_owned())
            }
            "map" => {
                self.map = Some(value.to_owned());
                Ok(())
            }
            "clientcert" | "clientname" if self.side != Side::HostSsl => {
                Err(format!("{name} can only be configured for \"hostssl\" rows"))
            }
            "clientcert" => match value {
                "verify-full" => {
                    self.client_cert = Some(ClientCert::VerifyFull);
                    Ok(())
                }
                "verify-ca" if self.method == Method::Cert => {
                    Err("clientcert can only be set to \"verify-full\" when using \"cert\" \
                         authentication"
                        .to_owned())
                }
                "verify-ca" => {
                    self.client_cert = Some(ClientCert::VerifyCa);
                    Ok(())
                }
                other => Err(format!("invalid value for clientcert: \"{other}\"")),
            },
            "clientname" => match value {
                "CN" => {
                    self.client_name = ClientName::Cn;
                    Ok(())
                }
                "DN" => {
                    self.client_name = ClientName::Dn;
                    Ok(())
                }
                other => Err(format!("invalid value for clientname: \"{other}\"")),
            },
            other => Err(format!("unrecognized authentication option name: \"{other}\"")),
        }
    }

    /// As `pg_hba_file_rules` shows it.
    pub fn shown(&self) -> Shown {
        let texts = |words: &[Word]| words.iter().map(|word| word.text.clone()).collect();
        let (address, mask) = match &self.address {
            None => (None, None),
            Some(Address::All) => (Some("all".to_owned()), None),
            Some(Address::SameHost) => (Some("samehost".to_owned()), None),
            Some(Address::Network { address, mask }) => {
                (Some(address.to_string()), Some(mask.to_string()))
            }
        };
        let mut options = Vec::new();
        if let Some(map) = &self.map {
            options.push(format!("map={map}"));
        }
        options.extend(self.client_cert.map(|needed| match needed {
            ClientCert::VerifyCa => "clientcert=verify-ca".to_owned(),
            ClientCert::VerifyFull => "clientcert=verify-full".to_owned(),
        }));
        Shown {
            side: self.side.as_str(),
            databases: texts(&self.databases),
            users: texts(&self.users),
            address,
            mask,
            method: self.method.as_str(),
            options,
        }
    }
}

impl Side {
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Local => "local",
            Side::Host => "host",
            Side::HostSsl => "hostssl",
            Side::HostNoSsl => "hostnossl",
            Side::HostGss => "hostgssenc",
            Side::HostNoGss => "hostnogssenc",
        }
    }
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Trust => "trust",
            Method::Reject => "reject",
            Method::ScramSha256 => "scram-sha-256",
            Method::Md5 => "md5",
            Method::Password => "password",
            Method::Peer => "peer",
            Method::Cert => "cert",
        }
    }
}

impl Address {
    pub fn fits(&self, client: IpAddr, server: IpAddr) -> bool {
        // An IPv4 client of a socket that listens for both is an IPv4 client.
        let (client, server) = (client.to_canonical(), server.to_canonical());
        match (self, client) {
            (Address::All, _) => true,
            (Address::SameHost, client) => client.is_loopback() || client == server,
            (
                Address::Network { address: IpAddr::V4(address), mask: IpAddr::V4(mask) },
                IpAddr::V4(client),
            ) => (client.to_bits() ^ address.to_bits()) & mask.to_bits() == 0,
            (
                Address::Network { address: IpAddr::V6(address), mask: IpAddr::V6(mask) },
                IpAddr::V6(client),
            ) => (client.to_bits() ^ address.to_bits()) & mask.to_bits() == 0,
            (Address::Network { .. }, _) => false,
        }
    }
}
