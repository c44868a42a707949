//! Many WebRTC peers at once against one server, and what that takes of it.
//!
//! ```text
//! rtc-load MODE --http PORT --pid PID [--name value …]
//! ```
//! | mode | |
//! |---|---|
//! | `fanout` | one video to `--subscribers`, `--rate` packets a second in frames of `--fps` |
//! | `audio` | a room of `--people`, each heard by all others; `--speaking` of them speak |
//! | `channel` | bytes a second and round trips of a data channel |
//! | `cycles` | `--cycles` peers that come and go, `--silent` that vanish without a word |
//!
//! Peers are another stack than the server's ([`peer`]), many on one thread; what the server
//! takes is read from `/proc` ([`server`]), so that figures are per core of the server,
//! whatever the client takes of the same machine. `--whole N`: only every Nth subscriber
//! decrypts what comes, and reports on it; the others look at the headers, which are not
//! encrypted. It is 1 unless the client is what is too slow.

mod channel;
mod cycles;
mod peer;
mod server;
mod signal;
mod spread;
mod stage;
mod stream;

use std::collections::HashMap;
use std::process::ExitCode;

/// What goes wrong ends the program.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The words of the command line.
pub struct Words(HashMap<String, String>);

impl Words {
    fn read(words: impl Iterator<Item = String>) -> Outcome<Words> {
        let mut found = HashMap::new();
        let mut words = words;
        while let Some(name) = words.next() {
            let name = name.strip_prefix("--").ok_or("options are --name value")?.to_owned();
            let value = words.next().ok_or_else(|| format!("--{name} has no value"))?;
            found.insert(name, value);
        }
        Ok(Words(found))
    }

    pub fn number(&self, name: &str, default: u64) -> Outcome<u64> {
        match self.0.get(name) {
            None => Ok(default),
            Some(value) => Ok(value.parse().map_err(|_| format!("--{name} is a number"))?),
        }
    }
}

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rtc-load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let mode = words.next().ok_or("which mode?")?;
    let words = Words::read(words)?;
    str0m::crypto::from_feature_flags().install_process_default();
    let threads = usize::try_from(words.number("threads", 1)?)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(async {
        match mode.as_str() {
            "fanout" => spread::fanout(&words).await,
            "audio" => spread::audio(&words).await,
            "channel" => channel::run(&words).await,
            "cycles" => cycles::run(&words).await,
            _ => Err("fanout, audio, channel or cycles".into()),
        }
    })
}
