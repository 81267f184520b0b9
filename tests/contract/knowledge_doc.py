"""The coverage table in docs/knowledge.md. Rewrite it with: python -m tests.contract.knowledge_doc"""

from __future__ import annotations

from pathlib import Path

from clara.knowledge.ingest import read_documents
from clara.languages import SUPPORTED
from clara.text import word_count

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "knowledge.md"
BEGIN, END = "<!-- coverage -->", "<!-- end of coverage -->"


def table() -> str:
    """Return the table: a row per topic, claims and sources, words per language (Chinese: two characters a word)."""
    folder = ROOT / "knowledge_base"
    lines = [
        "| topic | claims | sources | " + " | ".join(SUPPORTED) + " |",
        "|---|--:|--:|" + "--:|" * len(SUPPORTED),
    ]
    totals = [0, *[0] * len(SUPPORTED)]
    for topic in sorted(p for p in (folder / "ophthalmology").iterdir() if p.is_dir()):
        documents = [next(read_documents(topic / f"{tag}.md", root=folder)) for tag in SUPPORTED]
        claims = sum(chunk.text.count("\n") + 1 for chunk in documents[0].chunks)
        words = [sum(word_count(chunk.text) for chunk in document.chunks) for document in documents]
        totals = [a + b for a, b in zip(totals, [claims, *words], strict=True)]
        row = [documents[0].title, str(claims), str(len(documents[0].sources)), *map(str, words)]
        lines.append("| " + " | ".join(row) + " |")
    lines.append(f"| **all** | {totals[0]} | | " + " | ".join(map(str, totals[1:])) + " |")
    return "\n".join(lines)


def rewritten(page: str) -> str:
    """Return the page with the table of today between its marks."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
