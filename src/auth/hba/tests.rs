//! Lines and what PostgreSQL 15 shows of them in `pg_hba_file_rules`.

use std::path::Path;

use super::*;

/// Line number, line, and the row that `psql -At` prints, or the error alone.
const LINES: &[(&str, &str)] = &[
    (
        "local   all             all                                     trust",
        "local|{all}|{all}|||trust|",
    ),
    (
        "host    all             all             127.0.0.1/32            trust",
        "host|{all}|{all}|127.0.0.1|255.255.255.255|trust|",
    ),
    (
        "host    all,\"two words\" +grp  ::1/128   scram-sha-256",
        "host|{all,two words}|{+grp}|::1|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|scram-sha-256|",
    ),
    ("host    \"all\" all 10.0.0.0 255.0.0.0 md5", "host|{all}|{all}|10.0.0.0|255.0.0.0|md5|"),
    ("hostssl samerole all all cert", "hostssl|{samerole}|{all}|all||cert|clientcert=verify-full"),
    ("host all all samehost reject", "host|{all}|{all}|samehost||reject|"),
    ("bogus all all all trust", "invalid connection type \"bogus\""),
    ("host", "end-of-line before database specification"),
    ("host all", "end-of-line before role specification"),
    ("host all all", "end-of-line before IP address specification"),
    ("host all all 1.2.3.4", "end-of-line before netmask specification"),
    ("host all all 1.2.3.4 255.255.255.0", "end-of-line before authentication method"),
    ("host all all 1.2.3.4/33 trust", "invalid CIDR mask in address \"1.2.3.4/33\""),
    ("host all all 1.2.3.4/x trust", "invalid CIDR mask in address \"1.2.3.4/x\""),
    ("host all all 1.2.3.4 ::1 trust", "IP address and mask do not match"),
    (
        "host all all 1.2.3.4 300.0.0.0 trust",
        "invalid IP mask \"300.0.0.0\": Name or service not known",
    ),
    ("host all all all nosuch", "invalid authentication method \"nosuch\""),
    ("host all all all peer", "peer authentication is only supported on local sockets"),
    (
        "host all all all sspi",
        "invalid authentication method \"sspi\": not supported by this build",
    ),
    ("local all all cert", "cert authentication is only supported on hostssl connections"),
    ("local all all gss", "gssapi authentication is not supported on local sockets"),
    ("host all all all cert", "cert authentication is only supported on hostssl connections"),
    ("local all all peer map=m", "local|{all}|{all}|||peer|map=m"),
    ("local all all ident", "local|{all}|{all}|||peer|"),
    ("host all all all trust foo", "authentication option not in name=value format: foo"),
    ("host all all all trust foo=bar", "unrecognized authentication option name: \"foo\""),
    (
        "host all all all trust map=m",
        "authentication option \"map\" is only valid for authentication methods ident, peer, gssapi, sspi, and cert",
    ),
    (
        "host all all all scram-sha-256 clientcert=verify-ca",
        "clientcert can only be configured for \"hostssl\" rows",
    ),
    (
        "hostssl all all all cert clientcert=verify-ca",
        "clientcert can only be set to \"verify-full\" when using \"cert\" authentication",
    ),
    (
        "hostssl all all all scram-sha-256 clientcert=verify-full clientname=CN",
        "hostssl|{all}|{all}|all||scram-sha-256|clientcert=verify-full",
    ),
    ("host all all 1.2.3.4,1.2.3.5 trust", "multiple values specified for host address"),
    ("host,local all all all trust", "multiple values specified for connection type"),
    ("host all all all trust,reject", "multiple values specified for authentication type"),
    (
        "host all all example.com/24 trust",
        "specifying both host name and CIDR mask is invalid: \"example.com/24\"",
    ),
    ("host all \\\n  all all reject", "host|{all}|{all}|all||reject|"),
    ("local \"sameuser\" \"+x\" trust", "local|{sameuser}|{+x}|||trust|"),
    ("local all all \"unterminated", "invalid authentication method \"unterminated\""),
    ("host all all 1.2.3.4 255.255.255.0,1.1.1.1 trust", "multiple values specified for netmask"),
    ("host all all fe80::/10 trust # comment", "host|{all}|{all}|fe80::|ffc0::|trust|"),
];

fn shown(line: &Line) -> String {
    let Some(rule) = &line.rule else { return line.error.clone().unwrap_or_default() };
    let row = rule.shown();
    let (databases, users) = (row.databases.join(","), row.users.join(","));
    let (address, mask) = (row.address.unwrap_or_default(), row.mask.unwrap_or_default());
    let options = row.options.join(",");
    format!("{}|{{{databases}}}|{{{users}}}|{address}|{mask}|{}|{options}", row.side, row.method)
}

fn read_text(text: &str) -> Vec<Line> {
    let lines = words::lines(text, Path::new("/nowhere"));
    lines.into_iter().map(|line| line::read(line, true)).collect()
}

#[test]
fn lines_are_read_as_by_postgresql() {
    for (text, expected) in LINES {
        let lines = read_text(text);
        assert_eq!(lines.len(), 1, "{text}");
        assert_eq!(shown(&lines[0]), *expected, "{text}");
    }
    assert!(read_text("\n # only a comment\n\n").is_empty());
}

#[test]
fn what_is_not_supported_is_named() {
    for (text, named) in [
        ("host all all samenet trust", "samenet"),
        ("host all all .example.com trust", ".example.com"),
        ("host all all all ldap", "ldap"),
        ("host all @missing all trust", "@missing"),
    ] {
        let lines = read_text(text);
        assert!(lines[0].rule.is_none(), "{text}");
        assert!(lines[0].error.as_ref().unwrap().contains(named), "{text}");
    }
}

fn rules(text: &str) -> Rules {
    let rules = read_text(text).into_iter().map(|line| line.rule.unwrap()).collect();
    Rules { rules, maps: Maps::default() }
}

fn method(rules: &Rules, catalog: &Catalog, client: Option<&str>, tls: bool) -> Option<Method> {
    let caller = Caller {
        user: "postgres",
        database: "postgres",
        addresses: client.map(|ip| (ip.parse().unwrap(), "192.168.0.1".parse().unwrap())),
        is_encrypted: tls,
    };
    rules.find(&caller, catalog).map(|rule| rule.method)
}

#[test]
fn the_first_line_that_fits_decides() {
    let catalog = crate::catalog::bootstrap().unwrap();
    let rules = rules(
        "local all all peer\nhostssl all all 10.0.0.0/8 scram-sha-256\n\
         hostnossl all all 10.0.0.0/8 reject\nhost \"all\" all all password\n\
         host sameuser +pg_monitor 11.0.0.0/8 password\nhost sameuser all 11.0.0.0/8 trust\n\
         host replication all all password\nhost all all samehost md5\n",
    );
    let method = |client, tls| method(&rules, &catalog, client, tls);
    assert_eq!(method(None, false), Some(Method::Peer));
    assert_eq!(method(Some("10.1.2.3"), true), Some(Method::ScramSha256));
    assert_eq!(method(Some("10.1.2.3"), false), Some(Method::Reject));
    assert_eq!(method(Some("::ffff:10.1.2.3"), false), Some(Method::Reject));
    assert_eq!(method(Some("11.1.2.3"), false), Some(Method::Trust));
    assert_eq!(method(Some("192.168.0.1"), false), Some(Method::Md5));
    assert_eq!(method(Some("192.168.0.2"), false), None);
}

#[test]
fn maps_name_roles_for_identities() {
    let text = "staff anna ann\nstaff /^(.*)@example\\.com$ \\1\nother anna root\n";
    let lines = words::lines(text, Path::new("/nowhere"));
    let maps = Maps::new(lines.into_iter().map(ident::read).collect());
    assert!(maps.allow("staff", "anna", "ann"));
    assert!(maps.allow("staff", "bob@example.com", "bob"));
    assert!(!maps.allow("staff", "bob@example.com", "ann"));
    assert!(!maps.allow("staff", "anna", "root"));
    assert!(maps.allow("other", "anna", "root"));
    let broken = words::lines("m /( x\nm x\n", Path::new("/nowhere"));
    assert!(broken.into_iter().map(ident::read).all(|mapping| mapping.error.is_some()));
}
