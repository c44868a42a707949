// JSON-RPC 2.0 over a data channel, protocol `jsonrpc-sql.v1`.

export const PROTOCOL = "jsonrpc-sql.v1";

/** An error of SQL: its SQLSTATE, detail, hint and position are in `data`. */
export class SqlError extends Error {
  constructor({ code, message, data }) {
    super(message);
    this.code = data?.code || String(code);
    this.data = data || {};
  }
}

export class Rpc {
  #channel;
  #waiting = new Map();
  #last = 0;

  constructor(channel) {
    this.#channel = channel;
    channel.addEventListener("message", ({ data }) => this.#hear(JSON.parse(data)));
    channel.addEventListener("close", () => this.#closed());
  }

  /** What a method answers. Of rows that come in several messages it is all of them. */
  call(method, params = {}) {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      if (this.#channel.readyState !== "open") {
        reject(new Error("the channel is closed"));
        return;
      }
      this.#waiting.set(id, { resolve, reject, columns: null, rows: [] });
      this.#channel.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  query(query, params = [], more = {}) {
    return this.call("query", { query, params, ...more });
  }

  #hear(message) {
    if (message.method === "rows") {
      const waiting = this.#waiting.get(message.params.id);
      if (!waiting) return;
      waiting.columns ||= message.params.columns;
      waiting.rows.push(...message.params.rows);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return;
    this.#waiting.delete(message.id);
    if (message.error) {
      waiting.reject(new SqlError(message.error));
      return;
    }
    const { result } = message;
    result.columns = waiting.columns || result.columns;
    result.rows = [...waiting.rows, ...(result.rows || [])];
    waiting.resolve(result);
  }

  #closed() {
    for (const { reject } of this.#waiting.values()) reject(new Error("the channel is closed"));
    this.#waiting.clear();
  }
}
