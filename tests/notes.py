"""Short documents that say the same in many languages, as their speakers would write it, and a question on each."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Note(NamedTuple):
    """A document, and a question that it answers."""

    text: str
    question: str


NOTES = {
    "en": Note(
        "# Laser safety\n\nA laser pointer can burn the retina within a second. Never look into the beam.\n",
        "can a laser pointer burn the retina",
    ),
    "es": Note(
        "# Seguridad con el láser\n\nUn puntero láser puede quemar la retina en un segundo. "
        "Nunca mire directamente al haz.\n",
        "¿puede un puntero láser quemar la retina?",
    ),
    "pt": Note(
        "# Segurança com o laser\n\nUma caneta laser pode queimar a retina em um segundo. "
        "Nunca olhe diretamente para o feixe.\n",
        "a caneta laser pode queimar a retina?",
    ),
    "fr": Note(
        "# Sécurité face au laser\n\nUn pointeur laser peut brûler la rétine en une seconde. "
        "Ne regardez jamais le faisceau en face.\n",
        "un pointeur laser peut-il brûler la rétine ?",
    ),
    "zh-Hans": Note(
        "# 激光安全\n\n激光笔可在1秒内灼伤视网膜。切勿直视光束。\n",
        "激光笔可灼伤视网膜吗？",
    ),
    "hi": Note(
        "# लेज़र से बचाव\n\nलेज़र पॉइंटर एक सेकंड में रेटिना को जला सकता है। किरण में कभी न देखें।\n",
        "क्या लेज़र पॉइंटर रेटिना को जला सकता है?",
    ),
    "fil": Note(
        "# Pag-iingat sa laser\n\nKayang sunugin ng laser pointer ang retina sa loob ng isang segundo. "
        "Huwag kailanman tumingin nang diretso sa sinag.\n",
        "Kaya bang sunugin ng laser pointer ang retina?",
    ),
    "ar": Note(
        "# السلامة من الليزر\n\nيمكن لمؤشر الليزر أن يحرق شبكية العين خلال ثانية واحدة. "
        "لا تنظر أبدًا إلى الشعاع مباشرة.\n",
        "هل يمكن لمؤشر الليزر أن يحرق شبكية العين؟",
    ),
}
MIXED = Note(
    "Laser pointer ek second mein retina ko jala sakta hai, isliye beam mein seedha kabhi mat dekho.\n",
    "kya laser pointer retina ko jala sakta hai",
)
"""Hindi in Latin letters mixed with English; its language, hi-Latn, has to be given."""


def write_notes(folder: Path) -> dict[str, Path]:
    """Write a file per language; returns language -> file."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {language: folder / f"laser-{language}.md" for language in NOTES}
    for language, path in files.items():
        path.write_text(NOTES[language].text, encoding="utf-8")
    return files
