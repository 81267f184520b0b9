// One turn as it is seen: the question, the steps as they happen, the answer, and below it all that it rests on.

import { button, make, said, setLanguage } from "./dom.js";
import { alsoFound, costs, decisions, drafts, evidence, spent, sureness, verdicts } from "./grounds.js";
import { blocks } from "./marked.js";
import { lettered } from "./turn.js";
import { duration, number, word } from "./words.js";

/** Shows a turn. place: its number on the page. again: asks it once more. */
export class TurnView {
  constructor(turn, place, again) {
    Object.assign(this, { turn, place, again });
    const name = `q${place}`;
    this.steps = make("ol", { class: "steps" });
    this.stepsBox = make("details", { class: "steps-box", open: turn.state === "asking" },
      make("summary", {}, word("steps")), this.steps);
    this.spent = make("small", {});
    this.working = make("p", { class: "working", hidden: turn.state !== "asking" }, word("working"), " ", this.spent);
    this.answer = make("div", { class: "answer" });
    this.below = make("div", {});
    this.asked = [make("h2", { id: name, class: "question" }, turn.question)];
    if (turn.options.length) {
      this.asked.push(make("ul", { class: "options" }, lettered(turn.options).map((line) => make("li", {}, line))));
    }
    this.node = make("article", { class: "turn", "aria-labelledby": name, tabindex: "-1" },
      this.asked,
      this.stepsBox, this.working, this.answer, this.below);
    this.showLanguage();
    turn.steps.forEach((step) => this.addStep(step));
    this.showText();
    if (turn.state !== "asking") this.finish();
  }

  /** Mark the question with its language, which the service tells. */
  showLanguage() {
    for (const node of this.asked) setLanguage(node, this.turn.language);
  }

  /** Show one more thing that happened. */
  addStep(step) {
    if (step.key === "step_started") this.showLanguage();
    const detail = [step.stage, step.reason, duration(step.atS)];
    this.steps.append(make("li", { class: step.key === "step_failed" ? "bad" : null },
      word(step.key, { count: step.count }), " ",
      make("small", {}, make("bdi", {}, detail.filter(Boolean).join(" · ")))));
    if (this.turn.usage?.calls) this.spent.textContent = spent(this.turn).map((row) => row.join(" ")).join(" · ");
  }

  /** Show the answer as far as it has come. */
  showText() {
    const { told, text } = this.turn;
    const citations = told?.citations ?? [];
    const cited = new Set();
    const cite = (n) => {
      if (!citations[n - 1]) return null;
      const id = cited.has(n) ? null : `${this.anchor(n)}-cited`; // where the quote leads back to
      cited.add(n);
      const name = `${word("evidence")} ${number(n)}`;
      return make("a", { id, class: "cite", href: `#${this.anchor(n)}`, "aria-label": name }, `[${n}]`);
    };
    const part = said("div", told?.language ?? this.turn.answerIn ?? this.turn.language, { class: "said" },
      blocks(text, cite));
    this.answer.replaceChildren(...(text ? [make("h3", { class: "unseen" }, word("answer")), part] : []));
  }

  /** Show what an ended answer rests on, and what went wrong. */
  finish() {
    const { turn } = this;
    this.working.hidden = true;
    this.stepsBox.open = false;
    this.stepsBox.hidden = !turn.steps.length;
    this.showText();
    this.below.replaceChildren(...[
      this.mark(), this.outcome(), turn.told?.method ? this.grounds() : [alsoFound(turn), decisions(turn)], costs(turn),
    ].flat().filter(Boolean));
  }

  /** Return the name of a citation's place on the page. */
  anchor(n) {
    return `e${this.place}-${n}`;
  }

  mark() {
    const { told } = this.turn;
    if (!told?.method) return null;
    if (told.abstained) return make("p", { class: "notice" }, make("strong", {}, word("no_answer")));
    const facts = [
      [word("choice"), told.choice],
      [word(told.method === "evidence" ? "match" : "confidence"), sureness(told, told.confidence)],
    ].filter(([, value]) => value);
    if (!facts.length) return null;
    return make("p", { class: "facts" }, facts.map(([name, value]) =>
      make("span", {}, `${name} `, make("bdi", { class: "value" }, value))));
  }

  outcome() {
    const { turn } = this;
    const again = () => button(word("again"), () => this.again(turn));
    if (turn.state === "stopped") return make("p", { class: "notice" }, word("stopped"), " ", again());
    if (turn.state === "failed") return make("p", { class: "notice bad" }, errorLine(turn.error), " ", again());
    return null;
  }

  grounds() {
    const { turn } = this;
    const { warnings } = turn.told;
    const notes = warnings.length
      ? make("section", { class: "notes" }, make("h3", {}, word("notes")),
        make("ul", {}, warnings.map((line) => make("li", {}, said("span", "", {}, line)))))
      : null;
    return [notes, evidence(turn, (n) => this.anchor(n)), drafts(turn), verdicts(turn), decisions(turn)];
  }
}

/** Return an error in one line: the page's own words, and the service's where there are no others. */
export function errorLine({ code, message, status, waitS }) {
  if (code === "unreachable" || code === "cut_off") return word(`error_${code}`);
  if (status === 401) return word("key_title");
  if (code === "overloaded" && waitS) return word("error_busy", { seconds: waitS });
  return make("span", {}, word("error_other"), " ", said("span", "en", {}, message));
}
