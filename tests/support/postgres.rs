//! A PostgreSQL 15 of the test's own, where one is installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The port of a PostgreSQL started for this test process, or why there is none.
/// `TEST_POSTGRES_PORT` names one that runs already.
pub fn port() -> Result<u16, &'static str> {
    static PORT: OnceLock<Result<u16, &'static str>> = OnceLock::new();
    *PORT.get_or_init(|| match std::env::var("TEST_POSTGRES_PORT") {
        Ok(port) => port.parse().map_err(|_| "TEST_POSTGRES_PORT is not a port"),
        Err(_) => start(),
    })
}

fn start() -> Result<u16, &'static str> {
    let bin = bin_directory().ok_or("PostgreSQL 15 is not installed")?;
    let directory = tempfile::Builder::new()
        .prefix("zserver-test-postgres")
        .tempdir()
        .map_err(|_| "no temporary directory")?
        .keep();
    give_to_postgres(&directory);
    let data = directory.join("data");
    let initdb =
        [bin.join("initdb").display().to_string(), "-D".into(), data.display().to_string()];
    let options = ["-U", "postgres", "--locale=C.UTF-8", "-E", "UTF8", "-A", "trust"];
    run(initdb.iter().map(String::as_str).chain(options))?;
    let port = free_port().ok_or("no free port")?;
    let settings = format!(
        "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c fsync=off \
         -c max_prepared_transactions=20",
        directory.display()
    );
    let log = directory.join("log").display().to_string();
    let pg_ctl = bin.join("pg_ctl").display().to_string();
    let data = data.display().to_string();
    run([&*pg_ctl, "-w", "-D", &data, "-l", &log, "-o", &settings, "start"])?;
    stop_at_exit(pg_ctl, data, directory);
    Ok(port)
}

/// Where `initdb` and `pg_ctl` are.
pub fn bin_directory() -> Option<PathBuf> {
    let fixed = Path::new("/usr/lib/postgresql/15/bin");
    if fixed.join("initdb").exists() {
        return Some(fixed.to_owned());
    }
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    path.join("initdb").exists().then_some(path)
}

/// PostgreSQL refuses to run as root: there it runs as the user `postgres`.
fn run<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<(), &'static str> {
    let words: Vec<&str> = words.into_iter().collect();
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).args(&words);
        command
    } else {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        command
    };
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/").status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err("PostgreSQL 15 could not be started"),
    }
}

fn give_to_postgres(directory: &Path) {
    if is_root() {
        // If this fails, so does initdb, and the tests are skipped.
        let _ = Command::new("chown").arg("postgres").arg(directory).status();
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

fn free_port() -> Option<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").ok()?;
    Some(listener.local_addr().ok()?.port())
}

/// A shell that waits for this process to go stops the server after it, also
/// when a test panics or is killed.
fn stop_at_exit(pg_ctl: String, data: String, directory: PathBuf) {
    let me = std::process::id();
    let directory = directory.display();
    let script = format!(
        "while [ -d /proc/{me} ]; do sleep 1; done; '{pg_ctl}' -D '{data}' -m immediate stop; rm -rf '{directory}'"
    );
    let mut words = vec!["sh", "-c", &script];
    if is_root() {
        words.splice(0..0, ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    let spawned = Command::new(words[0])
        .args(&words[1..])
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    drop(spawned);
}

/// A PostgreSQL 15 that a test may kill and start again.
pub struct Own {
    directory: PathBuf,
    pg_ctl: String,
    pub port: u16,
}

impl Own {
    /// Starts one, with prepared transactions; or why there is none.
    pub fn start() -> Result<Own, &'static str> {
        let bin = bin_directory().ok_or("PostgreSQL 15 is not installed")?;
        let directory = tempfile::Builder::new()
            .prefix("zserver-test-postgres")
            .tempdir()
            .map_err(|_| "no temporary directory")?
            .keep();
        give_to_postgres(&directory);
        let data = directory.join("data").display().to_string();
        let initdb = [bin.join("initdb").display().to_string(), "-D".into(), data.clone()];
        let options = ["-U", "postgres", "--locale=C.UTF-8", "-E", "UTF8", "-A", "trust", "-N"];
        run(initdb.iter().map(String::as_str).chain(options))?;
        let pg_ctl = bin.join("pg_ctl").display().to_string();
        let own = Own { directory, pg_ctl, port: free_port().ok_or("no free port")? };
        own.start_again()?;
        stop_at_exit(own.pg_ctl.clone(), data, own.directory.clone());
        Ok(own)
    }

    fn data(&self) -> String {
        self.directory.join("data").display().to_string()
    }

    /// Ends it as a crash does.
    pub fn kill(&self) {
        let words = [&*self.pg_ctl, "-D", &self.data(), "-m", "immediate", "-w", "stop"];
        run(words).expect("PostgreSQL stops");
    }

    /// Starts it over its data, on the same port.
    pub fn start_again(&self) -> Result<(), &'static str> {
        let settings = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} \
             -c max_prepared_transactions=20",
            self.port,
            self.directory.display()
        );
        let log = self.directory.join("log").display().to_string();
        run([&*self.pg_ctl, "-w", "-D", &self.data(), "-l", &log, "-o", &settings, "start"])
    }
}
