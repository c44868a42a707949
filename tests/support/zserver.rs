//! A `zserver` process on a free port.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The server under test: this build's, or the one that `TEST_ZSERVER` names.
pub fn binary() -> PathBuf {
    let other = std::env::var_os("TEST_ZSERVER").map(PathBuf::from);
    other.unwrap_or_else(|| env!("CARGO_BIN_EXE_zserver").into())
}

/// A running server; killed, and its data removed, when dropped.
pub struct Zserver {
    child: Child,
    pub port: u16,
    data: PathBuf,
    _directory: Option<TempDir>,
}

impl Zserver {
    /// Starts over a fresh data directory, trusting loopback.
    pub fn start() -> Zserver {
        let directory = TempDir::new().expect("a temporary directory");
        let data = directory.path().join("data");
        let mut server = Zserver::start_over(&data, &[]);
        server._directory = Some(directory);
        server
    }

    /// Starts over an existing data directory, with further flags.
    pub fn start_over(data: &Path, flags: &[&str]) -> Zserver {
        let mut command = serve(data);
        command.arg("--dev").args(flags);
        Zserver::spawn(command, data)
    }

    /// Starts over an existing data directory, trusting loopback, configured by environment
    /// variables, too.
    pub fn start_with(data: &Path, environment: &[(&str, &str)]) -> Zserver {
        let mut command = serve(data);
        command.arg("--dev").envs(environment.iter().copied());
        Zserver::spawn(command, data)
    }

    /// Starts with a second port, over an existing data directory: it, and that port.
    pub fn start_with_http(
        data: &Path,
        is_dev: bool,
        environment: &[(&str, &str)],
    ) -> (Zserver, u16) {
        let mut command = serve(data);
        command.args(["--http-listen", "127.0.0.1:0"]).envs(environment.iter().copied());
        if is_dev {
            command.arg("--dev");
        }
        command.stderr(Stdio::inherit()).stdout(Stdio::piped()).env("ZSERVER_LOG_FILTER", "warn");
        let mut child = command.spawn().expect("the server starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let port = port_in_line(&mut stdout, "ready");
        let http = port_in_line(&mut stdout, "HTTP is served");
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        (Zserver { child, port, data: data.to_owned(), _directory: None }, http)
    }

    /// Starts with no more file descriptors than this.
    pub fn start_with_descriptors(data: &Path, descriptors: u32) -> Zserver {
        let mut command = Command::new("sh");
        let script = format!("ulimit -n {descriptors}; exec \"$@\"");
        command.args(["-c", &script, "sh"]).arg(binary());
        command.args(["serve", "--dev", "--pg-listen", "127.0.0.1:0", "--data"]).arg(data);
        Zserver::spawn(command, data)
    }

    /// Starts without trust, configured by environment variables.
    pub fn start_secured(data: &Path, environment: &[(&str, &str)]) -> Zserver {
        let mut command = serve(data);
        command.envs(environment.iter().copied());
        Zserver::spawn(command, data)
    }

    /// Starts over a fresh data directory with its log in a file.
    pub fn start_logged(data: &Path, log: &Path, environment: &[(&str, &str)]) -> Zserver {
        let mut command = serve(data);
        let log = std::fs::File::create(log).expect("a log file");
        command.arg("--dev").envs(environment.iter().copied()).stderr(log);
        Zserver::spawn_logging(command, data)
    }

    /// Starts with its log in a file and a second port: it, and that port.
    pub fn start_logged_with_http(
        data: &Path,
        log: &Path,
        environment: &[(&str, &str)],
    ) -> (Zserver, u16) {
        let mut command = serve(data);
        let log = std::fs::File::create(log).expect("a log file");
        command.args(["--dev", "--http-listen", "127.0.0.1:0"]).envs(environment.iter().copied());
        command.stderr(log).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let port = port_in_line(&mut stdout, "ready");
        let http = port_in_line(&mut stdout, "HTTP is served");
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        (Zserver { child, port, data: data.to_owned(), _directory: None }, http)
    }

    /// The same without trust.
    pub fn start_secured_with_http(
        data: &Path,
        log: &Path,
        environment: &[(&str, &str)],
    ) -> (Zserver, u16) {
        let mut command = serve(data);
        let log = std::fs::File::create(log).expect("a log file");
        command.args(["--http-listen", "127.0.0.1:0"]).envs(environment.iter().copied());
        command.stderr(log).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let port = port_in_line(&mut stdout, "ready");
        let http = port_in_line(&mut stdout, "HTTP is served");
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        (Zserver { child, port, data: data.to_owned(), _directory: None }, http)
    }

    /// Starts without trust, and hands over the lines of its log as they come.
    pub fn start_with_log(
        data: &Path,
        environment: &[(&str, &str)],
    ) -> (Zserver, std::sync::mpsc::Receiver<String>) {
        let mut command = serve(data);
        command.envs(environment.iter().copied()).stderr(Stdio::piped());
        let mut server = Zserver::spawn_logging(command, data);
        let log = server.child.stderr.take().expect("the log is piped");
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                // Nobody may be listening any more.
                let _ = sender.send(line);
            }
        });
        (server, lines)
    }

    /// What a server says that cannot start over a data directory.
    pub fn refused(data: &Path) -> String {
        let output = serve(data).arg("--dev").output().expect("the server starts");
        assert_eq!(output.status.code(), Some(1), "it ends in good order");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn spawn(mut command: Command, data: &Path) -> Zserver {
        command.stderr(Stdio::inherit());
        // Errors of statements are logged too, and tests make many.
        if command.get_envs().all(|(name, _)| name != "ZSERVER_LOG_FILTER") {
            command.env("ZSERVER_LOG_FILTER", "warn");
        }
        Zserver::spawn_logging(command, data)
    }

    fn spawn_logging(mut command: Command, data: &Path) -> Zserver {
        command.stdout(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let port = ready_port(stdout);
        Zserver { child, port, data: data.to_owned(), _directory: None }
    }

    /// Bytes of memory that the process has.
    pub fn memory_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("the server runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kilobytes.expect("a size").parse::<u64>().expect("a number") << 10
    }

    /// What another command of the binary says over a data directory, and its exit status.
    pub fn command(data: &Path, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(binary());
        command.args(arguments).arg("--data").arg(data).env_remove("PGUSER");
        let output = command.output().expect("the command runs");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }

    /// The same, of a server that runs.
    pub fn ask(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let address = format!("127.0.0.1:{}", self.port);
        Zserver::command(&self.data, &[arguments, &["--pg-listen", &address]].concat())
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// kill -9: nothing is flushed, nobody is told.
    pub fn kill(mut self) -> PathBuf {
        self.child.kill().expect("the server is running");
        self.child.wait().expect("the server can be waited for");
        let directory = self._directory.take();
        // The directory outlives the server: the next one opens it.
        std::mem::forget(directory);
        self.data.clone()
    }

    /// kill -9, and another start over what is left.
    pub fn kill_and_start(mut self) -> Zserver {
        let directory = self._directory.take();
        let mut next = Zserver::start_over(&self.kill(), &[]);
        next._directory = directory;
        next
    }

    /// SIGTERM; answers the exit status.
    pub fn terminate(mut self) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there");
        self.child.wait().expect("the server can be waited for")
    }
}

fn serve(data: &Path) -> Command {
    let mut command = Command::new(binary());
    command.args(["serve", "--pg-listen", "127.0.0.1:0", "--data"]).arg(data);
    command
}

impl Drop for Zserver {
    fn drop(&mut self) {
        // Errors mean that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads standard output up to the readiness line, which ends in the address of
/// the PostgreSQL port.
fn ready_port(stdout: std::process::ChildStdout) -> u16 {
    let mut reader = BufReader::new(stdout);
    let port = port_in_line(&mut reader, "ready");
    std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    port
}

/// The port in the next line that has these words.
fn port_in_line(reader: &mut impl BufRead, words: &str) -> u16 {
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        let read = reader.read_line(&mut line).expect("stdout is readable");
        assert!(read > 0, "the server ended before it was ready");
    }
    let port = line.split("127.0.0.1:").nth(1).expect("the line names the address");
    let digits: String = port.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a port number")
}
