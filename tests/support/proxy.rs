//! A TCP proxy that stops a conversation at a chosen message.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What to stop at: the first message of a client that has these bytes.
#[derive(Clone)]
struct Rule {
    pattern: Vec<u8>,
    /// The message still goes to the server; its answer does not come back.
    forward: bool,
    reached: Sender<()>,
}

struct Shared {
    target: AtomicU16,
    rule: Mutex<Option<Rule>>,
    connections: Mutex<Vec<TcpStream>>,
}

/// Forwards connections to a server on loopback.
pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    pub fn start(target: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            target: AtomicU16::new(target),
            rule: Mutex::new(None),
            connections: Mutex::default(),
        });
        let accepting = shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let target = accepting.target.load(Ordering::SeqCst);
                let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else { continue };
                serve(&accepting, client, server);
            }
        });
        Proxy { port, shared }
    }

    /// The server has another port now.
    pub fn set_target(&self, target: u16) {
        self.shared.target.store(target, Ordering::SeqCst);
    }

    /// Stops the next conversation at a message; tells when it has come to that.
    pub fn stop_at(&self, pattern: &str, forward: bool) -> Receiver<()> {
        let (reached, receiver) = channel();
        let rule = Rule { pattern: pattern.as_bytes().to_vec(), forward, reached };
        *self.shared.rule.lock().expect("no panic") = Some(rule);
        receiver
    }

    /// Ends all connections and forwards everything from now on.
    pub fn reset(&self) {
        *self.shared.rule.lock().expect("no panic") = None;
        for connection in self.shared.connections.lock().expect("no panic").drain(..) {
            // It may be closed already.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

fn serve(shared: &Arc<Shared>, client: TcpStream, server: TcpStream) {
    let pair = || (client.try_clone().expect("clone"), server.try_clone().expect("clone"));
    let (kept_client, kept_server) = pair();
    shared.connections.lock().expect("no panic").extend([kept_client, kept_server]);
    // Answers are kept back; whoever waits for that is told with the first of them.
    let muted: Arc<Mutex<Option<Sender<()>>>> = Arc::default();
    let is_muted = Arc::new(AtomicBool::new(false));
    let (from, to) = pair();
    let (shared, mute, flag) = (shared.clone(), muted.clone(), is_muted.clone());
    std::thread::spawn(move || requests(&shared, from, to, &mute, &flag));
    let (to, from) = pair();
    std::thread::spawn(move || answers(from, to, &muted, &is_muted));
}

fn requests(
    shared: &Shared,
    mut from: TcpStream,
    mut to: TcpStream,
    mute: &Mutex<Option<Sender<()>>>,
    is_muted: &AtomicBool,
) {
    let mut buffer = [0; 8192];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let data = &buffer[..read];
        let mut rule = shared.rule.lock().expect("no panic");
        let matches =
            |rule: &Rule| data.windows(rule.pattern.len()).any(|window| window == rule.pattern);
        let found = if rule.as_ref().is_some_and(matches) { rule.take() } else { None };
        drop(rule);
        match found {
            Some(rule) if !rule.forward => {
                let _ = rule.reached.send(());
                // Nothing more goes through, until the connection is closed.
                while let Ok(1..) = from.read(&mut buffer) {}
                break;
            }
            Some(rule) => {
                *mute.lock().expect("no panic") = Some(rule.reached);
                is_muted.store(true, Ordering::SeqCst);
            }
            None => {}
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

fn answers(
    mut from: TcpStream,
    mut to: TcpStream,
    muted: &Mutex<Option<Sender<()>>>,
    is_muted: &AtomicBool,
) {
    let mut buffer = [0; 8192];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if is_muted.load(Ordering::SeqCst) {
            if let Some(reached) = muted.lock().expect("no panic").take() {
                let _ = reached.send(());
            }
            continue;
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

/// Waits for what [`Proxy::stop_at`] answered.
pub fn wait_for(reached: &Receiver<()>) {
    reached.recv_timeout(Duration::from_secs(30)).expect("the conversation comes to the message");
}
