//! One to many, and many to many.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use str0m::format::Codec;
use str0m::media::MediaKind;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::peer::{Ear, PATIENCE, Peer};
use crate::server::{Server, own_processors};
use crate::stage::{Phase, Voice, perform};
use crate::stream::Heard;
use crate::{Outcome, Words};

/// Peers that connect at the same time.
const CONNECTING: usize = 8;

/// How long it goes on before it counts.
const WARM: Duration = Duration::from_secs(2);

/// Of a voice (RFC 7587), and of one that says nothing: one packet in so long.
const AUDIO_EVERY: Duration = Duration::from_millis(20);
const SILENCE_EVERY: Duration = Duration::from_millis(400);

const ROOM: &str = "load";

/// One video to many.
pub async fn fanout(words: &Words) -> Outcome<()> {
    let server = Server::of(words)?;
    let count = words.number("subscribers", 200)?;
    let rate = words.number("rate", 210)?;
    let frames = words.number("fps", 30)?.clamp(1, rate.max(1));
    let bytes = usize::try_from(words.number("bytes", 1_100)?)?.max(16);
    let whole = words.number("whole", 1)?.max(1);
    let seconds = words.number("seconds", 10)?;
    server.make_room(ROOM).await?;
    let phase = Phase::default();
    let ear = Ear { is_whole: true, clock_rate: 90_000, epoch: Instant::now() };
    let mut peer = Peer::join(server, Some((ROOM, "publisher", false)), ear).await?;
    let (_, mids) = peer.offer(&[], &[MediaKind::Video]).await?;
    peer.connected().await?;
    let payload_type = peer.payload_type(Codec::Vp8)?;
    let every = Duration::from_secs(1) / u32::try_from(frames)?;
    let mut voice = Voice::new(mids[0], payload_type, every, rate.div_ceil(frames), bytes);
    voice.is_video = true;
    let sent = voice.packets * frames;
    let mut all = JoinSet::new();
    all.spawn(perform(peer, Some(voice), ear, phase.clone()));
    published(server, 1).await?;
    let begun = Instant::now();
    let mut joining = a_few_at_a_time(count, move |number| async move {
        let ear = Ear { is_whole: number % whole == 0, ..ear };
        let identity = format!("subscriber{number}");
        let mut peer = Peer::join(server, Some((ROOM, &identity, true)), ear).await?;
        peer.connected().await?;
        Outcome::Ok((peer, ear))
    });
    // What has come is heard on while others come.
    while let Some(joined) = joining.join_next().await {
        let (peer, ear) = joined??;
        all.spawn(perform(peer, None, ear, phase.clone()));
    }
    println!(
        "fanout: a video of {sent} packets/s, {:.1} Mbit/s, in {frames} frames/s to {count} subscribers, {} of whom decrypt; connected in {:.1} s",
        (sent * bytes as u64 * 8) as f64 / 1e6,
        count.div_ceil(whole),
        begun.elapsed().as_secs_f64(),
    );
    measure(server, &phase, seconds, all, sent * count).await
}

/// A room in which everybody is heard by everybody else.
pub async fn audio(words: &Words) -> Outcome<()> {
    let server = Server::of(words)?;
    let count = words.number("people", 100)?;
    let speaking = words.number("speaking", 10)?.min(count);
    let bytes = usize::try_from(words.number("bytes", 80)?)?.max(16);
    let whole = words.number("whole", 1)?.max(1);
    let seconds = words.number("seconds", 10)?;
    server.make_room(ROOM).await?;
    let phase = Phase::default();
    let ear = Ear { is_whole: true, clock_rate: 48_000, epoch: Instant::now() };
    let begun = Instant::now();
    let mut joining = a_few_at_a_time(count, move |number| async move {
        // Whoever does not report on others is still heard by them.
        let ear = Ear { is_whole: number % whole == 0, ..ear };
        let identity = format!("person{number}");
        let mut peer = Peer::join(server, Some((ROOM, &identity, false)), ear).await?;
        let (_, mids) = peer.offer(&[], &[MediaKind::Audio]).await?;
        peer.connected().await?;
        let every = if number < speaking { AUDIO_EVERY } else { SILENCE_EVERY };
        let payload_type = peer.payload_type(Codec::Opus)?;
        let mut voice = Voice::new(mids[0], payload_type, every, 1, bytes);
        voice.offset = every * u32::try_from(number)? / u32::try_from(count)?;
        Outcome::Ok((peer, voice, ear))
    });
    let mut all = JoinSet::new();
    let (hear, told) = watch::channel(Vec::new());
    while let Some(joined) = joining.join_next().await {
        let (peer, voice, ear) = joined??;
        let (phase, told) = (phase.clone(), told.clone());
        all.spawn(converse(peer, voice, ear, phase, told));
    }
    hear.send(published(server, usize::try_from(count)?).await?)?;
    let each = speaking as f64 / AUDIO_EVERY.as_secs_f64()
        + (count - speaking) as f64 / SILENCE_EVERY.as_secs_f64();
    let expected = each * (count.saturating_sub(1)) as f64;
    // Until everybody is sent everybody else.
    let settle = Duration::from_secs(words.number("settle", 5 + count / 10)?);
    tokio::time::sleep(settle).await;
    println!(
        "audio: {count} people, {speaking} of whom speak, each heard by all others, {} of whom decrypt; there after {:.1} s",
        count.div_ceil(whole),
        begun.elapsed().as_secs_f64(),
    );
    measure(server, &phase, seconds, all, expected as u64).await
}

/// Does something for each number below `count`, [`CONNECTING`] of them at the same time.
fn a_few_at_a_time<T, F>(
    count: u64,
    work: impl Fn(u64) -> F + Send + Sync + 'static,
) -> JoinSet<Outcome<T>>
where
    T: Send + 'static,
    F: Future<Output = Outcome<T>> + Send,
{
    let turns = Arc::new(Semaphore::new(CONNECTING));
    let work = Arc::new(work);
    let mut all = JoinSet::new();
    for number in 0..count {
        let (turns, work) = (turns.clone(), work.clone());
        all.spawn(async move {
            let _turn = turns.acquire_owned().await?;
            work(number).await
        });
    }
    all
}

/// Speaks at once, and wants to hear all others when it is told their tracks.
async fn converse(
    mut peer: Peer,
    mut voice: Voice,
    ear: Ear,
    phase: Phase,
    mut told: watch::Receiver<Vec<String>>,
) -> Outcome<Heard> {
    let mut next = Instant::now();
    loop {
        tokio::select! {
            changed = told.changed() => break changed?,
            turned = peer.turn(next) => turned?,
        }
        if Instant::now() >= next {
            voice.speak(&mut peer, ear)?;
            next = Instant::now() + voice.every;
        }
    }
    let tracks = told.borrow().clone();
    peer.signal.say(&json!({"type": "subscribe", "tracks": tracks})).await?;
    perform(peer, Some(voice), ear, phase).await
}

/// The tracks of a room, as soon as there are so many.
async fn published(server: Server, count: usize) -> Outcome<Vec<String>> {
    let until = Instant::now() + PATIENCE;
    loop {
        let tracks = server.tracks(ROOM).await?;
        if tracks.len() >= count {
            return Ok(tracks);
        }
        if Instant::now() > until {
            return Err("what is published is not in the room".into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn measure(
    server: Server,
    phase: &Phase,
    seconds: u64,
    mut all: JoinSet<Outcome<Heard>>,
    expected: u64,
) -> Outcome<()> {
    let look = || Ok((server.measure()?, own_processors()));
    let times = (WARM, Duration::from_secs(seconds));
    let measured = phase.run(times, look);
    tokio::pin!(measured);
    let (before, after, took) = tokio::select! {
        measured = &mut measured => measured?,
        // Nobody ends before it is over.
        Some(ended) = all.join_next() => match ended? {
            Ok(_) => return Err("a peer has ended".into()),
            Err(error) => return Err(error),
        },
    };
    let mut heard = Heard::default();
    while let Some(one) = all.join_next().await {
        heard.add(one??);
    }
    let took = took.as_secs_f64();
    let (counted, lost) = heard.losses();
    let server = after.0.processors - before.0.processors;
    println!(
        "  came      {:>9.0} packets/s of {expected}, {:.1} MB/s; lost {:.3} %; delay {:.2} ms, {:.2} ms for 99 %, {:.2} ms for 99.9 %",
        heard.packets as f64 / took,
        heard.bytes as f64 / took / 1e6,
        lost as f64 * 100.0 / counted.max(1) as f64,
        heard.delay_ms(0.5),
        heard.delay_ms(0.99),
        heard.delay_ms(0.999),
    );
    println!(
        "  server    {:>9.0} packets/s per core: {:.2} cores, {:.0} MB; the client {:.2} cores",
        heard.packets as f64 / server.max(0.01),
        server / took,
        after.0.resident_mb,
        (after.1 - before.1) / took,
    );
    Ok(())
}
