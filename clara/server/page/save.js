// A chat as a file.

import { shown } from "./dom.js";
import { lettered } from "./turn.js";
import { word } from "./words.js";

/** Save a chat as JSON, with all that its answers rest on. */
export const saveJson = (chat) => download(`clara-${chat.id}.json`, "application/json", JSON.stringify(chat, null, 2));

/** Save a chat as Markdown: questions, answers, sources and decisions. */
export const saveMarkdown = (chat) => download(`clara-${chat.id}.md`, "text/markdown", asMarkdown(chat));

function asMarkdown(chat) {
  const parts = chat.turns.flatMap((turn) => [
    `## ${turn.question.replace(/\s+/g, " ")}`,
    lettered(turn.options).join("\n"),
    turn.text,
    ...(turn.told?.citations ?? []).map((one, place) =>
      `[${place + 1}] ${one.title} (${one.language}): “${one.quote}” ${one.source}`),
    ...turn.decisions.map(({ words, said }) => `${word("decision")}: ${said ?? words}`),
  ].map(inert));
  return `${[`# CLARA, ${chat.begun}`, ...parts, `*${word("disclaimer")}*`].filter(Boolean).join("\n\n")}\n`;
}

/** Return Markdown in which no text is HTML, and none loads a picture when somebody opens the file. */
const inert = (text) => shown(text).replace(/<|!(?=\[)/g, "\\$&");

function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  Object.assign(link, { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000); // the browser reads it after this function has ended
}
