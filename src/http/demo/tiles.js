// Who is there, seen and heard: a tile for each camera and each screen, and for who has
// neither; what is only heard has no picture.

import { make } from "./dom.js";

const LAYERS = [["", "Best picture"], ["1", "Medium"], ["0", "Small"], ["paused", "Paused"]];

const SOURCES = { camera: "camera", screen_share: "screen", microphone: "microphone", screen_share_audio: "sound of the screen" };

/** A role's participants are called `role/name`. */
export const nameOf = (identity) => identity.split("/").pop();

export const sourceOf = (source) => SOURCES[source] || "track";

function play(element, track) {
  if (element.srcObject?.getTracks()[0] === track) return;
  element.srcObject = new MediaStream([track]);
  // A browser that wants a gesture first shows the element's own controls.
  element.play().catch((error) => { if (error.name === "NotAllowedError") element.controls = true; });
}

export class Tiles {
  #room;
  #place;
  /** By what they show: a sid, or an identity. */
  #tiles = new Map();
  #sounds = new Map();
  #speaking = new Set();

  constructor(room, place) {
    this.#room = room;
    this.#place = place;
    for (const type of ["people", "media", "own"]) room.addEventListener(type, () => this.#show());
    room.addEventListener("speakers", ({ detail }) => this.#hear(detail.speakers));
    this.#show();
  }

  clear() {
    for (const sound of this.#sounds.values()) sound.srcObject = null;
    this.#place.replaceChildren();
  }

  #show() {
    const wanted = new Map([...this.#ownTiles(), ...this.#othersTiles()].map((tile) => [tile.key, tile]));
    for (const [key, tile] of this.#tiles) {
      if (wanted.has(key)) continue;
      tile.remove();
      this.#tiles.delete(key);
    }
    for (const [key, asked] of wanted) {
      let tile = this.#tiles.get(key);
      if (!tile) {
        tile = this.#make(asked);
        this.#tiles.set(key, tile);
        this.#place.append(tile);
      }
      this.#fill(tile, asked);
    }
    this.#showSpeaking();
    this.#listen();
  }

  #ownTiles() {
    const { identity, sid } = this.#room.me;
    const sent = [...this.#room.own].filter(([, { track }]) => track.kind === "video");
    const isQuiet = this.#room.own.get("microphone")?.muted ?? true;
    const about = { identity, participant: sid, name: `${nameOf(identity)} (you)`, isOwn: true, isQuiet };
    if (sent.length === 0) return [{ ...about, key: `of ${identity}`, source: "camera" }];
    return sent.map(([source, { track, muted }]) => ({ ...about, key: `own ${source}`, source, track: muted ? null : track }));
  }

  #othersTiles() {
    return [...this.#room.people.values()].flatMap((person) => {
      const videos = person.tracks.filter((track) => track.kind === "video");
      const voice = person.tracks.find((track) => track.source === "microphone");
      const about = { identity: person.identity, participant: person.sid, name: nameOf(person.identity), isQuiet: !voice || voice.is_muted };
      if (videos.length === 0) return [{ ...about, key: `of ${person.identity}`, source: "camera" }];
      return videos.map((track) => ({
        ...about,
        key: track.sid,
        sid: track.sid,
        source: track.source,
        track: track.is_muted ? null : this.#room.media.get(track.sid)?.track,
      }));
    });
  }

  #make({ key, name, sid, source, isOwn }) {
    const video = make("video", { playsinline: true, class: isOwn && source === "camera" ? "mirrored" : "", "aria-label": `${sourceOf(source)} of ${name}` });
    video.muted = true;
    const caption = make("figcaption", {}, make("span", { class: "name" }), make("span", { class: "mark" }));
    if (sid) caption.append(this.#chooser(sid, name));
    const figure = make("figure", { class: isOwn ? "tile own" : "tile" }, video, make("div", { class: "face", "aria-hidden": "true" }, name[0]?.toUpperCase() || "?"), caption);
    figure.dataset.key = key;
    if (sid) figure.dataset.sid = sid;
    return figure;
  }

  #chooser(sid, name) {
    const choose = ({ target }) => {
      const paused = target.value === "paused";
      const quality = paused || target.value === "" ? null : Number(target.value);
      this.#room.prefer(sid, { quality, paused }).catch(() => { target.value = ""; });
    };
    return make("select", { "aria-label": `Picture of ${name}`, onchange: choose }, LAYERS.map(([value, text]) => make("option", { value }, text)));
  }

  #fill(tile, { name, source, track, isQuiet, participant }) {
    tile.dataset.participant = participant;
    tile.querySelector(".name").textContent = source === "screen_share" ? `${name}: screen` : name;
    tile.querySelector(".mark").textContent = source !== "screen_share" && isQuiet ? "muted" : "";
    tile.querySelector(".face").hidden = Boolean(track);
    const video = tile.querySelector("video");
    video.hidden = !track;
    if (track) play(video, track);
  }

  /** What is heard of others, without a picture. */
  #listen() {
    const heard = new Map();
    for (const person of this.#room.people.values()) {
      for (const { sid, kind, volume } of person.tracks) {
        const found = this.#room.media.get(sid);
        if (kind === "audio" && found) heard.set(sid, { track: found.track, volume });
      }
    }
    for (const [sid, sound] of this.#sounds) {
      if (heard.has(sid)) continue;
      sound.srcObject = null;
      sound.remove();
      this.#sounds.delete(sid);
    }
    for (const [sid, { track, volume }] of heard) {
      if (!this.#sounds.has(sid)) {
        this.#sounds.set(sid, make("audio", {}));
        this.#place.append(this.#sounds.get(sid));
      }
      const sound = this.#sounds.get(sid);
      sound.volume = volume / 100;
      play(sound, track);
    }
  }

  #hear(speakers) {
    for (const { sid, is_active: isActive } of speakers) {
      if (isActive) this.#speaking.add(sid);
      else this.#speaking.delete(sid);
    }
    this.#showSpeaking();
  }

  #showSpeaking() {
    for (const tile of this.#tiles.values()) tile.classList.toggle("speaking", this.#speaking.has(tile.dataset.participant));
  }
}
