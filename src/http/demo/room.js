// A room, as one participant of it: one peer connection, on which everything comes and goes.
//
//   joined ─▶ data channels ─▶ our offers (what we send) and the server's (what we are sent)
//
// Either side offers. Where two offers cross, the server gives its own up and makes it again,
// so an offer of the server that comes while one of ours waits for its answer is left alone.
// One exchange runs at a time.
//
// | event | |
// |---|---|
// | `people` | who is there has changed: `people`, by identity |
// | `media` | what is received has changed: `media`, tracks by sid |
// | `own` | what is sent has changed: `own`, by source |
// | `message`, `speakers`, `quality` | as the server says them |
// | `state` | of the connection |
// | `left` | the end, and why |

/** The sid of the track that a media section is sent for, by the description it is in. */
function sidOf(description, mid) {
  const section = description.split(/^m=/m).find((part) => part.split("\r\n").includes(`a=mid:${mid}`));
  return section?.match(/^a=msid:\S+ (\S+)/m)?.[1];
}

export class Room extends EventTarget {
  /** Joins by an open signalling; `name` is none for who has a room's token. */
  static async join(signal, name, identity) {
    const asked = { type: "join" };
    if (name) asked.room = name;
    if (identity) asked.identity = identity;
    return new Room(signal, await signal.ask(asked));
  }

  /** By identity; without oneself. */
  people = new Map();
  /** What is received: `{track, mid}` by sid. */
  media = new Map();
  /** What is sent: `{sid, track, transceiver, muted}` by source. */
  own = new Map();

  #signal;
  #isOver = false;
  #isBusy = false;
  #isOffering = false;
  #isWanted = false;
  #theirs = null;
  #declared = [];
  #early = [];

  constructor(signal, joined) {
    super();
    this.#signal = signal;
    this.me = joined.participant;
    this.about = joined.room;
    for (const person of joined.participants) this.people.set(person.identity, person);
    this.connection = new RTCPeerConnection({ iceServers: joined.ice_servers });
    this.connection.onicecandidate = ({ candidate }) => this.#say({ type: "candidate", candidate: candidate?.candidate ? candidate.toJSON() : null });
    this.connection.onnegotiationneeded = () => this.#want();
    this.connection.onconnectionstatechange = () => this.#tell("state", this.connection.connectionState);
    const hear = (type, take) => signal.addEventListener(type, ({ detail }) => take(detail));
    hear("offer", ({ sdp }) => this.#offered(sdp));
    hear("candidate", ({ candidate }) => this.#candidate(candidate));
    hear("participant", ({ participant }) => this.#person(participant));
    hear("published", (said) => this.#published(said));
    hear("unpublished", ({ track }) => this.#unpublished(track));
    hear("muted", ({ track, muted }) => this.#muted(track, muted));
    hear("room", ({ room }) => { this.about = room; this.#tell("people"); });
    for (const type of ["message", "speakers", "quality", "error"]) hear(type, (said) => this.#tell(type, said));
    hear("left", ({ reason }) => this.#end(reason));
    hear("closed", ({ reason }) => this.#end(reason || "the connection is closed"));
  }

  /** A data channel, which is open when this answers. */
  channel(label, protocol) {
    const channel = this.connection.createDataChannel(label, { protocol });
    return new Promise((resolve, reject) => {
      channel.addEventListener("open", () => resolve(channel));
      channel.addEventListener("close", () => reject(new Error("the channel is closed")));
      this.addEventListener("left", () => reject(new Error("the room was left")));
    });
  }

  /** Sends a track; it has a sid once the server has said so (`own`). */
  publish({ track, source, encodings }) {
    const init = { direction: "sendonly", streams: [new MediaStream([track])] };
    if (encodings) init.sendEncodings = encodings;
    const transceiver = this.connection.addTransceiver(track, init);
    const { width = 0, height = 0 } = track.getSettings();
    this.#declared.push({ transceiver, source, name: track.label.slice(0, 100), width, height });
    this.own.set(source, { sid: null, track, transceiver, muted: false });
    track.addEventListener("ended", () => this.unpublish(source));
    this.#tell("own");
  }

  /** Sends it no more. */
  unpublish(source) {
    const sent = this.own.get(source);
    if (!sent) return;
    this.own.delete(source);
    sent.track.stop();
    if (!this.#isOver) sent.transceiver.stop();
    this.#tell("own");
  }

  async mute(source, muted) {
    const sent = this.own.get(source);
    if (!sent?.sid) return;
    sent.track.enabled = !muted;
    sent.muted = muted;
    this.#tell("own");
    await this.#signal.ask({ type: "mute", track: sent.sid, muted });
  }

  /** Which layer of a track one wants at most (0 to 2, null is the best), or none for now. */
  prefer(sid, { quality = null, paused = false }) {
    return this.#signal.ask({ type: "subscribe", tracks: [sid], paused, ...(quality === null ? {} : { quality }) });
  }

  say(text, topic) {
    return this.#signal.ask({ type: "message", text, topic });
  }

  /** Looks for a way to the server anew. */
  restart() {
    return this.#signal.ask({ type: "restart" });
  }

  leave() {
    this.#signal.close();
    this.#end("left");
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** What needs no answer; that the connection is closed is told by itself. */
  #say(message) {
    this.#signal.ask(message).catch((error) => {
      if (!this.#isOver) this.#tell("error", { message: error.message });
    });
  }

  #want() {
    this.#isWanted = true;
    this.#exchange();
  }

  #offered(sdp) {
    if (this.#isOffering) return;
    this.#theirs = sdp;
    this.#exchange();
  }

  async #exchange() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      while (!this.#isOver && (this.#theirs || this.#isWanted)) {
        if (this.#theirs) await this.#answer();
        else await this.#offer();
      }
    } catch (error) {
      if (!this.#isOver) this.#tell("error", { message: error.message });
    } finally {
      this.#isBusy = false;
    }
  }

  async #answer() {
    const sdp = this.#theirs;
    this.#theirs = null;
    await this.connection.setRemoteDescription({ type: "offer", sdp });
    await this.connection.setLocalDescription();
    this.#say({ type: "answer", sdp: this.connection.localDescription.sdp });
    await this.#settled();
  }

  async #offer() {
    this.#isWanted = false;
    this.#isOffering = true;
    try {
      await this.connection.setLocalDescription();
      const tracks = this.#declared.splice(0).map(({ transceiver, ...said }) => ({ mid: transceiver.mid, ...said }));
      const asked = this.#signal.ask({ type: "offer", sdp: this.connection.localDescription.sdp, tracks });
      const { sdp } = await asked.finally(() => { this.#isOffering = false; });
      await this.connection.setRemoteDescription({ type: "answer", sdp });
    } catch (error) {
      this.#isOffering = false;
      if (this.connection.signalingState === "have-local-offer") await this.connection.setLocalDescription({ type: "rollback" });
      throw error;
    }
    await this.#settled();
  }

  /** Descriptions were exchanged: what is received now. */
  async #settled() {
    for (const candidate of this.#early.splice(0)) await this.#candidate(candidate);
    const description = this.connection.remoteDescription.sdp;
    this.media = new Map();
    for (const { mid, currentDirection, receiver } of this.connection.getTransceivers()) {
      const sid = /recv/.test(currentDirection) && sidOf(description, mid);
      if (sid) this.media.set(sid, { track: receiver.track, mid });
    }
    this.#tell("media");
  }

  async #candidate(candidate) {
    if (!candidate) return;
    if (!this.connection.remoteDescription) {
      this.#early.push(candidate);
      return;
    }
    // One of an offer that was given up fits nothing.
    await this.connection.addIceCandidate(candidate).catch(() => {});
  }

  #person(person) {
    if (person.sid === this.me.sid) this.me = person;
    else if (person.state === "disconnected") this.people.delete(person.identity);
    else this.people.set(person.identity, person);
    this.#tell("people");
  }

  #published({ track }) {
    const sent = this.own.get(track.source);
    if (!sent) return;
    sent.sid = track.sid;
    this.#tell("own");
  }

  #unpublished(sid) {
    for (const [source, sent] of this.own) if (sent.sid === sid) this.unpublish(source);
  }

  /** By a moderator. */
  #muted(sid, muted) {
    for (const sent of this.own.values()) {
      if (sent.sid !== sid) continue;
      sent.muted = muted;
      sent.track.enabled = !muted;
    }
    this.#tell("own");
  }

  #end(reason) {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const source of [...this.own.keys()]) this.unpublish(source);
    this.connection.close();
    this.#signal.close();
    this.#tell("left", reason);
  }
}
