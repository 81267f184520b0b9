// One question with its answer: what is asked for, what comes, and what is kept of it. No part of this is shown here.

/** What options are called by. */
export const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const STEPS = {
  translate: "step_translated", draft: "step_draft", verify: "step_checked", write: "step_written",
  repair: "step_repaired", paper: "step_checked", application: "step_draft",
};
/** What the service can be asked to answer in, beside the question's own language. */
export const ANSWER_LANGUAGES = (
  "en es pt fr zh-Hans zh-Hant hi hi-Latn fil ar bn ur ru de it ja ko id sw vi tr th ta te mr fa uk ha yo zu am"
).split(" ");

/** Return a turn in which nothing has come yet. asked: {question, options, answerIn, model, country, policy, languages}. */
export const newTurn = (asked) => ({
  ...asked, state: "asking", text: "", steps: [], decisions: [], found: [], told: null, seconds: 0, error: null,
  usage: { calls: 0, prompt_tokens: 0, completion_tokens: 0 },
});

/** Return the request that asks a turn after those before it. */
export function requestOf(turn, before) {
  const wish = turn.answerIn ? [{ role: "system", content: `Answer in ${englishName(turn.answerIn)}.` }] : [];
  const earlier = before.filter((one) => one.text).flatMap((one) => [
    { role: "user", content: asText(one) }, { role: "assistant", content: one.text },
  ]);
  const clara = { explain: true };
  if (turn.country) clara.country = turn.country;
  if (turn.policy) clara.policy = turn.policy;
  if (turn.languages.length && turn.model.endsWith(":vote")) clara.languages = turn.languages;
  return {
    model: turn.model || "clara", messages: [...wish, ...earlier, { role: "user", content: asText(turn) }],
    stream: true, stream_options: { include_usage: true }, clara,
  };
}

/** Return the options of a choice question, each with its letter. */
export const lettered = (options) => options.map((text, place) => `${LETTERS[place]}) ${text}`);

/** Take in one chunk of the reply. Return whether it was a step, text, or anything else. */
export function take(turn, chunk) {
  if (chunk.usage) Object.assign(turn.usage, chunk.usage); // the sums; what was counted on the way stands till then
  const choice = chunk.choices?.[0];
  const clara = chunk.clara;
  if (choice?.finish_reason) {
    const { trace, ...told } = clara ?? {};
    turn.told = told;
    return "end";
  }
  if (choice?.delta?.content) {
    turn.text += choice.delta.content;
    return "text";
  }
  if (!clara?.kind || clara.kind === "waiting") return "nothing";
  if (clara.kind === "started") turn.language = clara.data.language;
  if (clara.kind === "evidence") {
    const passed = [...turn.found, ...clara.data.passed];
    turn.found = [...new Map(passed.map(({ id, score }) => [id, { id, score }])).values()];
  }
  if (clara.kind === "call") {
    turn.usage.calls += 1;
    turn.usage.prompt_tokens += clara.data.prompt_tokens ?? 0;
    turn.usage.completion_tokens += clara.data.completion_tokens ?? 0;
  }
  if (clara.kind === "decision" && clara.data.words) {
    const { words, said = null, scores = null } = clara.data;
    turn.decisions.push({ words, said, scores });
  }
  const step = stepOf(clara);
  if (step) turn.steps.push(step);
  return step ? "step" : "nothing";
}

/** Return an event as a step to be shown; null where it is none. */
function stepOf({ kind, stage, at_s: atS, data }) {
  const step = { stage, atS };
  if (kind === "started") return { ...step, key: "step_started" };
  if (kind === "evidence") return { ...step, key: "step_evidence", count: data.passed.length };
  if (kind === "decision" && stage === "reconcile") return { ...step, key: "step_decided" };
  if (kind === "removed") return { ...step, key: "step_removed", count: data.sentences };
  if (kind === "route_failed") return { ...step, key: "step_failed", reason: data.error };
  if (kind !== "call" && kind !== "translated") return null;
  if (data.outcome !== "ok") return { ...step, key: "step_failed", reason: data.outcome };
  const key = STEPS[stage.split("/")[0]];
  return key ? { ...step, key } : null;
}

const asText = (turn) => [turn.question, ...(turn.options.length ? ["", ...lettered(turn.options)] : [])].join("\n");

const englishName = (tag) =>
  tag === "hi-Latn" ? "Hinglish" : new Intl.DisplayNames(["en"], { type: "language" }).of(tag);
