// Text as models write it: paragraphs, lists, headings, bold, and numbers of citations. All else is shown as it stands.

import { make } from "./dom.js";

const ITEM = /^\s*(?:[-*•]|(\d{1,3})[.)])\s+(.*)$/;
const HEADING = /^#{1,6}\s+(.*)$/;

/** Return blocks of text. cite: makes a link of a citation's number, or returns null where there is none. */
export function blocks(text, cite) {
  const made = [];
  let list = null;
  let lines = [];
  const close = () => {
    if (lines.length) made.push(make("p", {}, inline(lines.join("\n"), cite)));
    lines = [];
  };
  for (const line of text.split("\n")) {
    const item = ITEM.exec(line);
    const heading = HEADING.exec(line);
    if (item) {
      close();
      const kind = item[1] ? "ol" : "ul";
      if (list?.localName !== kind) made.push((list = make(kind, { start: item[1] })));
      list.append(make("li", {}, inline(item[2], cite)));
      continue;
    }
    if (line.trim()) list = null; // an empty line may stand between items
    if (heading) {
      close();
      made.push(make("p", { class: "heading" }, inline(heading[1], cite)));
    } else if (line.trim()) lines.push(line);
    else close();
  }
  close();
  return made;
}

function inline(text, cite) {
  return text.split(/(\*\*[^*\n]+\*\*|\[\d{1,3}\])/).map((piece) => {
    if (/^\*\*.+\*\*$/.test(piece)) return make("strong", {}, inline(piece.slice(2, -2), cite));
    const number = /^\[(\d+)\]$/.exec(piece);
    return (number && cite(Number(number[1]))) || piece;
  });
}
