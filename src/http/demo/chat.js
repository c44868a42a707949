// What participants write to each other: messages of the room under one topic.

import { attempt, make } from "./dom.js";
import { nameOf } from "./tiles.js";

const TOPIC = "chat";

/** Messages that are kept in sight. */
const SHOWN_MAX = 500;

export class Chat {
  constructor(room, form, place) {
    const show = (name, text) => {
      place.append(make("li", {}, make("b", {}, name), text));
      if (place.children.length > SHOWN_MAX) place.firstChild.remove();
      place.scrollTop = place.scrollHeight;
    };
    room.addEventListener("message", ({ detail }) => {
      if (detail.topic === TOPIC && detail.text !== undefined) show(nameOf(detail.from) || "server", detail.text);
    });
    form.onsubmit = (event) => {
      event.preventDefault();
      const { text } = form.elements;
      attempt(async () => {
        const said = text.value;
        await room.say(said, TOPIC);
        show(`${nameOf(room.me.identity)} (you)`, said);
        text.value = "";
      });
    };
    place.replaceChildren();
  }
}
