"""What the readers' tests read: the same few sentences as people write them in each language, and PDFs made by hand."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from clara.errors import KnowledgeError
from clara.knowledge.documents import Record
from clara.knowledge.readers import read_records

SENTENCES = {
    "en": "Glaucoma damages the optic nerve. Drops such as timolol 0.5% lower the pressure in the eye.",
    "es": "El glaucoma daña el nervio óptico. Las gotas como el timolol al 0,5 % bajan la presión del ojo.",
    "pt": "O glaucoma lesa o nervo óptico. Colírios como o timolol a 0,5% baixam a pressão do olho.",
    "fr": "Le glaucome abîme le nerf optique. Un collyre comme le timolol à 0,5 % fait baisser la pression de l’œil.",
    "zh": "青光眼会损伤视神经。噻吗洛尔0.5%滴眼液可以降低眼压。",
    "hi": "ग्लूकोमा से आँख की नस ख़राब होती है। टिमोलोल 0.5% की बूँदें आँख का दबाव घटाती हैं।",
    "fil": "Sinisira ng glaucoma ang optic nerve. Nakabababa ng presyon ng mata ang mga patak gaya ng timolol 0.5%.",
    "mixed": "Doctor ne bola ki मोतियाबिंद hai, kya surgery zaroori hai? Uulitin ko po ang tanong.",
    "ar": "يُتلف الزَّرَق العصب البصري، وتخفض قطرات تيمولول 0.5% ضغط العين.",
    "unknown": "Glaŭkomo difektas la optikan nervon; gutoj kun timololo malaltigas la premon en la okulo.",
}
"""By language; Hindi and Filipino in one breath as `mixed`, Esperanto as the one that CLARA does not know."""

EVERY = pytest.mark.parametrize("sentence", SENTENCES.values(), ids=SENTENCES)


def write(content: str | bytes, name: str) -> Path:
    """Write a file into the test's own folder."""
    path = Path(name)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(content: str | bytes, name: str) -> list[Record]:
    """Write a file and read it."""
    return list(read_records(write(content, name)))


def refusal(content: str | bytes, name: str) -> str:
    """Write a file that cannot be read; return the error's message, which is one line and begins with the file."""
    return refusal_of(write(content, name))


def refusal_of(path: Path) -> str:
    """Return the message with which reading a file ends."""
    with pytest.raises(KnowledgeError) as caught:
        list(read_records(path))
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message and message.isprintable()
    return message


class Page:
    """A page's content stream, written one text at a time."""

    def __init__(self, *, box: tuple[int, int, int, int] = (0, 0, 595, 842), rotate: int = 0) -> None:
        self.box, self.rotate = box, rotate
        self.parts: list[str | tuple[str, str]] = []

    def text(self, x: float, y: float, text: str, *, size: float = 12, mode: int = 0, before: str = "") -> Page:
        """Write a text; `before` holds operators such as a colour's."""
        self.parts += [f"q {before} BT /F1 {size} Tf {mode} Tr {x} {y} Td ", ("show", text), " Tj ET Q\n"]
        return self

    def draw(self, operators: str) -> Page:
        """Write operators as they are."""
        self.parts.append(operators + "\n")
        return self

    def lines(self, *lines: str, x: float = 60, y: float = 780, step: float = 15, size: float = 12) -> Page:
        """Write lines under each other."""
        for number, line in enumerate(lines):
            self.text(x, y - number * step, line, size=size)
        return self


def pdf(*pages: Page, info: str = "", catalog: str = "", mapped: bool = True) -> bytes:
    """Return a PDF whose one font has a code for every character, which a ToUnicode map gives back."""
    codes: dict[str, int] = {}
    objects: list[bytes] = []

    def add(content: str | bytes) -> int:
        objects.append(content if isinstance(content, bytes) else content.encode("latin-1"))
        return len(objects)

    def stream(entries: str, data: str | bytes) -> int:
        raw = data.encode("latin-1") if isinstance(data, str) else data
        return add(f"<< {entries} /Length {len(raw)} >> stream\n".encode() + raw + b"\nendstream")

    def show(text: str) -> str:
        return "<" + "".join(f"{codes.setdefault(c, len(codes) + 1):04x}" for c in text) + ">"

    def joined(page: Page) -> str:
        return "".join(part if isinstance(part, str) else show(part[1]) for part in page.parts)

    picture = stream(
        "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", "x"
    )
    shown = [stream("", joined(page)) for page in pages]
    unicode = "".join(f"<{code:04x}> <{c.encode('utf-16-be').hex()}>\n" for c, code in codes.items())
    cmap = stream(
        "",
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /T def /CMapType 2 def "
        f"1 begincodespacerange <0000> <ffff> endcodespacerange {len(codes)} beginbfchar\n{unicode}endbfchar "
        "endcmap end end",
    )
    widths = " ".join(f"{code} [{_width(c)}]" for c, code in codes.items())
    about = add(
        "<< /Type /FontDescriptor /FontName /T /Flags 4 /FontBBox [0 -200 1000 800] /ItalicAngle 0 /Ascent 800 "
        "/Descent -200 /CapHeight 700 /StemV 80 >>"
    )
    inner = add(
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /T /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) "
        f"/Supplement 0 >> /FontDescriptor {about} 0 R /W [{widths}] >>"
    )
    font = add(
        f"<< /Type /Font /Subtype /Type0 /BaseFont /T /Encoding /Identity-H /DescendantFonts [{inner} 0 R] "
        + (f"/ToUnicode {cmap} 0 R >>" if mapped else ">>")
    )
    parent = len(objects) + len(pages) + 1
    kids = [
        add(
            f"<< /Type /Page /Parent {parent} 0 R /Rotate {page.rotate} /MediaBox [{' '.join(map(str, page.box))}] "
            f"/Contents {content} 0 R /Resources << /Font << /F1 {font} 0 R >> /XObject << /Im {picture} 0 R >> >> >>"
        )
        for page, content in zip(pages, shown, strict=True)
    ]
    add(f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>")
    root = add(f"<< /Type /Catalog /Pages {parent} 0 R {catalog} >>")
    return _file(objects, root, add(f"<< {info} >>"))


def _width(character: str) -> int:
    if unicodedata.category(character) == "Mn":
        return 0
    return 1000 if unicodedata.east_asian_width(character) in "WF" else 500


def _file(objects: list[bytes], root: int, info: int) -> bytes:
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        len(offsets) + 1,
        root,
        info,
        start,
    )
    return bytes(out)
