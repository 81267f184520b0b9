// The form in which a question is put, with its options and settings.

import { make } from "./dom.js";
import { choose, chosen } from "./store.js";
import { ANSWER_LANGUAGES, lettered } from "./turn.js";
import { languageName, word, wordOf } from "./words.js";

const KEPT = { answerIn: "answer-language", country: "country", model: "method", policy: "policy", languages: "languages" };
const POLICIES = ["universal", "local-first", "show-both"];
const control = (id) => document.getElementById(id);

/** Put the page's words and the reader's choices into the form. models: the names that the service knows. */
export function fillForm(models) {
  const kept = chosen();
  const typed = readOptions();
  fill("answer-language", [["", word("question_language")], ...ANSWER_LANGUAGES.map((tag) => [tag, languageName(tag)])]);
  fill("policy", [["", word("as_set")], ...POLICIES.map((name) => [name, word(`policy_${name}`)])]);
  fill("method", [["", word("as_set")], ...models.filter((name) => name.startsWith("clara:")).map((name) => {
    const method = name.slice("clara:".length);
    return [name, [method, wordOf(`method_${method}`)].filter(Boolean).join(": ")];
  })]);
  for (const [name, id] of Object.entries(KEPT)) {
    const field = control(id);
    field.value = kept[name] ?? "";
    if (field.selectedIndex === -1) field.value = ""; // chosen where the service offered more
  }
  control("options").replaceChildren(...lettered(["", "", "", ""]).map((label, place) => {
    const field = make("input", { maxlength: "600", dir: "auto", autocomplete: "off" });
    field.value = typed[place] ?? "";
    return make("label", { class: "field" }, make("span", {}, word("option", { letter: label[0] })), field);
  }));
  showVote();
}

/** Keep what the reader chooses, for the next visit. */
export function watchForm() {
  for (const [name, id] of Object.entries(KEPT)) {
    control(id).addEventListener("change", (event) => choose({ [name]: event.target.value.trim() }));
  }
  control("method").addEventListener("change", showVote);
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
  control("options").querySelectorAll("input").forEach((field) => { field.value = ""; });
  control("choices").open = false;
}

const readOptions = () => [...control("options").querySelectorAll("input")].map((field) => field.value.trim());

const showVote = () => { control("vote").hidden = !control("method").value.endsWith(":vote"); };

function fill(id, entries) {
  control(id).replaceChildren(...entries.map(([value, label]) => make("option", { value }, label)));
}
