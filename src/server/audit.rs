//! `zserver audit verify` and `zserver audit export`: the audit log of a data directory.
//!
//! Both read the files alone, whether a server runs or not. What `verify` prints last is
//! worth noting where the server's machine cannot reach it: with `--head` a later one says
//! whether the log still has that record, which is how a cut end shows.
//!
//! | exit status | |
//! |---|---|
//! | 0 | every record fits the one before it |
//! | 1 | the log could not be read |
//! | 3 | one does not, and was named, or the noted hash is not there |

use std::io::Write;
use std::process::ExitCode;

use crate::audit::{self, Class};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::sqlstate;

/// The exit status that says that something does not fit.
const DAMAGED: u8 = 3;

/// Compares each record with the one before it, and prints what does not fit.
pub fn verify(config: &Config, head: Option<&str>) -> Result<ExitCode> {
    let directory = config.audit_directory();
    let found = audit::verify(&directory, head)?;
    for finding in &found.findings {
        println!("error    {}:{}: {}", finding.file, finding.line, finding.what);
    }
    if found.more > 0 {
        println!("error    {} more findings", found.more);
    }
    if let Some(torn) = &found.torn {
        println!("warning  {}:{}: {}", torn.file, torn.line, torn.what);
    }
    if found.first > 1 {
        println!("warning  records before {} are not there any more", found.first);
    }
    let is_missing = head.is_some() && !found.has_head;
    if is_missing {
        println!(
            "error    no record has the hash that was noted: the end was cut, or all made anew"
        );
    }
    println!(
        "{} records, from {} to {}, in \"{}\"",
        found.records,
        found.first,
        found.last,
        directory.display()
    );
    println!("head {}", found.head());
    let is_good = found.is_good() && !is_missing;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::from(DAMAGED) })
}

/// Prints records, a line of JSON each; of a class, from a time on.
pub fn export(config: &Config, class: Option<&str>, since: Option<&str>) -> Result<()> {
    let unknown = |name: &str| {
        let message = format!("\"{name}\" is not a class of events");
        Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
    };
    let class = match class {
        None => None,
        Some("audit") => Some(Class::Audit),
        Some(name) => Some(Class::named(name).ok_or_else(|| unknown(name))?),
    };
    let since = since.map(instant).transpose()?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    audit::export(&config.audit_directory(), class, since.as_deref(), &mut out)?;
    out.flush().map_err(|error| Error::internal(format!("could not write the records: {error}")))
}

/// A time in the form that records have.
fn instant(text: &str) -> Result<String> {
    let microseconds = super::maintenance::instant(text)?;
    let time = chrono::DateTime::from_timestamp_micros(microseconds);
    Ok(time.unwrap_or_default().format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
}
