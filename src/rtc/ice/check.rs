//! Whether servers of STUN and TURN do what is asked of them: a Binding of the first, an
//! Allocate of the second, which is given up again.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::stun::{ALLOCATE, Answer, BINDING, REFRESH, Request};
use super::{Scheme, Url};

/// How long one server may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// When a request is sent again over UDP, at first; it doubles.
const RETRANSMIT: Duration = Duration::from_millis(250);

/// Bytes of an answer.
const ANSWER_MAX: usize = 1_500;

/// Errors of TURN (RFC 8656).
const UNAUTHORIZED: u16 = 401;
const STALE_NONCE: u16 = 438;

/// What became of one server.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    pub url: String,
    pub is_ok: bool,
    /// What failed, and why.
    pub reason: Option<String>,
    /// The server's address, and ours as it sees it.
    pub address: Option<SocketAddr>,
    pub mapped: Option<SocketAddr>,
    pub relayed: Option<SocketAddr>,
    /// Until the last answer.
    pub took_ms: u64,
}

/// Asks one server. What it does not answer within some seconds has failed.
pub async fn check(url: Url, proof: Option<(String, String)>) -> Checked {
    let begun = Instant::now();
    let mut checked = Checked {
        url: url.text.clone(),
        is_ok: false,
        reason: None,
        address: None,
        mapped: None,
        relayed: None,
        took_ms: 0,
    };
    let asked = tokio::time::timeout(TIMEOUT, ask(&url, proof, &mut checked)).await;
    checked.reason = match asked {
        Ok(Ok(())) => None,
        Ok(Err(reason)) => Some(reason),
        Err(_) => Some(format!("no answer within {} s", TIMEOUT.as_secs())),
    };
    checked.is_ok = checked.reason.is_none();
    checked.took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    checked
}

async fn ask(
    url: &Url,
    proof: Option<(String, String)>,
    checked: &mut Checked,
) -> Result<(), String> {
    let wrong = |what: &'static str| move |error: std::io::Error| format!("{what}: {error}");
    if matches!(url.scheme, Scheme::Stuns | Scheme::Turns) {
        return Err("TLS is not checked from here: it is for clients".to_owned());
    }
    let place = (url.host.as_str(), url.port);
    let found = tokio::net::lookup_host(place).await.map_err(wrong("its name is not resolved"))?;
    let address = found.into_iter().next().ok_or("its name has no address")?;
    checked.address = Some(address);
    let mut line = Line::open(address, url.is_tcp).await.map_err(wrong("it is not reached"))?;
    let answer = match url.is_turn() {
        false => line.ask(&Request::new(BINDING)).await,
        true => allocate(&mut line, proof).await,
    };
    let answer = answer?;
    checked.mapped = answer.mapped;
    checked.relayed = answer.relayed;
    let has_what_was_asked = match url.is_turn() {
        true => answer.relayed.is_some(),
        false => answer.mapped.is_some(),
    };
    match has_what_was_asked {
        true => Ok(()),
        false => Err("its answer has no address".to_owned()),
    }
}

/// Allocates a relayed address, and gives it up.
async fn allocate(line: &mut Line, proof: Option<(String, String)>) -> Result<Answer, String> {
    let first = line.ask_anyhow(&Request::new(ALLOCATE)).await?;
    if first.is_success {
        return Ok(first);
    }
    if !matches!(first.error, Some((UNAUTHORIZED, _))) {
        return Err(refused(&first));
    }
    let (username, password) = proof.ok_or("it asks for credentials, and none are configured")?;
    let mut challenge = first.challenge;
    let mut answer = Answer::default();
    // Once more if the nonce is too old by now.
    for _ in 0..2 {
        let request = Request::new(ALLOCATE).prove(&username, &password, &challenge);
        answer = line.ask_anyhow(&request).await?;
        if !matches!(answer.error, Some((STALE_NONCE, _))) {
            break;
        }
        challenge = std::mem::take(&mut answer.challenge);
    }
    if !answer.is_success {
        return Err(refused(&answer));
    }
    let release = Request::new(REFRESH).prove(&username, &password, &challenge);
    // It would end by itself.
    let _ = line.ask_anyhow(&release).await;
    Ok(answer)
}

fn refused(answer: &Answer) -> String {
    match &answer.error {
        Some((code, reason)) => format!("it refuses: {code} {}", reason.trim()),
        None => "it refuses without a reason".to_owned(),
    }
}

enum Line {
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl Line {
    async fn open(address: SocketAddr, is_tcp: bool) -> std::io::Result<Line> {
        if is_tcp {
            return Ok(Line::Tcp(TcpStream::connect(address).await?));
        }
        let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any).await?;
        socket.connect(address).await?;
        Ok(Line::Udp(socket))
    }

    /// An answer that says yes.
    async fn ask(&mut self, request: &Request) -> Result<Answer, String> {
        let answer = self.ask_anyhow(request).await?;
        if answer.is_success { Ok(answer) } else { Err(refused(&answer)) }
    }

    async fn ask_anyhow(&mut self, request: &Request) -> Result<Answer, String> {
        let asked = match self {
            Line::Udp(socket) => ask_udp(socket, request).await,
            Line::Tcp(stream) => ask_tcp(stream, request).await,
        };
        asked.map_err(|error| format!("it does not answer: {error}"))
    }
}

async fn ask_udp(socket: &UdpSocket, request: &Request) -> std::io::Result<Answer> {
    let mut buffer = [0; ANSWER_MAX];
    let mut pause = RETRANSMIT;
    loop {
        socket.send(request.bytes()).await?;
        let again = tokio::time::Instant::now() + pause;
        while let Ok(read) = tokio::time::timeout_at(again, socket.recv(&mut buffer)).await {
            if let Some(answer) = Answer::parse(&buffer[..read?], request) {
                return Ok(answer);
            }
        }
        pause *= 2;
    }
}

async fn ask_tcp(stream: &mut TcpStream, request: &Request) -> std::io::Result<Answer> {
    stream.write_all(request.bytes()).await?;
    let mut message = vec![0; 20];
    stream.read_exact(&mut message).await?;
    let length = usize::from(u16::from_be_bytes([message[2], message[3]]));
    if length > ANSWER_MAX {
        return Err(std::io::Error::other("its answer is too long"));
    }
    message.resize(20 + length, 0);
    stream.read_exact(&mut message[20..]).await?;
    Answer::parse(&message, request).ok_or_else(|| std::io::Error::other("not an answer of STUN"))
}
