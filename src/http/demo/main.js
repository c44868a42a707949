// The forms of the page, and what they begin.

import { Chat } from "./chat.js";
import { attempt, byId, make, tell } from "./dom.js";
import { camera, microphone, screen } from "./media.js";
import { Quality } from "./quality.js";
import { Recordings } from "./recordings.js";
import { Room } from "./room.js";
import { PROTOCOL, Rpc } from "./rpc.js";
import { Session } from "./session.js";
import { Signal } from "./signal.js";
import { Sql } from "./sql.js";
import { Tiles, nameOf } from "./tiles.js";

const CAPTURES = { microphone, camera, screen_share: screen };

/** What there is while one is in a room, for who looks from outside. */
export let current = null;

/** Rooms that are there; the one that is wanted is made. */
async function ensureRoom(session, name) {
  const rooms = await session.all("/api/v1/rooms", "rooms");
  byId("rooms").replaceChildren(...rooms.map((room) => make("option", { value: room.name })));
  if (!rooms.some((room) => room.name === name)) await session.ask("POST", "/api/v1/rooms", { name });
}

async function join(form) {
  const { room: wanted, name, role, password, database, token } = form.elements;
  tell("Joining…");
  const session = token.value ? Session.ofToken(token.value) : await Session.logIn(role.value, password.value, database.value);
  if (session.canAsk) await ensureRoom(session, wanted.value);
  const signal = await Signal.open(await session.token());
  try {
    // Participants of a role are named below it; a room's token says who and where.
    const identity = session.canAsk && name.value && session.role ? `${session.role}/${name.value}` : undefined;
    enter(session, await Room.join(signal, session.canAsk ? wanted.value : undefined, identity));
  } catch (error) {
    signal.close();
    throw error;
  }
}

function enter(session, room) {
  current = { session, room };
  current.tiles = new Tiles(room, byId("stage"));
  current.chat = new Chat(room, byId("say"), byId("messages"));
  current.recordings = new Recordings(session, room);
  byId("entrance").hidden = true;
  byId("room").hidden = false;
  showWhere(room);
  room.addEventListener("people", () => showWhere(room));
  room.addEventListener("own", () => showControls(room));
  room.addEventListener("state", ({ detail }) => connection(room, detail));
  room.addEventListener("error", ({ detail }) => tell(detail.message, true));
  room.addEventListener("left", ({ detail }) => left(detail));
  showControls(room);
  attempt(() => openChannels(room));
  tell("Connecting…");
}

/** One for the box, one for what the page asks itself. */
async function openChannels(room) {
  const [box, own] = await Promise.all(["sql", "quality"].map((label) => room.channel(label, PROTOCOL)));
  if (current?.room !== room) return;
  current.rpc = new Rpc(box);
  current.sql = new Sql(current.rpc, byId("query"), byId("result"));
  current.quality = new Quality(room, new Rpc(own), byId("quality").tBodies[0]);
}

function showWhere(room) {
  const count = room.people.size + 1;
  byId("where").textContent = `${room.about.name} as ${nameOf(room.me.identity)}, ${count} here`;
}

function connection(room, state) {
  if (state === "failed") room.restart().catch(() => {});
  tell({ connected: "Connected.", disconnected: "The connection is interrupted.", failed: "The connection has failed; another way is looked for." }[state] || "Connecting…", state === "failed");
}

function left(reason) {
  const { session, tiles, recordings, quality } = current;
  current = null;
  tiles.clear();
  recordings.stop();
  quality?.stop();
  byId("room").hidden = true;
  byId("entrance").hidden = false;
  byId("where").textContent = "";
  tell(reason === "left" ? "You have left." : `The room was left: ${reason}.`, reason !== "left");
  session.end().catch(() => {});
}

function showControls(room) {
  for (const button of document.querySelectorAll("[data-source]")) {
    const sent = room.own.get(button.dataset.source);
    button.setAttribute("aria-pressed", String(Boolean(sent && !sent.muted)));
  }
}

/** Camera and microphone are muted when they are there; a screen is shown, or not. */
async function toggle(source) {
  const { room } = current;
  const sent = room.own.get(source);
  if (!sent) room.publish(await CAPTURES[source]());
  else if (source === "screen_share") room.unpublish(source);
  else await room.mute(source, !sent.muted);
}

byId("join").addEventListener("submit", (event) => {
  event.preventDefault();
  const button = event.submitter;
  if (button) button.disabled = true;
  attempt(() => join(event.target)).finally(() => { if (button) button.disabled = false; });
});
for (const button of document.querySelectorAll("[data-source]")) {
  button.addEventListener("click", () => attempt(() => toggle(button.dataset.source)));
}
byId("leave").addEventListener("click", () => current?.room.leave());
addEventListener("pagehide", () => current?.room.leave());
