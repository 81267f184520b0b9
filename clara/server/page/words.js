// The page's own words, one file for each language; an answer has its own language beside them.

const NAMES = {
  en: "English", es: "Español", pt: "Português", fr: "Français", "zh-Hans": "简体中文", hi: "हिन्दी", fil: "Filipino",
  ar: "العربية",
};
let words = {};
let language = "en";
let numbers = new Intl.NumberFormat("en");

/** The languages the page speaks: tag -> its own name for itself. */
export const LANGUAGES = NAMES;

/** Return the first of a reader's languages that the page speaks, or English. */
export function preferred(tags) {
  const own = Object.keys(NAMES);
  // The tags' own order decides; in Hans and Hant a page in the other script is none.
  const found = tags.map((tag) => own.find((name) => tag === name || script(tag) === script(name))).find(Boolean);
  return found ?? "en";
}

/** Return language and script of a tag, e.g. `zh-Hans` of zh-CN; the tag itself where it is none. */
function script(tag) {
  try {
    const full = new Intl.Locale(tag === "tl" ? "fil" : tag).maximize();
    return `${full.language}-${full.script}`;
  } catch {
    return tag;
  }
}

/** Take the words of a language from now on. */
export async function speak(tag) {
  const reply = await fetch(`page/words/${tag}.json`);
  if (!reply.ok) throw new Error(`the words of ${tag} cannot be read: ${reply.status}`);
  words = await reply.json();
  language = tag;
  numbers = new Intl.NumberFormat(tag);
}

/** Return the tag of the language that the page speaks. */
export const spoken = () => language;

/** Return the words of `key`, with `values` put into their places. */
export const word = (key, values = {}) =>
  words[key].replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : values[name]));

/** Return the words of `key`; null where there are none. */
export const wordOf = (key) => words[key] ?? null;

/** Return a number as the page's language writes it. */
export const number = (value, options) => (options ? new Intl.NumberFormat(language, options) : numbers).format(value);

/** Return a share of 1 as a percentage. */
export const percent = (share) => number(share, { style: "percent", maximumFractionDigits: 0 });

/** Return a time: two digits of a short one, whole seconds of a long one. */
export const duration = (seconds) =>
  word("seconds", { count: seconds < 10 ? Number(seconds.toPrecision(2)) : Math.round(seconds) });

/** Return what a language is called in the page's own, its tag where it has no name. */
export function languageName(tag, inLanguage = language) {
  try {
    return new Intl.DisplayNames([inLanguage], { type: "language" }).of(tag);
  } catch {
    return tag;
  }
}
