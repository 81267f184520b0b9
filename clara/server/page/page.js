// The page: who asks, what is shown, and what is kept. What was received is shown as text alone, see dom.js.

import { button, direction, make, said } from "./dom.js";
import { TurnView, errorLine } from "./answer.js";
import { clearForm, fillForm, readForm, watchForm } from "./form.js";
import { saveJson, saveMarkdown } from "./save.js";
import * as store from "./store.js";
import { Failure, ask, models } from "./stream.js";
import { newTurn, requestOf, take } from "./turn.js";
import { LANGUAGES, preferred, speak, spoken, word } from "./words.js";

const control = (id) => document.getElementById(id);
let chat = store.newChat();
let views = [];
let known = [];
let asking = null; // what stops the answer under way

async function begin() {
  const language = store.chosen().pageLanguage;
  await speak(language in LANGUAGES ? language : preferred(navigator.languages));
  watchForm();
  control("page-language").append(...Object.entries(LANGUAGES).map(([tag, name]) =>
    make("option", { value: tag, lang: tag }, name)));
  control("keep").checked = store.chosen().keeps ?? true;
  showWords();
  control("page-language").addEventListener("change", changeLanguage);
  control("ask").addEventListener("submit", submit);
  control("question").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) control("ask").requestSubmit();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) asking?.abort();
  });
  control("stop").addEventListener("click", () => asking?.abort());
  control("new-chat").addEventListener("click", () => open(store.newChat()));
  control("open-history").addEventListener("click", showHistory);
  control("close-history").addEventListener("click", () => control("history").close());
  control("delete-all").addEventListener("click", deleteAll);
  control("keep").addEventListener("change", () => store.choose({ keeps: control("keep").checked }));
  control("forget-key").addEventListener("click", forgetKey);
  window.addEventListener("beforeprint", unfold);
  document.body.removeAttribute("data-loading");
  await learnModels();
}

/** Say everything in the language of the page; answers stay in their own. */
function showWords() {
  document.documentElement.lang = spoken();
  document.documentElement.dir = direction(spoken());
  document.querySelectorAll("[data-word]").forEach((node) => { node.textContent = word(node.dataset.word); });
  control("page-language").value = spoken();
  fillForm(known);
  showChat();
}

async function changeLanguage() {
  await speak(control("page-language").value);
  store.choose({ pageLanguage: spoken() });
  showWords();
}

/** Ask the service which methods it offers, and for a key where it needs one. */
async function learnModels() {
  try {
    known = await withKey(models);
    control("problem").hidden = true;
  } catch (error) {
    tellProblem(error);
    return;
  }
  fillForm(known);
  control("no-model").hidden = known.some((name) => name.startsWith("clara:") && name !== "clara:evidence");
}

/** Do what needs the service's key; ask the reader for one as long as the service refuses. Throws Failure. */
async function withKey(act) {
  for (;;) {
    const sent = store.serviceKey();
    control("forget-key").hidden = !sent;
    try {
      return await act(sent);
    } catch (error) {
      if (error.status !== 401 || !(await enterKey(Boolean(sent)))) throw error;
    }
  }
}

/** Return whether the reader gave a key. */
function enterKey(refused) {
  const dialog = control("key-dialog");
  control("key-refused").hidden = !refused;
  control("key").value = "";
  return new Promise((resolve) => {
    const given = () => {
      store.useKey(control("key").value.trim());
      dialog.returnValue = "given";
    };
    const leave = () => dialog.close("");
    control("key-form").addEventListener("submit", given);
    control("close-key").addEventListener("click", leave);
    dialog.addEventListener("close", () => {
      control("key-form").removeEventListener("submit", given);
      control("close-key").removeEventListener("click", leave);
      resolve(dialog.returnValue === "given");
    }, { once: true });
    dialog.returnValue = "";
    dialog.showModal();
  });
}

function forgetKey() {
  store.useKey("");
  control("forget-key").hidden = true;
  control("question").focus();
}

function submit(event) {
  event.preventDefault();
  const asked = readForm();
  if (!asked || asking) return;
  clearForm();
  chat.turns.push(newTurn(asked));
  addView(chat.turns.length - 1);
  answer(chat.turns.length - 1);
}

function askAgain(turn) {
  if (asking) return;
  const place = chat.turns.indexOf(turn);
  const { question, options, answerIn, country, model, policy, languages } = turn;
  chat.turns[place] = newTurn({ question, options, answerIn, country, model, policy, languages });
  const old = views[place].node;
  views[place] = viewOf(place);
  old.replaceWith(views[place].node);
  answer(place);
}

/** Have a turn answered, and show and keep what comes of it. */
async function answer(place) {
  const turn = chat.turns[place];
  const own = chat;
  const stop = new AbortController();
  const began = performance.now();
  asking = stop;
  keep(own); // a page that is closed meanwhile has the question still
  showAsking();
  announce(word("working"));
  views[place].node.scrollIntoView({ block: "start" });
  try {
    await withKey((key) => receive(turn, own.turns.slice(0, place), place, { key, signal: stop.signal }));
    turn.state = "done";
  } catch (error) {
    turn.state = error.name === "AbortError" ? "stopped" : "failed";
    if (turn.state === "failed") {
      if (!(error instanceof Failure)) console.error(error);
      const { code = "page_error", message, status = 0, waitS = null } = error;
      turn.error = { code, message, status, waitS };
    }
  }
  turn.seconds = (performance.now() - began) / 1000;
  if (asking === stop) asking = null;
  keep(own);
  if (own !== chat) return; // the reader went on to another chat
  showAsking();
  views[place].finish();
  announce(turn.state === "done" ? word(turn.told?.abstained ? "no_answer" : "ready")
    : turn.state === "stopped" ? word("stopped") : errorLine(turn.error));
}

async function receive(turn, before, place, options) {
  const heard = new Set();
  for await (const chunk of ask(requestOf(turn, before), options)) {
    const kind = take(turn, chunk);
    const view = chat.turns[place] === turn ? views[place] : null;
    if (kind === "text") view?.showText();
    if (kind !== "step") continue;
    const step = turn.steps.at(-1);
    view?.addStep(step);
    // Each kind of step is read out once: a screen reader is told how far it is, not every draft.
    if (view && !heard.has(step.key)) announce(word(step.key, { count: step.count }));
    heard.add(step.key);
  }
}

function keep(own) {
  if (!control("keep").checked || own.deleted) return;
  if (!store.keep(own)) tellProblem(null, word("storage_failed"));
}

function tellProblem(error, line = null) {
  const shown = line ?? errorLine(error instanceof Failure ? error : { code: "page_error", message: error.message });
  control("problem").replaceChildren(shown);
  control("problem").hidden = false;
}

function announce(line) {
  control("status").replaceChildren(line);
}

/** Show whether an answer is under way; the focus goes from a button that leaves to the one that comes. */
function showAsking() {
  const focused = document.activeElement;
  control("send").hidden = Boolean(asking);
  control("stop").hidden = !asking;
  if (asking && focused === control("send")) control("stop").focus();
  if (!asking && focused === control("stop")) control("question").focus();
}

/** Show a chat in place of the one that is open. An answer under way is stopped: nobody would see it. */
function open(other) {
  asking?.abort();
  asking = null;
  chat = other;
  control("problem").hidden = true;
  showAsking();
  showChat();
  announce("");
  control("question").focus();
}

function showChat() {
  control("turns").replaceChildren();
  views = [];
  chat.turns.forEach((_, place) => addView(place));
  control("intro").hidden = chat.turns.length > 0;
}

function addView(place) {
  views[place] = viewOf(place);
  control("turns").append(views[place].node);
  control("intro").hidden = true;
}

const viewOf = (place) => new TurnView(chat.turns[place], place + 1, askAgain);

function showHistory() {
  fillHistory();
  control("history").showModal();
}

function fillHistory() {
  const kept = store.chats();
  const date = new Intl.DateTimeFormat(spoken(), { dateStyle: "medium", timeStyle: "short" });
  control("chats").replaceChildren(...kept.map((one) => {
    const title = one.turns[0].question;
    const about = (label) => ({ "aria-label": `${label}: ${title}` });
    return make("li", {},
      button(said("span", one.turns[0].language, {}, title), () => { control("history").close(); open(one); },
        { class: "link" }),
      make("span", { class: "quiet" }, date.format(new Date(one.changed))),
      make("span", { class: "tools" },
        button("Markdown", () => saveMarkdown(one), about("Markdown")),
        button("JSON", () => saveJson(one), about("JSON")),
        button(word("delete"), () => { remove(one.id); }, about(word("delete")))));
  }));
  control("no-chats").hidden = kept.length > 0;
  control("delete-all").hidden = !kept.length;
}

function remove(id) {
  store.forget(id);
  fillHistory();
  if (id === chat.id) leaveDeleted();
  control("close-history").focus();
}

function deleteAll() {
  if (!confirm(word("delete_all_sure"))) return;
  store.chats().forEach(({ id }) => store.forget(id));
  fillHistory();
  leaveDeleted();
  control("close-history").focus();
}

/** Open a new chat in place of one that was deleted; what still comes of an answer to it is not kept. */
function leaveDeleted() {
  chat.deleted = true;
  open(store.newChat());
}

/** On paper everything is open. */
function unfold() {
  const closed = [...document.querySelectorAll("#turns details:not([open])")];
  closed.forEach((node) => { node.open = true; });
  window.addEventListener("afterprint", () => closed.forEach((node) => { node.open = false; }), { once: true });
}

begin().catch((error) => {
  document.body.removeAttribute("data-loading");
  // In English: the words of every language may be what could not be loaded.
  control("problem").textContent = `The page could not be loaded: ${error.message}. Load it again.`;
  control("problem").hidden = false;
});
