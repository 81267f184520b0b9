// Elements are made from text nodes alone: nothing that was received is ever read as HTML.

// What hides or turns text: controls, direction overrides and isolates, tag characters. Joiners that scripts need stay.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;
const RIGHT_TO_LEFT = new Set(["Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg", "Mand", "Samr"]);

/** Return `text` without characters that hide or turn it. */
export const shown = (text) => String(text ?? "").replace(HIDDEN, "");

/** Return an element. children: elements, or text; null and undefined are left out. */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) node.append(child instanceof Node ? child : shown(child));
  }
  return node;
}

/** Return an element that holds text in `language`, "" where that is not known. */
export function said(tag, language, attributes, ...children) {
  const node = make(tag, attributes, ...children);
  setLanguage(node, language);
  return node;
}

/** Mark what an element holds as text in `language`. */
export function setLanguage(node, language) {
  node.lang = known(language);
  node.dir = direction(language);
}

/** Return a button that calls `act`. */
export function button(label, act, attributes = {}) {
  const node = make("button", { type: "button", ...attributes }, label);
  node.addEventListener("click", act);
  return node;
}

/** Return which way a language is written; `auto` leaves it to the text. */
export function direction(language) {
  const tag = known(language);
  return tag ? (RIGHT_TO_LEFT.has(new Intl.Locale(tag).maximize().script) ? "rtl" : "ltr") : "auto";
}

function known(language) {
  try {
    return language && language !== "und" ? new Intl.Locale(language).toString() : "";
  } catch {
    return ""; // not a language's tag, which is what "" says to a browser
  }
}
