"""Read which option a text chose, in any of the forms that models and people write it.

Nothing is guessed: where no explicit statement is found, or the last one names several options,
the answer is None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from clara.text import ascii_digits, clean, fold
from clara.types import Option

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# Other alphabets' first letters, as exam papers in those languages label options.
_LABEL_ROWS = ("अबसद", "कखगघङ", "甲乙丙丁戊", "أبجده", "ابجده", "АБВГД", "①②③④⑤⑥", "アイウエオ", "가나다라마")
_KEYWORDS = (
    r"final\s+answer|correct\s+(?:answer|option|choice)|best\s+(?:answer|option|choice)|answer|option|choice|choose|"
    r"respuesta|opción|alternativa|elijo|resposta|opção|letra|escolho|réponse|choix|lettre|proposition|"
    r"答案|正确选项|正確選項|选项|選項|选择|選擇|应选|應選|选|選|"
    r"सही\s+(?:उत्तर|जवाब|विकल्प)|उत्तर|जवाब|विकल्प|uttar|jawab|javab|vikalp|"
    r"tamang\s+(?:sagot|opsyon)|sagot|kasagutan|opsyon|titik|"
    r"الإجابة|الجواب|الخيار|jibu|chaguo|antwort|ответ|답|正解|答え"
)
_FILLER = (
    r"(?:\s|[:：=\-–—>*_`\"'(\[{（【「。]|\b(?:is|are|would be|should be|option|the|letter|correct|one|es|la|el|"
    r"opción|correcta|é|a|o|opção|alternativa|letra|correta|est|le|réponse|lettre|bonne|ay|ang|letrang|opsyon|hai|hoga|vikalp|ni|ist|"
    r"text|choice)\b|là|是|为|為|应为|應為|选项|選項|选|選|应该|है|होगा|विकल्प|هي|هو|الخيار|は)*"
)
_AFTER = (
    r"\s*[)\]}.:）】」।]*\s*(?:is\s+(?:the\s+)?(?:correct|right|best|answer)|es\s+(?:la\s+)?(?:correcta|respuesta)|"
    r"é\s+(?:a\s+)?(?:correta|resposta|alternativa)|est\s+(?:la\s+)?(?:bonne|correcte|réponse)|"
    r"是\s*(?:正确|正確|对|答案)|正确|正確|सही\s+है|सही\s+(?:उत्तर|विकल्प)|sahi\s+(?:hai|uttar|jawab)|ang\s+(?:tamang\s+)?sagot|ang\s+tama)"
)


def read_choice(text: str, options: Sequence[Option] | Sequence[str], language: str = "und") -> str | None:
    """Return the label of the option that `text` states, or None.

    options: `Option`s, or option texts, which are then labelled A, B, C, ...
    language: not needed for any form read today; part of the contract so that callers can pass what they know.
    """
    del language
    listed = label_options(options)
    if not listed or not text.strip():
        return None
    plain = ascii_digits(clean(text))
    labels = _labels(listed)
    found = sorted(_statements(plain, labels))
    if found:
        return found[-1][1]
    return _by_text(plain, listed)


def label_options(options: Sequence[Option] | Sequence[str]) -> list[Option]:
    """Return `options` as `Option`s; plain texts are labelled A, B, C, ..."""
    return [o if isinstance(o, Option) else Option(id=LETTERS[i], text=str(o)) for i, o in enumerate(options)]


def _labels(options: Sequence[Option]) -> dict[str, str]:
    """Map every spelling of a label to the option's id; the asker's own labels win over borrowed ones."""
    rows = [LETTERS, LETTERS.lower(), "".join(chr(ord(c) + 0xFEE0) for c in LETTERS), *_LABEL_ROWS]
    labels: dict[str, str] = {}
    for row in rows:
        labels |= {row[i]: option.id for i, option in enumerate(options) if i < len(row)}
    labels |= {str(i): option.id for i, option in enumerate(options, 1)}
    own = {option.id: option.id for option in options}
    return labels | {key.lower(): value for key, value in own.items()} | own


def _statements(text: str, labels: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Yield (position, option id) of every explicit statement."""
    label = "(" + "|".join(re.escape(key) for key in sorted(labels, key=len, reverse=True)) + ")"
    # A label ends where the word ends; Han text has no spaces, so only Latin letters and digits are barred there.
    end = r"(?![A-Za-z0-9_\u0900-\u097F\u00C0-\u024F\u0600-\u06FF])"
    patterns = (
        rf"\\boxed\s*\{{\s*(?:\\text\s*\{{)?\s*\(?{label}\)?\s*\}}",
        rf"[\"'](?:answer|choice|option|answer_choice)[\"']\s*:\s*[\"']?\(?{label}{end}",
        rf"(?:{_KEYWORDS}){_FILLER}{label}{end}(?!\s*(?:or|and|,\s*[A-D]\b))",
        rf"(?<!\w)[(\[（【*]*{label}{_AFTER}",
    )
    for pattern in patterns:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            written = match.group(1)
            # A bare article ("a", "o") in running prose is a word, not a label.
            marked = re.search(rf"[(:\"{{\[]\s*{written}$", match.group(0).rstrip("}\"')] "))
            if written in ("a", "o", "e") and not marked and text[match.end(1) : match.end(1) + 1].isspace():
                continue
            yield match.start(1), labels.get(written) or labels[written.upper()]
    alone = re.fullmatch(rf"\s*[(\[（【*_`\"']*{label}[)\]）】*_`\"'.:,।。]*\s*", text, re.IGNORECASE)
    if alone:
        yield alone.start(1), labels.get(alone.group(1)) or labels[alone.group(1).upper()]
    # "B) the option's words" as the first or the last line.
    lines = [line for line in text.strip().splitlines() if line.strip()]
    opening = re.compile(rf"\s*[(\[*]*{label}\s*[)\].:）】、।*]+\s*\S", re.IGNORECASE)
    starts = [m for line in (lines[:1] + lines[-1:]) if (m := opening.match(line))]
    named = {labels.get(m.group(1)) or labels[m.group(1).upper()] for m in starts}
    if len(named) == 1:
        yield 0, named.pop()


def _by_text(text: str, options: Sequence[Option]) -> str | None:
    """Return the one option whose whole text is the answer, or is the only one named in it."""
    said = fold(text).strip(" .\"'*")
    exact = [o.id for o in options if fold(o.text).strip(" .\"'*") == said]
    if exact:
        return exact[0] if len(exact) == 1 else None
    named = [o for o in options if len(fold(o.text)) >= 4 and fold(o.text).strip(" .") in said]
    # "Glaucoma" inside "open-angle glaucoma" is the longer option, named once.
    named = [o for o in named if not any(o is not other and fold(o.text) in fold(other.text) for other in named)]
    return named[0].id if len(named) == 1 else None
