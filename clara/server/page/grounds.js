// What an answer rests on: quoted evidence, drafts side by side, checks, decisions and cost.

import { make, said } from "./dom.js";
import { blocks } from "./marked.js";
import { duration, languageName, number, percent, word, wordOf } from "./words.js";

const URL_IN_TEXT = /(https?:\/\/[^\s<>"]+)/;
const MARKS = { supported: "✓", refuted: "✗", not_enough_info: "?", unverified: "–" };

/** Return how sure an answer or a draft is; null where no model was asked for it, as in the method `direct`. */
export const sureness = (told, share) => (told.method === "direct" ? null : percent(share));

/** Return the passages that are quoted, each with its quotes marked, and the names of those that were found besides. */
export function evidence(turn, anchor) {
  const passages = new Map();
  turn.told.citations.forEach((citation, place) => {
    const quotes = passages.get(citation.id) ?? [];
    passages.set(citation.id, [...quotes, { ...citation, number: place + 1 }]);
  });
  return make("section", { class: "evidence" },
    make("h3", {}, word("evidence")),
    passages.size
      ? make("ol", { class: "cards plain" }, [...passages.values()].map((quotes) => passage(quotes, anchor, turn.text)))
      : make("p", { class: "quiet" }, word("no_evidence")),
    alsoFound(turn));
}

/** Return the names of passages that were found and are not quoted. */
export function alsoFound({ told, found }) {
  const quoted = new Set((told?.citations ?? []).map(({ id }) => id));
  const others = found.filter(({ id }) => !quoted.has(id));
  if (!others.length) return null;
  return folded(word("also_found"), make("ul", {}, others.map(({ id, score }) =>
    make("li", {}, make("bdi", {}, id), ` (${number(score, { maximumFractionDigits: 2 })})`))));
}

function passage(quotes, anchor, answer) {
  const { title, language, source } = quotes[0];
  return make("li", { class: "card" },
    make("h4", {}, said("bdi", language, {}, title), " ", make("span", { class: "quiet" }, languageName(language))),
    quotes.map((quote) => make("div", { class: "quote", id: anchor(quote.number), tabindex: "-1" },
      numberOf(quote.number, anchor, answer),
      make("div", {},
        said("blockquote", quote.language, {}, make("mark", {}, quote.quote)),
        make("span", { class: `state ${quote.state}` }, wordOf(`quote_${quote.state}`) ?? quote.state)))),
    make("ul", { class: "sources" }, source.split("; ").filter(Boolean).map((part) =>
      make("li", {}, said("span", "", {}, linked(part))))));
}

/** Return a quote's number: a link back to where it is cited first, if it is. */
function numberOf(n, anchor, answer) {
  const label = `[${n}]`;
  return answer.includes(label)
    ? make("a", { class: "number", href: `#${anchor(n)}-cited`, "aria-label": `${word("answer")} ${number(n)}` }, label)
    : make("span", { class: "number" }, label);
}

/** Return text in which each web address is a link that says where it leads. */
function linked(text) {
  return text.split(URL_IN_TEXT).map((piece, place) =>
    place % 2 ? make("a", { href: piece, target: "_blank", rel: "noopener noreferrer" }, piece) : piece);
}

/** Return the drafts, beside one another where there is room. */
export function drafts({ told }) {
  if (!told.drafts?.length) return null;
  return folded(`${word("drafts")} (${number(told.drafts.length)})`,
    make("div", { class: "beside" }, told.drafts.map((draft) => draftCard(draft, told))), hasRoom());
}

function draftCard(draft, told) {
  const facts = [draft.choice, draft.error ? null : sureness(told, draft.confidence), draft.model].filter(Boolean);
  const problems = [
    draft.error && isolated("failed", draft.error),
    !draft.error && !draft.sufficient && word("insufficient"),
    draft.translation_validity < 1 && word("doubtful"),
    draft.refuted.length && word("speaks_against", { options: draft.refuted.join(", ") }),
  ].filter(Boolean);
  return make("article", { class: "card" },
    make("h4", {}, draftName(draft)),
    make("p", { class: "quiet" }, make("bdi", {}, facts.join(" · "))),
    draft.claims.length
      ? said("ul", "", {}, draft.claims.map((claim) => make("li", {}, claim.wording || claim.text)))
      : said("div", draft.language, {}, blocks(draft.text, () => null)),
    problems.map((line) => make("p", { class: "bad" }, line)));
}

/** Return the words of `key` round a reason, which has a direction of its own. */
function isolated(key, reason) {
  const [before, after] = word(key, { reason: "\n" }).split("\n");
  return [before, make("bdi", {}, reason), after];
}

/** Return how a draft came about, and its language; a route in a further language is called by that language alone. */
function draftName({ route, language }) {
  const name = languageName(language);
  if (route === language) return make("bdi", {}, name);
  const words = wordOf(`route_${route.split(":")[0]}`) ?? route;
  if (route === "english") return make("bdi", {}, words);
  return [make("bdi", {}, words), " ", make("span", { class: "quiet" }, name)];
}

/** Return what was checked, with what came of it. */
export function verdicts({ told }) {
  if (!told.verdicts.length) return null;
  return folded(`${word("verdicts")} (${number(told.verdicts.length)})`,
    make("ul", { class: "plain" }, told.verdicts.map((verdict) => make("li", { class: "verdict" },
      make("span", { class: `state ${verdict.state}` },
        make("span", { "aria-hidden": "true" }, `${MARKS[verdict.state] ?? ""} `),
        wordOf(`verdict_${verdict.state}`) ?? verdict.state),
      " ", said("span", "", {}, verdict.claim), " ",
      make("small", { class: "quiet" }, make("bdi", {},
        [wordOf(`route_${verdict.against}`) ?? verdict.against, verdict.reason].filter(Boolean).join(": ")))))));
}

/** Return how drafts became an answer. */
export function decisions(turn) {
  if (!turn.decisions.length) return null;
  const language = turn.told?.language ?? turn.language;
  return folded(word("decision"),
    make("ul", { class: "plain" }, turn.decisions.map((one) => make("li", {}, decision(one, language)))), hasRoom());
}

/** Return a decision as the asker is told it, in English with routes and figures, and in the scores of options. */
function decision({ words, said: told, scores }, language) {
  const listed = Object.entries(scores ?? {}).map(([option, score]) =>
    `${option} ${number(score, { maximumFractionDigits: 2 })}`);
  return [
    told ? said("p", language, {}, told) : null,
    said("p", "en", { class: told ? "quiet" : null }, words),
    listed.length ? make("p", { class: "quiet", dir: "ltr" }, listed.join(" · ")) : null,
  ];
}

/** Return calls and tokens, each with its name; as far as they have been counted while an answer is under way. */
export function spent({ told, usage }) {
  const calls = told?.calls ?? usage?.calls;
  return [
    calls === undefined ? null : [word("calls"), number(calls)],
    usage && [word("tokens"), `${number(usage.prompt_tokens)} + ${number(usage.completion_tokens)}`],
  ].filter(Boolean);
}

/** Return what a turn took. */
export function costs(turn) {
  const { told, seconds } = turn;
  if (!told && !seconds) return null;
  const rows = spent(turn);
  if (told) {
    rows.splice(1, 0, [word("rounds"), number(told.rounds)]);
    const price = told.cost === null ? word("unknown_price") : number(told.cost, { maximumSignificantDigits: 4 });
    rows.push([word("price"), price]);
  }
  rows.push([word("time"), duration(seconds)]);
  return folded(word("cost"), make("dl", {}, rows.map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, make("bdi", {}, value))))), hasRoom());
}

// On a telephone the next question is not to be far below the answer.
const hasRoom = () => matchMedia("(min-width: 40rem)").matches;

function folded(title, content, open = false) {
  return make("details", { open }, make("summary", {}, make("h3", {}, title)), content);
}
