// A box for statements, which run over a data channel as whoever has joined.

import { make } from "./dom.js";

/** Rows that are asked for, so that a page can show them. */
const ROWS_MAX = 1000;

function cell(value) {
  if (value === null) return make("td", { class: "null" }, "null");
  return make("td", {}, typeof value === "object" ? JSON.stringify(value) : String(value));
}

function table({ columns, rows }) {
  const head = make("tr", {}, columns.map((column) => make("th", { scope: "col", title: column.type }, column.name)));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, rows.map((row) => make("tr", {}, row.map(cell)))));
}

function failure(error) {
  const { detail, hint, position } = error.data || {};
  const more = [detail, hint && `Hint: ${hint}`, position && `At character ${position}.`].filter(Boolean);
  const code = error.code ? `${error.code}: ` : "";
  return make("div", { class: "error", role: "alert" }, make("p", {}, code + error.message), more.map((text) => make("p", {}, text)));
}

export class Sql {
  #rpc;
  #place;

  constructor(rpc, form, place) {
    this.#rpc = rpc;
    this.#place = place;
    const text = form.elements.query;
    form.onsubmit = (event) => {
      event.preventDefault();
      this.#run(() => rpc.query(text.value, [], { max_rows: ROWS_MAX }));
    };
    text.onkeydown = (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    };
    for (const button of form.querySelectorAll("[data-method]")) {
      button.onclick = () => this.#run(() => this.#rpc.call(button.dataset.method));
    }
    place.replaceChildren();
  }

  async #run(work) {
    const begun = performance.now();
    this.#place.setAttribute("aria-busy", "true");
    try {
      const result = await work();
      const took = `${(performance.now() - begun).toFixed(1)} ms`;
      const notices = (result.notices || []).map((notice) => make("p", { class: "note" }, notice.message));
      const count = result.row_count === null || result.row_count === undefined ? "" : ` ${result.row_count}`;
      this.#place.replaceChildren(make("p", { class: "note" }, `${result.command}${count}, ${took}`), ...notices);
      if (result.columns?.length) this.#place.append(table(result));
    } catch (error) {
      this.#place.replaceChildren(failure(error));
    } finally {
      this.#place.removeAttribute("aria-busy");
    }
  }
}
