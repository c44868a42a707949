// What Chromium counts of a track and what the server says of it, for the same two seconds.

/** The server measures so often. */
const INTERVAL_MS = 2000;
/** An RTP header without its extensions, which the server counts and Chromium does not. */
const HEADER_BYTES = 12;

/** Runs in the page: what is counted of each stream that is sent, by mid, and the way's round trip. */
export async function snapshot() {
  const { current } = await import('/demo/main.js');
  const report = await current.room.connection.getStats();
  const all = [...report.values()];
  const pair = all.find((one) => one.type === 'candidate-pair' && one.nominated && one.state === 'succeeded');
  const streams = all.filter((one) => one.type === 'outbound-rtp').map((one) => {
    const remote = report.get(one.remoteId) ?? {};
    return { mid: one.mid, ssrc: one.ssrc, bytes: one.bytesSent, packets: one.packetsSent, lost: remote.packetsLost ?? 0, jitter: remote.jitter ?? 0, roundTrip: remote.roundTripTime };
  });
  const sids = Object.fromEntries([...current.room.own.values()].map(({ sid, transceiver }) => [sid, transceiver.mid]));
  return { at: performance.timeOrigin + performance.now(), pair: pair?.currentRoundTripTime, streams, sids };
}

const near = (snapshots, at) => snapshots.reduce((best, one) => (Math.abs(one.at - at) < Math.abs(best.at - at) ? one : best));

function counted({ streams }, mid) {
  const own = streams.filter((one) => one.mid === mid);
  const sum = (of) => own.reduce((total, one) => total + of(one), 0);
  return { bytes: sum((one) => one.bytes + HEADER_BYTES * one.packets), packets: sum((one) => one.packets), lost: sum((one) => one.lost) };
}

/** Chromium's figures of the interval that ended at a time. */
function figures(snapshots, sid, at) {
  const [first, last] = [near(snapshots, at - INTERVAL_MS), near(snapshots, at)];
  const mid = last.sids[sid];
  const [before, now] = [counted(first, mid), counted(last, mid)];
  const seconds = (last.at - first.at) / 1000;
  const [packets, lost] = [now.packets - before.packets, Math.max(now.lost - before.lost, 0)];
  // A report is up to a second old when either side looks.
  const around = snapshots.filter((one) => Math.abs(one.at - at) < 1500);
  const jitters = around.map(({ streams }) => Math.max(...streams.filter((one) => one.mid === mid).map((one) => one.jitter * 1000)));
  const trips = around.flatMap(({ pair }) => (pair === undefined ? [] : [pair * 1000]));
  return { bitrate: ((now.bytes - before.bytes) * 8) / seconds, loss: packets ? lost / (packets + lost) : 0, jitters, trips };
}

const median = (values) => [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];

/** How far a value is from the nearest of several. */
const distance = (value, others) => Math.min(...others.map((other) => Math.abs(value - other)));

/** Compares rows of `rtc.quality` (`{at, track, bitrate, loss, jitter, trip}`) with snapshots of their publisher: lines to print, and what is out of bounds. */
export function compare(name, rows, snapshots) {
  const compared = rows.map((row) => ({ row, own: figures(snapshots, row.track, row.at) }));
  const of = (pick) => median(compared.map(pick));
  const share = median(compared.map(({ row, own }) => Math.abs(row.bitrate - own.bitrate) / own.bitrate));
  const jitter = median(compared.map(({ row, own }) => distance(row.jitter, own.jitters)));
  const trip = median(compared.filter(({ row }) => row.trip !== null).map(({ row, own }) => distance(row.trip, own.trips)));
  const loss = median(compared.map(({ row, own }) => Math.abs(row.loss - own.loss)));
  const line = `# ${name}: ${rows.length} rows; server ${(of(({ row }) => row.bitrate) / 1000).toFixed(0)} kb/s, loss ${(100 * of(({ row }) => row.loss)).toFixed(2)} %, `
    + `jitter ${of(({ row }) => row.jitter).toFixed(2)} ms, round trip ${(of(({ row }) => row.trip ?? NaN)).toFixed(2)} ms; `
    + `Chromium ${(of(({ own }) => own.bitrate) / 1000).toFixed(0)} kb/s, loss ${(100 * of(({ own }) => own.loss)).toFixed(2)} %, `
    + `jitter ${of(({ own }) => median(own.jitters)).toFixed(2)} ms, round trip ${of(({ own }) => median(own.trips)).toFixed(2)} ms; `
    + `apart by ${(100 * share).toFixed(1)} %, ${(100 * loss).toFixed(2)} %, ${jitter.toFixed(2)} ms, ${trip.toFixed(2)} ms`;
  const wrong = [];
  // Times of a loopback are about a millisecond: a tenth of that is below what is measured.
  const within = (apart, value, least) => apart <= Math.max(value / 10, least);
  if (share > 0.1) wrong.push(`the bitrate is ${(100 * share).toFixed(1)} % off`);
  if (!within(loss, of(({ own }) => own.loss), 0.005)) wrong.push('the loss is another');
  if (!within(jitter, of(({ row }) => row.jitter), 1)) wrong.push('the jitter is another');
  // Each side asks by itself, and waits for a processor that is busy with pictures.
  if (!within(trip, of(({ row }) => row.trip ?? 0), 10)) wrong.push('the round trip is another');
  return { line, wrong };
}
