// Chats as this browser keeps them: one entry of localStorage each, so that two tabs do not overwrite one another.

const CHATS = "clara-chat-";
const CHAT = `${CHATS}v1-`; // a later form of turns has another name, and these are left alone
const CHOSEN = "clara-chosen";
const KEY = "clara-key";
const [local, session] = [storage("localStorage"), storage("sessionStorage")];
let keyWithoutStorage = "";
let chosenHere = {};

/** Return every kept chat, the latest first. An entry that cannot be read is left out. */
export function chats() {
  const found = [];
  for (let place = 0; place < (local?.length ?? 0); place += 1) {
    const name = local.key(place);
    const chat = name.startsWith(CHAT) ? parsed(local.getItem(name)) : null;
    if (!chat?.turns?.length) continue;
    // Its page was closed before the answer's end, or is open in another tab.
    for (const turn of chat.turns) if (turn.state === "asking") turn.state = "stopped";
    found.push(chat);
  }
  return found.sort((one, other) => other.changed.localeCompare(one.changed));
}

/** Return a chat with no turns. */
export const newChat = () => ({ id: newId(), begun: new Date().toISOString(), changed: "", turns: [] });

// Not randomUUID, which a page has only over HTTPS or from its own machine.
const newId = () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16)).join("-");

/** Keep a chat. Return whether the browser could. */
export function keep(chat) {
  chat.changed = new Date().toISOString();
  return written(CHAT + chat.id, JSON.stringify(chat));
}

/** Delete a chat. */
export const forget = (id) => local?.removeItem(CHAT + id);

/** Delete every chat, also those that cannot be read. */
export const forgetAll = () =>
  Object.keys(local ?? {}).filter((name) => name.startsWith(CHATS)).forEach((name) => local.removeItem(name));

/** Return what the reader chose last: {pageLanguage, keeps, ...}. */
export const chosen = () => ({ ...parsed(local?.getItem(CHOSEN)), ...chosenHere });

/** Keep a choice beside the others; for this visit alone where the browser keeps nothing. */
export function choose(choice) {
  if (!written(CHOSEN, JSON.stringify({ ...chosen(), ...choice }))) chosenHere = { ...chosenHere, ...choice };
}

/** Return the service's key; it is gone with the tab. */
export const serviceKey = () => session?.getItem(KEY) ?? keyWithoutStorage;

/** Keep a key for this tab; "" forgets it. */
export function useKey(key) {
  keyWithoutStorage = key;
  if (key) session?.setItem(KEY, key);
  else session?.removeItem(KEY);
}

function written(name, value) {
  try {
    local.setItem(name, value);
    return true;
  } catch {
    return false; // full, or switched off: the caller says so
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function storage(name) {
  try {
    return window[name];
  } catch {
    return null; // switched off
  }
}
