// Who asks: a role that has logged in, or the bearer of a token; and requests in its name.
//
// A login's access token is renewed before it is over. A room's token opens its room and
// nothing else: such a session has no requests of the HTTP API (`canAsk` is false).

/** Seconds before its end at which a token is renewed. */
const EARLY_S = 60;

/** The `iss` of a room's token begins with it. */
const ROOM_KEY = "API";

/** What a request was answered with, where that is no success. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.message || `the server has answered ${status}`);
    this.status = status;
    this.code = body.code;
  }
}

async function answerOf(response) {
  if (response.status === 204) return null;
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, body);
  return body;
}

const post = (path, body) => fetch(path, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
  credentials: "omit",
}).then(answerOf);

function claimsOf(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
  } catch {
    return {};
  }
}

export class Session {
  /** By role and password; a server with `dev` asks for none on its own machine. */
  static async logIn(role, password, database) {
    const asked = { role, database };
    if (password) asked.password = password;
    const session = new Session();
    session.#take(await post("/api/v1/auth/login", asked));
    return session;
  }

  /** By a token or an API key. */
  static ofToken(token) {
    const session = new Session();
    const claims = claimsOf(token);
    session.#access = token;
    session.role = claims.role || claims.sub || "";
    session.canAsk = !String(claims.iss || "").startsWith(ROOM_KEY);
    return session;
  }

  role = "";
  canAsk = true;
  #access = "";
  #refresh = null;
  #until = Infinity;
  #renewing = null;

  #take(tokens) {
    this.#access = tokens.access_token;
    this.#refresh = tokens.refresh_token;
    this.#until = Date.now() + tokens.expires_in * 1000;
    this.role = tokens.role;
  }

  /** A token that is good for a while. */
  async token() {
    if (this.#refresh && Date.now() > this.#until - EARLY_S * 1000) {
      // A refresh token is good once: who comes meanwhile waits for the same answer.
      this.#renewing ||= post("/api/v1/auth/refresh", { refresh_token: this.#refresh })
        .then((tokens) => this.#take(tokens))
        .finally(() => { this.#renewing = null; });
      await this.#renewing;
    }
    return this.#access;
  }

  async ask(method, path, body) {
    const headers = { Authorization: `Bearer ${await this.token()}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const text = body === undefined ? undefined : JSON.stringify(body);
    return answerOf(await fetch(path, { method, headers, body: text, credentials: "omit" }));
  }

  /** All elements of a list, whatever its pages are. */
  async all(path, name) {
    const found = [];
    let after = null;
    do {
      const page = await this.ask("GET", after === null ? path : `${path}?after=${encodeURIComponent(after)}`);
      found.push(...page[name]);
      after = page.next;
    } while (after !== null && after !== undefined);
    return found;
  }

  /** Ends what a login has begun. */
  async end() {
    if (this.#refresh) await post("/api/v1/auth/revoke", { refresh_token: this.#refresh });
  }
}
