// What an answer rests on: quoted evidence, drafts side by side, checks, decisions and cost.

import { make, said } from "./dom.js";
import { blocks } from "./marked.js";
import { languageName, number, percent, word, wordOf } from "./words.js";

const URL_IN_TEXT = /(https?:\/\/[^\s<>"]+)/;
const MARKS = { supported: "✓", refuted: "✗", not_enough_info: "?", unverified: "–" };

/** Return the passages that are quoted, each with its quotes marked, and the names of those that were found besides. */
export function evidence(turn, anchor) {
  const passages = new Map();
  turn.told.citations.forEach((citation, place) => {
    const quotes = passages.get(citation.id) ?? [];
    passages.set(citation.id, [...quotes, { ...citation, number: place + 1 }]);
  });
  const others = turn.found.filter(({ id }) => !passages.has(id));
  return make("section", { class: "evidence" },
    make("h3", {}, word("evidence")),
    passages.size
      ? make("ol", { class: "cards plain" }, [...passages.values()].map((quotes) => passage(quotes, anchor)))
      : make("p", { class: "quiet" }, word("no_evidence")),
    others.length
      ? folded(word("also_found"), make("ul", {}, others.map(({ id, score }) =>
        make("li", {}, make("bdi", {}, id), ` (${number(score, { maximumFractionDigits: 2 })})`))))
      : null);
}

function passage(quotes, anchor) {
  const { title, language, source } = quotes[0];
  return make("li", { class: "card" },
    make("h4", {}, said("bdi", language, {}, title), " ", make("span", { class: "quiet" }, languageName(language))),
    quotes.map((quote) => make("div", { class: "quote", id: anchor(quote.number), tabindex: "-1" },
      make("span", { class: "number" }, `[${quote.number}]`),
      make("div", {},
        said("blockquote", quote.language, {}, make("mark", {}, quote.quote)),
        make("span", { class: `state ${quote.state}` }, wordOf(`quote_${quote.state}`) ?? quote.state)))),
    make("ul", { class: "sources" }, source.split("; ").filter(Boolean).map((part) =>
      make("li", {}, said("span", "", {}, linked(part))))));
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
    make("div", { class: "beside" }, told.drafts.map(draftCard)), true);
}

function draftCard(draft) {
  const facts = [draft.choice, draft.error ? null : percent(draft.confidence), draft.model].filter(Boolean);
  const problems = [
    draft.error && word("failed", { reason: draft.error }),
    !draft.error && !draft.sufficient && word("insufficient"),
    draft.translation_validity < 1 && word("doubtful"),
    draft.refuted.length && word("speaks_against", { options: draft.refuted.join(", ") }),
  ].filter(Boolean);
  return make("article", { class: "card" },
    make("h4", {}, draftName(draft)),
    make("p", { class: "quiet" }, make("bdi", {}, facts.join(" · "))),
    draft.claims.length
      ? make("ul", {}, draft.claims.map((claim) => make("li", {}, said("span", "", {}, claim.wording || claim.text))))
      : said("div", draft.language, {}, blocks(draft.text, () => null)),
    problems.map((line) => make("p", { class: "bad" }, line)));
}

/** Return how a draft came about, and its language; a route in a further language is called by that language alone. */
function draftName({ route, language }) {
  const name = languageName(language);
  if (route === language) return make("bdi", {}, name);
  const words = wordOf(`route_${route.split(":")[0]}`) ?? route;
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
      make("small", { class: "quiet" }, make("bdi", {}, [verdict.against, verdict.reason].filter(Boolean).join(": ")))))));
}

/** Return in words how drafts became an answer, with the scores of a choice's options. */
export function decisions(turn) {
  if (!turn.decisions.length) return null;
  return folded(word("decision"), make("ul", { class: "plain" }, turn.decisions.map(({ words, scores }) => make("li", {},
    said("span", "en", {}, words),
    scores && Object.keys(scores).length
      ? make("p", { class: "quiet", dir: "ltr" }, Object.entries(scores).map(([option, score]) =>
        `${option} ${number(score, { maximumFractionDigits: 2 })}`).join(" · "))
      : null))), true);
}

/** Return what a turn took. */
export function costs({ told, usage, seconds }) {
  if (!told && !seconds) return null;
  const rows = [];
  if (told) rows.push([word("calls"), number(told.calls)], [word("rounds"), number(told.rounds)]);
  if (usage) rows.push([word("tokens"), `${number(usage.prompt_tokens)} + ${number(usage.completion_tokens)}`]);
  if (told) {
    const price = told.cost === null ? word("unknown_price") : number(told.cost, { maximumSignificantDigits: 4 });
    rows.push([word("price"), price]);
  }
  rows.push([word("time"), word("seconds", { count: Number(seconds.toPrecision(2)) })]);
  return folded(word("cost"), make("dl", {}, rows.map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, make("bdi", {}, value))))), true);
}

function folded(title, content, open = false) {
  return make("details", { open }, make("summary", {}, make("h3", {}, title)), content);
}
