// Shows the document of this server, and sends what it describes. Texts are put in as texts.
"use strict";

const ANSWER_MAX = 100000;
const SHOWN_DEPTH = 6;

function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

function resolve(spec, value) {
  if (!value || !value.$ref) return value;
  return value.$ref.split("/").slice(1).reduce((at, part) => at && at[part.replace(/~1/g, "/").replace(/~0/g, "~")], spec);
}

// A schema as it is read by people: names, types, what must be there.
function outline(spec, schema, depth) {
  const indent = "  ".repeat(depth);
  if (schema && schema.$ref && depth >= SHOWN_DEPTH) return schema.$ref.split("/").pop();
  const found = resolve(spec, schema);
  if (!found || Object.keys(found).length === 0) return "any";
  const choices = found.oneOf || found.anyOf;
  if (choices) return choices.map((choice) => outline(spec, choice, depth)).join(" | ");
  if (found.enum) return found.enum.map((value) => JSON.stringify(value)).join(" | ");
  if ("const" in found) return JSON.stringify(found.const);
  if (found.properties) {
    const required = found.required || [];
    const lines = Object.entries(found.properties).map(([name, property]) => {
      const meaning = property.description ? "   // " + property.description : "";
      const inner = depth >= SHOWN_DEPTH ? "…" : outline(spec, property, depth + 1);
      return indent + "  " + name + (required.includes(name) ? "" : "?") + ": " + inner + meaning;
    });
    return "{\n" + lines.join("\n") + "\n" + indent + "}";
  }
  if (found.items) return "[" + outline(spec, found.items, depth) + "]";
  if (found.additionalProperties) return "{name: " + outline(spec, found.additionalProperties, depth) + "}";
  const type = Array.isArray(found.type) ? found.type.join(" | ") : found.type || "any";
  const low = found.minimum === undefined ? "" : " from " + found.minimum;
  const high = found.maximum === undefined ? "" : " to " + found.maximum;
  return type + low + high + (found.format ? " (" + found.format + ")" : "");
}

function first(content) {
  return Object.entries(content || {})[0] || [undefined, undefined];
}

function proofHeaders() {
  const form = document.getElementById("proof").elements;
  const headers = {};
  if (form.token.value) {
    headers.Authorization = "Bearer " + form.token.value;
  } else if (form.role.value) {
    const bytes = new TextEncoder().encode(form.role.value + ":" + form.password.value);
    headers.Authorization = "Basic " + btoa(String.fromCharCode(...bytes));
  }
  if (form.database.value) headers["Zserver-Database"] = form.database.value;
  return headers;
}

async function send(method, path, form, parameters, bodyType, show) {
  const headers = proofHeaders();
  const query = new URLSearchParams();
  let url = path;
  parameters.forEach((parameter, index) => {
    const value = form.elements["p" + index].value;
    if (value === "" && parameter.in !== "path") return;
    if (parameter.in === "path") url = url.replace("{" + parameter.name + "}", value.split("/").map(encodeURIComponent).join("/"));
    if (parameter.in === "query") query.append(parameter.name, value);
    if (parameter.in === "header") headers[parameter.name] = value;
  });
  if ([...query].length) url += "?" + query;
  const body = form.elements.body && form.elements.body.value;
  if (body && bodyType) headers["Content-Type"] = bodyType === "*/*" ? "application/octet-stream" : bodyType;
  try {
    const answer = await fetch(url, { method: method.toUpperCase(), headers, body: body || undefined, credentials: "omit" });
    const head = [...answer.headers].map(([name, value]) => name + ": " + value).join("\n");
    let text = await answer.text();
    if ((answer.headers.get("content-type") || "").includes("json")) {
      try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* Lines, perhaps. */ }
    }
    show(answer.status + " " + answer.statusText + "\n" + head + "\n\n" + text.slice(0, ANSWER_MAX));
  } catch (error) {
    show(String(error));
  }
}

function tryIt(method, path, operation, parameters, bodyType, body) {
  const form = make("form");
  const rows = parameters.map((parameter, index) => make("tr", {},
    make("td", {}, make("code", {}, parameter.name), parameter.required ? " *" : ""),
    make("td", {}, make("input", { name: "p" + index, placeholder: parameter.in, value: parameter.in === "path" ? parameter.example : undefined })),
    make("td", { class: "meaning" }, parameter.description || "")));
  if (rows.length) form.append(make("h3", {}, "Parameters"), make("table", {}, ...rows));
  if (body) {
    const example = body.example === undefined ? "" : typeof body.example === "string" ? body.example : JSON.stringify(body.example, null, 2);
    const text = make("textarea", { name: "body", spellcheck: "false" });
    text.value = example;
    form.append(make("h3", {}, "Body (" + bodyType + ")"), text);
  }
  const answer = make("pre", { hidden: "" });
  form.append(make("p", {}, make("button", {}, "Send")), answer);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(method, path, form, parameters, bodyType, (text) => { answer.hidden = false; answer.textContent = text; });
  });
  return form;
}

function inside(spec, method, path, operation) {
  const part = make("div", { class: "inside" });
  if (operation.description) part.append(make("p", {}, operation.description));
  if (operation["x-zserver-scope"]) part.append(make("p", { class: "note" }, "Scope: " + operation["x-zserver-scope"]));
  const parameters = (operation.parameters || []).map((parameter) => resolve(spec, parameter));
  const [bodyType, body] = first((resolve(spec, operation.requestBody) || {}).content);
  part.append(tryIt(method, path, operation, parameters.filter((one) => one.name !== "Zserver-Database"), bodyType, body));
  if (body && body.schema) part.append(make("h3", {}, "What the body holds"), make("pre", {}, outline(spec, body.schema, 0)));
  part.append(make("h3", {}, "Answers"));
  for (const [status, told] of Object.entries(operation.responses || {})) {
    const answer = resolve(spec, told);
    const kinds = Object.keys(answer.content || {}).join(", ");
    const [, content] = first(answer.content);
    part.append(make("p", {}, make("b", {}, status), " " + (answer.description || ""), make("span", { class: "note" }, kinds ? " " + kinds : "")));
    const isProblem = kinds === "application/problem+json";
    if (content && content.schema && !isProblem) part.append(make("pre", {}, outline(spec, content.schema, 0)));
  }
  return part;
}

function operationOf(spec, method, path, operation) {
  const summary = make("summary", {}, make("span", { class: "method" }, method), make("code", {}, path), make("span", { class: "meaning" }, operation.summary || ""));
  const details = make("details", { class: "operation", id: operation.operationId }, summary);
  // What is inside is made when it is looked at.
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(inside(spec, method, path, operation));
  });
  return details;
}

function showAll(spec) {
  document.getElementById("about").textContent = spec.info.description;
  const place = document.getElementById("operations");
  place.textContent = "";
  for (const tag of spec.tags) {
    const section = make("section", {}, make("h2", {}, tag.name), make("p", { class: "meaning" }, tag.description || ""));
    if (tag.externalDocs) section.append(make("p", {}, make("a", { href: tag.externalDocs.url, rel: "noreferrer" }, tag.externalDocs.description || tag.externalDocs.url)));
    for (const [path, operations] of Object.entries(spec.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        if (operation.tags.includes(tag.name)) section.append(operationOf(spec, method, path, operation));
      }
    }
    place.append(section);
  }
  const find = document.getElementById("proof").elements.find;
  find.addEventListener("input", () => {
    const words = find.value.toLowerCase().split(/\s+/);
    for (const one of document.querySelectorAll("details.operation")) {
      const text = one.querySelector("summary").textContent.toLowerCase();
      one.hidden = !words.every((word) => text.includes(word));
    }
  });
  document.getElementById("proof").addEventListener("submit", (event) => event.preventDefault());
}

fetch("/openapi.json")
  .then((answer) => answer.json())
  .then(showAll)
  .catch((error) => { document.getElementById("operations").textContent = String(error); });
