// The form in which a question is put, with its options and settings.

import { make } from "./dom.js";
import { choose, chosen } from "./store.js";
import { ANSWER_LANGUAGES, LETTERS } from "./turn.js";
import { languageName, word, wordOf } from "./words.js";

const KEPT = { answerIn: "answer-language", country: "country", model: "method", policy: "policy", languages: "languages" };
const FEWEST_OPTIONS = 4;
const POLICIES = ["universal", "local-first", "show-both"];
const control = (id) => document.getElementById(id);

/** Put the page's words and the reader's choices into the form. models: the names that the service knows. */
export function fillForm(models) {
  fill("answerIn", [["", word("question_language")], ...ANSWER_LANGUAGES.map((tag) => [tag, languageName(tag)])]);
  fill("policy", [["", word("as_set")], ...POLICIES.map((name) => [name, word(`policy_${name}`)])]);
  ["country", "languages"].forEach(restore);
  showOptions(readOptions());
  fillMethods(models);
}

/** Offer the methods that the service knows. Nothing else is touched: the reader may be writing by then. */
export function fillMethods(models) {
  fill("model", [["", word("as_set")], ...models.filter((name) => name.startsWith("clara:")).map((name) => {
    const method = name.slice("clara:".length);
    return [name, [method, wordOf(`method_${method}`)].filter(Boolean).join(": ")];
  })]);
  showVote();
}

/** Keep what the reader chooses, for the next visit. */
export function watchForm() {
  for (const [name, id] of Object.entries(KEPT)) {
    control(id).addEventListener("input", (event) => choose({ [name]: event.target.value.trim() }));
  }
  control("method").addEventListener("change", showVote);
  control("options").addEventListener("input", () => {
    const typed = readOptions();
    if (typed.at(-1) && typed.length < LETTERS.length) control("options").append(optionField("", typed.length));
  });
}

/** Return what is asked; null where there is no question. */
export function readForm() {
  const question = control("question").value.trim();
  if (!question) return null;
  return {
    question,
    options: readOptions().filter(Boolean),
    answerIn: control("answer-language").value,
    country: control("country").value.trim(),
    model: control("method").value,
    policy: control("policy").value,
    languages: control("languages").value.split(/[\s,;，、،]+/).filter(Boolean),
  };
}

/** Empty question and options; the settings stay. */
export function clearForm() {
  control("question").value = "";
  showOptions([]);
  control("choices").open = false;
}

const readOptions = () => [...control("options").querySelectorAll("input")].map((field) => field.value.trim());

/** Show a field for each option; the last one that is filled brings another. */
function showOptions(typed) {
  const missing = Array(Math.max(0, FEWEST_OPTIONS - typed.length)).fill("");
  control("options").replaceChildren(...[...typed, ...missing].map(optionField));
}

function optionField(typed, place) {
  const field = make("input", { maxlength: "600", dir: "auto", autocomplete: "off" });
  field.value = typed;
  return make("label", { class: "field" }, make("span", {}, word("option", { letter: LETTERS[place] })), field);
}

const showVote = () => { control("vote").hidden = !control("method").value.endsWith(":vote"); };

function fill(name, entries) {
  control(KEPT[name]).replaceChildren(...entries.map(([value, label]) => make("option", { value }, label)));
  restore(name);
}

function restore(name) {
  const field = control(KEPT[name]);
  field.value = chosen()[name] ?? "";
  if (field.selectedIndex === -1) field.value = ""; // chosen where the service offered more
}
