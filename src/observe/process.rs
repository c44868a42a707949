//! What the operating system knows of the process, as Prometheus' clients name it. From
//! `/proc`; where that is not, nothing is told.

use std::fs;

/// Ticks of a second in `/proc/PID/stat`: the same on every architecture (`USER_HZ`).
const TICKS: f64 = 100.0;

/// What sizes in `/proc/PID/status` are counted in.
const KILOBYTE: u64 = 1 << 10;

/// None is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Process {
    pub cpu_seconds: Option<f64>,
    pub resident_bytes: Option<u64>,
    pub virtual_bytes: Option<u64>,
    pub threads: Option<u64>,
    pub open_fds: Option<u64>,
    pub max_fds: Option<u64>,
}

impl Process {
    pub fn read() -> Process {
        let text = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).ok();
        let status = text("status").unwrap_or_default();
        let kilobytes = |name: &str| number_after(&status, name).map(|count| count * KILOBYTE);
        Process {
            cpu_seconds: text("stat").as_deref().and_then(cpu_seconds),
            resident_bytes: kilobytes("VmRSS:"),
            virtual_bytes: kilobytes("VmSize:"),
            threads: number_after(&status, "Threads:"),
            open_fds: fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as u64),
            max_fds: text("limits").and_then(|limits| number_after(&limits, "Max open files")),
        }
    }
}

/// The first number of the line that begins so.
fn number_after(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Of user and system: the 14th and 15th field. The second is a name in parentheses, which
/// may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let (user, system) = (fields.next()?, fields.next()?);
    Some((user.parse::<f64>().ok()? + system.parse::<f64>().ok()?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_parentheses_is_skipped() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 100 0 0";
        assert_eq!(cpu_seconds(stat), Some(3.0));
    }

    #[test]
    fn limits_and_sizes_are_the_first_number_of_their_line() {
        let limits = "Limit     Soft  Hard\nMax open files            1024    4096   files\n";
        assert_eq!(number_after(limits, "Max open files"), Some(1_024));
        assert_eq!(number_after("VmRSS:\t  77 kB\n", "VmRSS:"), Some(77));
        assert_eq!(number_after("VmRSS:\t  77 kB\n", "VmSize:"), None);
    }

    #[test]
    fn this_process_is_known() {
        let process = Process::read();
        if std::path::Path::new("/proc/self/stat").exists() {
            assert!(process.cpu_seconds.is_some() && process.threads.is_some_and(|n| n > 0));
            assert!(process.resident_bytes.is_some_and(|bytes| bytes > 0));
        }
    }
}
