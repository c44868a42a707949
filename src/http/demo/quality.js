// How good each track is: what this browser counts (`getStats`), and what the server says
// (`rtc.quality`, asked over a data channel of its own).

import { bits, make } from "./dom.js";
import { nameOf, sourceOf } from "./tiles.js";

const LOOK_MS = 2000;
/** The server writes a row every ten seconds, and where a rating changes. */
const SERVER_LOOK_MS = 5000;

const LAST = `SELECT DISTINCT ON (identity, track) identity, track, rating, score, loss, jitter_ms, round_trip_ms, bitrate
  FROM rtc.quality WHERE room = $1 AND at > now() - interval '30 seconds' ORDER BY identity, track, id DESC`;

/** Streams of a report that are one track: the layers of a simulcast are added up. */
function streamsOf(report, type) {
  const found = new Map();
  for (const entry of report.values()) {
    if (entry.type !== type) continue;
    const of = found.get(entry.mid) || { mid: entry.mid, bytes: 0, packets: 0, lost: 0, jitter: 0, width: 0, height: 0, frames: 0, roundTrip: null };
    const remote = report.get(entry.remoteId) || {};
    const isIn = type === "inbound-rtp";
    of.bytes += entry.bytesReceived ?? entry.bytesSent;
    of.packets += entry.packetsReceived ?? entry.packetsSent;
    of.lost += (isIn ? entry.packetsLost : remote.packetsLost) || 0;
    of.jitter = Math.max(of.jitter, (isIn ? entry.jitter : remote.jitter) || 0);
    of.roundTrip = Math.max(of.roundTrip, remote.roundTripTime || 0) || null;
    if ((entry.frameWidth || 0) >= of.width) {
      Object.assign(of, { width: entry.frameWidth || 0, height: entry.frameHeight || 0, frames: entry.framesPerSecond || 0 });
    }
    found.set(entry.mid, of);
  }
  return found;
}

function pairOf(report) {
  const used = [...report.values()].find((entry) => entry.type === "candidate-pair" && entry.nominated && entry.state === "succeeded");
  return used?.currentRoundTripTime ?? null;
}

/** Figures of an interval, from what was counted at its ends. */
function between(before, now, seconds, pair) {
  const packets = now.packets - (before?.packets || 0);
  const lost = Math.max(now.lost - (before?.lost || 0), 0);
  return {
    bitrate: before ? ((now.bytes - before.bytes) * 8) / seconds : NaN,
    loss: packets + lost > 0 ? lost / (packets + lost) : 0,
    jitterMs: now.jitter * 1000,
    roundTripMs: (now.roundTrip ?? pair) === null ? null : (now.roundTrip ?? pair) * 1000,
    width: now.width,
    height: now.height,
    framesPerSecond: now.frames,
  };
}

export class Quality {
  /** What was found last, by the sid of the track. */
  figures = new Map();
  /** What the server says, by the sid of the track; of what a participant is sent, by its identity. */
  server = new Map();

  #room;
  #rpc;
  #body;
  #timers;
  #before = { at: 0, in: new Map(), out: new Map() };

  /** `rpc`: a channel of its own, so that statements of the box do not hold it up. */
  constructor(room, rpc, body) {
    this.#room = room;
    this.#rpc = rpc;
    this.#body = body;
    this.#timers = [setInterval(() => this.#look(), LOOK_MS), setInterval(() => this.#ask(), SERVER_LOOK_MS)];
    this.#ask();
  }

  stop() {
    this.#timers.forEach(clearInterval);
    this.#body.replaceChildren();
  }

  async #look() {
    const report = await this.#room.connection.getStats();
    const now = { at: performance.now(), in: streamsOf(report, "inbound-rtp"), out: streamsOf(report, "outbound-rtp") };
    const seconds = (now.at - this.#before.at) / 1000;
    const pair = pairOf(report);
    this.figures = new Map();
    for (const { sid, direction, mid } of this.#tracks()) {
      const found = now[direction].get(mid);
      if (found) this.figures.set(sid, between(this.#before[direction].get(mid), found, seconds, pair));
    }
    this.#before = now;
    this.#show();
  }

  /** Each track that is sent or received, and where. */
  #tracks() {
    const own = [...this.#room.own].filter(([, sent]) => sent.sid).map(([source, { sid, transceiver }]) => (
      { sid, source, mid: transceiver.mid, direction: "out", name: "you" }));
    const others = [...this.#room.people.values()].flatMap(({ identity, tracks }) => tracks
      .filter(({ sid }) => this.#room.media.has(sid))
      .map(({ sid, source }) => ({ sid, source, mid: this.#room.media.get(sid).mid, direction: "in", name: nameOf(identity) })));
    return [...own, ...others];
  }

  async #ask() {
    try {
      const { rows } = await this.#rpc.query(LAST, [this.#room.about.name]);
      this.server = new Map(rows.map(([identity, track, rating, score, loss, jitterMs, roundTripMs, bitrate]) => (
        [track || identity, { rating, score: Number(score), loss: Number(loss), jitterMs: Number(jitterMs), roundTripMs: roundTripMs === null ? null : Number(roundTripMs), bitrate: Number(bitrate) }])));
    } catch {
      // Who may run no statements sees the browser's figures only.
      this.server = new Map();
      clearInterval(this.#timers[1]);
    }
  }

  #show() {
    this.#body.replaceChildren(...this.#tracks().map(({ sid, source, name }) => {
      const figures = this.figures.get(sid);
      const server = this.server.get(sid);
      const both = (own, of) => make("td", {}, own, server ? ` (${of(server)})` : "");
      const score = server ? make("td", { class: server.rating }, `${Math.round(server.score)} ${server.rating}`) : make("td", {}, "–");
      const percent = (part) => `${(part * 100).toFixed(1)} %`;
      const ms = (value) => (value === null ? "–" : `${value.toFixed(1)} ms`);
      if (!figures) return make("tr", {}, make("th", { scope: "row" }, `${name}: ${sourceOf(source)}`), score);
      const { width, height, framesPerSecond } = figures;
      return make("tr", {},
        make("th", { scope: "row" }, `${name}: ${sourceOf(source)}`),
        score,
        both(bits(figures.bitrate), (one) => bits(one.bitrate)),
        both(percent(figures.loss), (one) => percent(one.loss)),
        both(ms(figures.jitterMs), (one) => ms(one.jitterMs)),
        both(ms(figures.roundTripMs), (one) => ms(one.roundTripMs)),
        make("td", {}, width ? `${width}×${height}, ${Math.round(framesPerSecond)} /s` : ""));
    }));
  }
}
