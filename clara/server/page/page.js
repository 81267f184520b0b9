// The page: who asks, what is shown, and what is kept. What was received is shown as text alone, see dom.js.

import { button, direction, make, said } from "./dom.js";
import { TurnView, errorLine } from "./answer.js";
import { clearForm, fillForm, fillMethods, readForm, watchForm } from "./form.js";
import { forgetKey, withKey } from "./key.js";
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
let pressed = -Infinity; // when the button that asks was pressed last
const DOUBLE_PRESS_MS = 700;

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
    // While a word is composed, Escape takes back the word.
    if (event.key === "Escape" && !event.isComposing && !document.querySelector("dialog[open]")) asking?.abort();
  });
  control("stop").addEventListener("click", (event) => {
    // The button takes the place of the one that asks: pressed twice, that one would stop what it began.
    if (event.timeStamp - pressed > DOUBLE_PRESS_MS) asking?.abort();
  });
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
  fillMethods(known);
  control("no-model").hidden = known.some((name) => name.startsWith("clara:") && name !== "clara:evidence");
}

function submit(event) {
  event.preventDefault();
  const asked = readForm();
  if (!asked || asking) return;
  pressed = event.submitter ? event.timeStamp : -Infinity;
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
  const focused = old.contains(document.activeElement);
  old.replaceWith(views[place].node);
  if (focused) views[place].node.focus({ preventScroll: true }); // the button that was pressed is gone
  answer(place);
}

/** Have a turn answered, and show and keep what comes of it. */
async function answer(place) {
  const turn = chat.turns[place];
  const own = chat;
  const stop = new AbortController();
  const began = performance.now();
  asking = stop;
  control("problem").hidden = true;
  keep(own); // a page that is closed meanwhile has the question still
  showAsking();
  announce(word("working"));
  views[place].node.scrollIntoView({ block: "start" });
  try {
    await withKey((key) => receive(turn, own.turns.slice(0, place), place, { key, signal: stop.signal }));
    turn.state = "done";
    if (!known.length) learnModels(); // the service could not be reached before, or there was no key
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

/**
 * Show whether an answer is under way. The focus goes from a button that leaves to what takes its place, but the page is
 * not moved there: it is the answer that is being read.
 */
function showAsking() {
  const focused = document.activeElement;
  control("send").hidden = Boolean(asking);
  control("stop").hidden = !asking;
  if (asking && focused === control("send")) control("stop").focus({ preventScroll: true });
  if (!asking && focused === control("stop")) control("question").focus({ preventScroll: true });
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
  control("question").focus({ preventScroll: true });
  (views.at(-1)?.node ?? document.body).scrollIntoView({ block: "start" });
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
      button(said("span", one.turns[0].language, {}, title), () => {
        control("history").close();
        if (one.id !== chat.id) open(one);
      }, { class: "link" }),
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
  store.forgetAll();
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
