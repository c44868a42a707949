// The WebSocket `/api/v1/rtc`, subprotocol `zserver.rtc.v1`: requests with their answers, and
// what the server says by itself, which is an event named as its type.

const PROTOCOL = "zserver.rtc.v1";
const BEARER = "zserver.bearer.";

export class Signal extends EventTarget {
  /** Opens it; a page brings its token as a second protocol. */
  static open(token) {
    const url = new URL("/api/v1/rtc", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const signal = new Signal(new WebSocket(url, [PROTOCOL, BEARER + token]));
    return new Promise((resolve, reject) => {
      signal.#socket.addEventListener("open", () => resolve(signal));
      signal.#socket.addEventListener("error", () => reject(new Error("the server does not take the connection: is the token good?")));
    });
  }

  #socket;
  #waiting = new Map();
  #last = 0;

  constructor(socket) {
    super();
    this.#socket = socket;
    socket.addEventListener("message", (event) => this.#hear(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => this.#closed(event));
  }

  /** A request; its answer, or the error that answers it. */
  ask(message) {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== WebSocket.OPEN) {
        reject(new Error("the connection is closed"));
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ ...message, id }));
    });
  }

  close() {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: "leave" }));
    this.#socket.close();
  }

  #hear(message) {
    const waiting = this.#waiting.get(message.id);
    if (waiting) {
      this.#waiting.delete(message.id);
      if (message.type === "error") waiting.reject(Object.assign(new Error(message.message), { code: message.code }));
      else waiting.resolve(message);
    } else {
      this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
    }
  }

  #closed({ code, reason }) {
    for (const { reject } of this.#waiting.values()) reject(new Error("the connection is closed"));
    this.#waiting.clear();
    this.dispatchEvent(new CustomEvent("closed", { detail: { code, reason } }));
  }
}
