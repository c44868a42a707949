//! Peers that come and go: what is left of them.

use std::time::{Duration, Instant};

use str0m::Event;
use str0m::format::Codec;
use str0m::media::MediaKind;
use tokio::task::JoinSet;

use crate::peer::{Ear, Peer};
use crate::server::{Server, Use};
use crate::stage::Voice;
use crate::{Outcome, Words};

/// Peers at the same time.
const AT_ONCE: u64 = 4;

/// Peers before anything is compared: caches and pools are as large then as they become.
const FIRST: u64 = 100;

/// Packets that each sends.
const PACKETS: u32 = 5;

const ROOM: &str = "load";

pub async fn run(words: &Words) -> Outcome<()> {
    let server = Server::of(words)?;
    let cycles = words.number("cycles", 1_000)?;
    let silent = words.number("silent", 50)?;
    let patience = Duration::from_secs(words.number("patience", 60)?);
    server.make_room(ROOM).await?;
    println!("cycles: a peer with a data channel and a stream, every other leaves without a word");
    let start = server.measure()?;
    tell("before", &start);
    come_and_go(server, 0, FIRST).await?;
    let begun = settled(server, start.descriptors, patience).await?;
    tell(&format!("{FIRST} later"), &begun);
    let quarter = cycles.div_ceil(4).max(1);
    let mut done = 0;
    while done < cycles {
        let next = quarter.min(cycles - done);
        come_and_go(server, FIRST + done, next).await?;
        done += next;
        tell(&format!("{done} more"), &server.measure()?);
    }
    let end = settled(server, start.descriptors, patience).await?;
    tell("at rest", &end);
    vanish(server, silent).await?;
    tell(&format!("{silent} vanish"), &server.measure()?);
    let last = settled(server, start.descriptors, patience).await?;
    tell("at rest", &last);
    let left = last.descriptors.saturating_sub(start.descriptors);
    let grown = (end.resident_mb - begun.resident_mb) * 1_024.0 / cycles.max(1) as f64;
    println!("  left of each: {grown:.1} kB; descriptors left of all: {left}");
    if left == 0 { Ok(()) } else { Err("descriptors are left".into()) }
}

fn tell(when: &str, taken: &Use) {
    println!(
        "  {when:<12} {:>8.1} MB resident, {:>5} descriptors",
        taken.resident_mb, taken.descriptors
    );
}

/// Waits until there are no more descriptors than there were, or for as long as may be.
async fn settled(server: Server, descriptors: usize, patience: Duration) -> Outcome<Use> {
    let until = Instant::now() + patience;
    loop {
        let now = server.measure()?;
        if now.descriptors <= descriptors || Instant::now() > until {
            return Ok(now);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn come_and_go(server: Server, from: u64, count: u64) -> Outcome<()> {
    let mut all = JoinSet::new();
    for number in from..from + count {
        if all.len() as u64 >= AT_ONCE
            && let Some(one) = all.join_next().await
        {
            one??;
        }
        all.spawn(async move {
            let mut peer = come(server, number).await?;
            if number % 2 == 0 {
                peer.signal.say(&serde_json::json!({"type": "leave"})).await?;
                // The server says why it is over, and ends it.
                while peer.turn(Instant::now() + Duration::from_secs(5)).await.is_ok() {}
            }
            Outcome::Ok(())
        });
    }
    while let Some(one) = all.join_next().await {
        one??;
    }
    Ok(())
}

/// A participant whose channel is open, and who has sent something.
async fn come(server: Server, number: u64) -> Outcome<Peer> {
    let ear = Ear { is_whole: true, clock_rate: 48_000, epoch: Instant::now() };
    let identity = format!("guest{number}");
    let mut peer = Peer::join(server, Some((ROOM, &identity, true)), ear).await?;
    let (channels, mids) = peer.offer(&["zserver.room.v1"], &[MediaKind::Audio]).await?;
    let is_open = |event: &Event| {
        matches!(event, Event::ChannelOpen(id, _) if *id == channels[0]).then_some(())
    };
    peer.wait(is_open).await?;
    let payload_type = peer.payload_type(Codec::Opus)?;
    let every = Duration::from_millis(20);
    let mut voice = Voice::new(mids[0], payload_type, every, 1, 80);
    for _ in 0..PACKETS {
        voice.speak(&mut peer, ear)?;
        let until = Instant::now() + every;
        while Instant::now() < until {
            peer.turn(until).await?;
        }
    }
    Ok(peer)
}

/// Peers that say nothing any more, while their signalling stays as it is.
async fn vanish(server: Server, count: u64) -> Outcome<()> {
    for number in 0..count {
        let mut peer = come(server, 1_000_000 + number).await?;
        // Its sockets stay open: what comes is not answered, pings neither.
        tokio::spawn(async move { while peer.signal.messages.recv().await.is_some() {} });
    }
    Ok(())
}
