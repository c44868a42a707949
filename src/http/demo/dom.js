// Elements. Texts are put in as texts, never as markup.

/** An element of a name, with attributes (`onclick` and the like are listeners) and children. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Tells what happens, or what has failed, in one place that is read aloud. */
export function tell(text, isError = false) {
  const place = byId("status");
  place.textContent = text;
  place.classList.toggle("error", isError);
}

/** Does something that may fail; why it has is told. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    tell(error.message || String(error), true);
    return undefined;
  }
}

/** Bits in a second, as they are read by people. */
export function bits(number) {
  if (!Number.isFinite(number)) return "–";
  return number >= 1e6 ? `${(number / 1e6).toFixed(1)} Mb/s` : `${Math.round(number / 1e3)} kb/s`;
}

export function bytes(number) {
  if (number === null || number === undefined) return "";
  const value = Number(number);
  return value >= 1e6 ? `${(value / 1e6).toFixed(1)} MB` : `${Math.ceil(value / 1e3)} kB`;
}
