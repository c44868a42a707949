// Recordings of the room: begun, ended, listed, played by parts (HTTP's Range) by a URL that
// is signed for its file: an element of a page cannot say who asks.

import { attempt, byId, bytes, make, tell } from "./dom.js";

const LOOK_MS = 3000;
const BUCKET = "recordings";

function length(ms) {
  if (ms === null || ms === undefined) return "";
  const seconds = Math.round(Number(ms) / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export class Recordings {
  #session;
  #base;
  #button = byId("record");
  #list = byId("recording-list");
  #player = byId("player");
  #running = null;
  #timer;

  constructor(session, room) {
    this.#session = session;
    this.#base = `/api/v1/rooms/${encodeURIComponent(room.about.name)}/recordings`;
    // A room's token asks for nothing over HTTP.
    byId("recordings").hidden = !session.canAsk;
    this.#button.hidden = !session.canAsk;
    this.#button.onclick = () => attempt(() => (this.#running ? this.#stop() : this.#start()));
    if (!session.canAsk) return;
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#player.replaceChildren();
    this.#list.replaceChildren();
  }

  async #start() {
    this.#button.disabled = true;
    try {
      const buckets = await this.#session.all("/api/v1/files", "buckets");
      if (!buckets.some(({ name }) => name === BUCKET)) await this.#session.ask("PUT", `/api/v1/files/${BUCKET}`);
      await this.#session.ask("POST", this.#base, {});
      tell("The room is being recorded.");
    } finally {
      this.#button.disabled = false;
    }
    await this.#look();
  }

  async #stop() {
    await this.#session.ask("POST", `${this.#base}/${this.#running.id}/stop`);
    tell("The recording is being stored.");
    await this.#look();
  }

  #look() {
    return attempt(async () => {
      const all = await this.#session.all(this.#base, "recordings");
      all.sort((one, other) => String(other.asked_at).localeCompare(String(one.asked_at)));
      this.#running = all.find(({ state, track }) => (state === "requested" || state === "recording") && !track) || null;
      this.#button.textContent = this.#running ? "Stop recording" : "Record";
      this.#button.setAttribute("aria-pressed", String(Boolean(this.#running)));
      this.#show(all);
    });
  }

  #show(all) {
    if (all.length === 0) {
      this.#list.replaceChildren(make("p", { class: "note" }, "There are none yet."));
      return;
    }
    const row = (one) => make("tr", { "data-id": one.id },
      make("td", {}, new Date(one.asked_at).toLocaleTimeString()),
      make("td", { title: one.error || undefined, class: one.state === "failed" ? "error" : "" }, one.state),
      make("td", {}, length(one.duration_ms)),
      make("td", {}, bytes(one.size)),
      make("td", {}, one.file && make("button", { type: "button", onclick: () => attempt(() => this.#play(one)) }, "Play")));
    const head = ["Begun", "State", "Length", "Size", "File"].map((text) => make("th", { scope: "col" }, text));
    // Whoever is about to press a button keeps it under the finger.
    const shown = JSON.stringify(all.map(({ id, state, size }) => [id, state, size]));
    if (this.#list.dataset.shown === shown && this.#list.firstChild) return;
    this.#list.dataset.shown = shown;
    this.#list.replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, head)), make("tbody", {}, all.map(row))));
  }

  async #play(recording) {
    const { url } = await this.#session.ask("POST", `${recording.file}?sign`);
    const name = recording.content_type?.startsWith("audio/") ? "audio" : "video";
    const element = make(name, { controls: true, src: url, playsinline: true, "aria-label": "The recording" });
    element.addEventListener("error", () => tell(`It cannot be played: ${element.error?.message || "unknown"}`, true));
    this.#player.replaceChildren(element);
    await element.play();
  }
}
