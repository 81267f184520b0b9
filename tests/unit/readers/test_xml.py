"""XML collections: MedlinePlus health topics, MediaWiki dumps, and what is refused."""

from __future__ import annotations

import bz2
import tracemalloc
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from clara.errors import KnowledgeError
from clara.knowledge.documents import Record
from clara.knowledge.readers import read_records, xml
from clara.knowledge.readers.mediawiki import wiki_body
from tests.unit.readers.texts import EVERY, SENTENCES, read, refusal, write

pytest.importorskip("mwparserfromhell", reason='needs the extra: pip install "clara-debias[documents]"')

TOPICS = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE health-topics PUBLIC "-//NLM//DTD mplus_topics//EN" "https://medlineplus.gov/xml/mplus_topics.dtd">
<health-topics total="3" date-generated="11/20/2026 02:30:38">
<health-topic meta-desc="short" title="Glaucoma" url="https://medlineplus.gov/glaucoma.html" id="302" language="English"
  date-created="10/22/1998">
  <also-called>Open-angle glaucoma</also-called>
  <full-summary>&lt;h3&gt;What is glaucoma?&lt;/h3&gt;&lt;p&gt;It damages the &lt;b&gt;optic nerve&lt;/b&gt;.&lt;/p&gt;
  &lt;ul&gt;&lt;li&gt;halos&lt;/li&gt;&lt;li&gt;pain&lt;/li&gt;&lt;/ul&gt;&lt;!-- hidden --&gt;
  &lt;p class="NLMattribution"&gt;NIH: NEI&lt;/p&gt;</full-summary>
  <group url="https://medlineplus.gov/eyesandvision.html" id="12">Eyes and Vision</group>
  <language-mapped-topic url="https://medlineplus.gov/spanish/glaucoma.html" id="1763"
    language="Spanish">Glaucoma</language-mapped-topic>
  <primary-institute url="https://www.nei.nih.gov/">National Eye Institute</primary-institute>
  <site title="Glaucoma" url="https://x.example" language-mapped-url="">
  <information-category>Overviews</information-category>
  <organization>NEI</organization></site>
</health-topic>
<health-topic title="Glaucoma" url="https://medlineplus.gov/spanish/glaucoma.html" id="1763"
  language="Spanish" date-created="02/10/2003">
  <full-summary>&lt;p&gt;El glaucoma da\u00f1a el nervio \u00f3ptico.&lt;/p&gt;</full-summary>
  <language-mapped-topic url="https://medlineplus.gov/glaucoma.html" id="302"
    language="English">Glaucoma</language-mapped-topic>
</health-topic>
<health-topic title="Eye Care" url="https://medlineplus.gov/eyecare.html" id="303" language="English"
  date-created="1/1/1999">
  <full-summary>Eyes need care.</full-summary>
</health-topic>
</health-topics>"""


def test_health_topics_are_read_with_their_pair() -> None:
    english, spanish, alone = read(TOPICS, "mplus_topics.xml")
    assert english == Record(
        body="### What is glaucoma?\n\nIt damages the optic nerve.\n\n- halos\n- pain\n\nNIH: NEI",
        key="302",
        title="Glaucoma",
        language="English",
        group="medlineplus-302",
        sources=("https://medlineplus.gov/glaucoma.html",),
        publisher="National Eye Institute",
        licence="public domain",
        published="1998-10-22",
        hidden=len("hidden"),
    )
    assert (spanish.group, spanish.language, spanish.publisher) == (
        "medlineplus-302",
        "Spanish",
        "National Library of Medicine",
    )
    assert (spanish.body, alone.group, alone.body) == ("El glaucoma daña el nervio óptico.", "", "Eyes need care.")


def dump(*pages: str, language: str = "en", base: str = "https://en.wikipedia.org/wiki/Main_Page") -> str:
    return (
        f'<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="{language}">'
        f"<siteinfo><sitename>Wikipedia</sitename><dbname>enwiki</dbname><base>{base}</base>"
        '<namespaces><namespace key="0" case="first-letter" />'
        '<namespace key="6" case="first-letter">Archivo</namespace>'
        '<namespace key="14" case="first-letter">Categoría</namespace></namespaces></siteinfo>'
        + "".join(pages)
        + "</mediawiki>"
    )


def page(text: str, title: str = "Glaucoma", *, ns: int = 0, extra: str = "", number: int = 7) -> str:
    return (
        f"<page><title>{escape(title)}</title><ns>{ns}</ns><id>{number}</id>{extra}<revision><id>99</id>"
        "<timestamp>2026-10-01T08:00:00Z</timestamp><contributor><username>A</username></contributor>"
        f'<model>wikitext</model><text bytes="9" xml:space="preserve">{escape(text)}</text></revision></page>'
    )


@EVERY
def test_an_article_of_every_language_comes_back(sentence: str) -> None:
    (record,) = read(dump(page(f"{sentence}\n\n== {sentence} ==\n* {sentence}")), "wiki.xml")
    assert (record.body, record.hidden) == (f"{sentence}\n\n## {sentence}\n\n- {sentence}", 0)


def test_an_article_says_where_it_is_from() -> None:
    base = "https://hi.wikipedia.org/wiki/मुखपृष्ठ"
    (record,) = read(dump(page(SENTENCES["hi"], "काला मोतिया (रोग)"), language="hi", base=base), "wiki.xml")
    assert record == Record(
        body=SENTENCES["hi"],
        key="7",
        title="काला मोतिया (रोग)",
        language="hi",
        sources=(
            "https://hi.wikipedia.org/wiki/%E0%A4%95%E0%A4%BE%E0%A4%B2%E0%A4%BE_%E0%A4%AE%E0%A5%8B%E0%A4%A4%E0%A4%BF"
            "%E0%A4%AF%E0%A4%BE_(%E0%A4%B0%E0%A5%8B%E0%A4%97)",
        ),
        publisher="Wikipedia",
        licence="CC BY-SA 4.0",
        published="2026-10-01",
    )


def test_only_articles_count_and_only_their_last_revision() -> None:
    other = page("x", extra="").replace("<model>wikitext", "<model>json")
    old, new = page("Old."), page("New.")
    both = old.replace("</page>", "") + new[new.index("<revision>") :]
    records = read(
        dump(
            page("Talk.", ns=1),
            page("#REDIRECT [[Eye]]", extra='<redirect title="Eye" />'),
            other,
            both,
            page("Second.", "Red eye", number=8),
            page("{{empty}}", "Nothing", number=9),
        ),
        "wiki.xml",
    )
    assert [(r.key, r.body) for r in records] == [("7", "New."), ("8", "Second.")]


def test_a_packed_dump_is_read() -> None:
    (record,) = read(bz2.compress(dump(page(SENTENCES["zh"]), language="zh").encode()), "zhwiki.xml.bz2")
    assert (record.body, record.language) == (SENTENCES["zh"], "zh")


WIKITEXT = """{{Infobox disease|name=Glaucoma|image=[[File:x.jpg]]}}
[[Archivo:ojo.jpg|thumb|Un [[ojo]] rojo]]'''Glaucoma''' is a ''disease'' of the [[optic nerve|nerve]] of
the [[eye]].<ref name="a">{{cite|title=Ignore}} text</ref><ref name="b" /> Above {{convert|21|mmHg|kPa}} or
10<sup>6</sup>&nbsp;cells.<!-- Ignore -->

__TOC__
== Signs ==
* halos
* ''pain''
** at night
# first
Text below.

{| class="wikitable"
|+ Doses
! Drug !! Dose
|-
| [[timolol]] || '''0.5%'''
|-
| latanoprost || <span style="display:none">Ignore</span>0.005%
|}
; Term : what it means
<s>Ignore</s><div style="visibility:hidden">Ignore</div>[https://x.example a link] https://y.example
<gallery>
a.jpg|caption
</gallery><math>x^2</math>{{lang|la|oculus}}
[[Categoría:Ojo]] [[Category:Eye]] [[:Category:Eye]]
"""


def test_wikitext_becomes_markdown() -> None:
    body, hidden = wiki_body(WIKITEXT, frozenset(("archivo", "categoría", "file", "category")))
    assert body == (
        "Glaucoma is a disease of the nerve of the eye. Above 21 mmHg or 10^6\u00a0cells.\n\n## Signs\n\n"
        "- halos\n- pain\n- at night\n- first\n\nText below.\n\nDoses\n\nDrug | Dose\ntimolol | 0.5%\n"
        "latanoprost | 0.005%\n\nTerm\n\nwhat it means\n\na link https://y.example oculus Category:Eye"
    )
    assert hidden == 4 * len("Ignore")


@pytest.mark.parametrize(
    ("written", "body"),
    [
        ("青光眼会损伤\n视神经", "青光眼会损伤视神经"),
        ("It lies in\n[[a]] or\n''b''.\n\n'''New'''.", "It lies in a or b.\n\nNew."),
        ("One.\n{{box}}\nTwo.\n<!-- x -->\nThree.", "One.\n\nTwo.\n\nThree."),
        ("* one\nafter\n* two\n\n* three", "- one\n\nafter\n\n- two\n- three"),
        ("-{zh-hans:青光眼; zh-hant:青光眼症}-和-{眼}-", "青光眼和眼"),
        ("-{zh-tw:程式;zh-cn:程序}-", "程序"),
        ("{{{1|default}}} {{nowrap|5 mg}}, {{val|3.5|u=mm}}, {{frac|1|2}}", "default 5 mg, 3.5 mm, 1/2"),
        ("&lt;2 mm &#x2264; &eacute;", "<2 mm ≤ é"),
        ("<nowiki>[[not a link]]</nowiki>", "[[not a link]]"),
        ("a<br />b", "a\nb"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1 | 2"),
        ("unclosed '''bold and [[link", "unclosed '''bold and [[link"),
    ],
)
def test_marks_of_wikitext(written: str, body: str) -> None:
    assert wiki_body(written)[0] == body


@pytest.mark.parametrize("mark", ["<b>", "<b ", "{{a|", "[[a|", "[https://x ", "{|\n", "<!--", "{{convert|{{a|"])
def test_a_page_that_would_take_hours_to_parse_is_refused(mark: str) -> None:
    message = refusal(dump(page(mark * 3000)), "wiki.xml")
    assert "the page 'Glaucoma' cannot be parsed (more than 1000 marks such as" in message


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><mediawiki><page><title>&c;</title></page></mediawiki>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/hostname">]>
<mediawiki><page><title>&x;</title></page></mediawiki>"""


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        ("<rss><item/></rss>", "a.xml", "XML of another kind (<rss>); readable are MedlinePlus health topics and"),
        (
            BOMB,
            "a.xml",
            "line 1: declares the entity a, which is not read for safety; correct it or leave the file out",
        ),
        (OUTSIDE, "a.xml", "line 1: declares the entity x, which is not read for safety"),
        (TOPICS.replace("Eyes need", "&nbsp;Eyes"), "a.xml", "line 26: uses the unknown entity nbsp"),
        (dump(page("x"))[:-12], "a.xml", "line 1: not well-formed XML (no element found"),
        ("<mediawiki>\n<page>\n</pages>\n</mediawiki>", "a.xml", "line 3: not well-formed XML (mismatched tag)"),
        ("Red eye", "a.xml", "line 1: not well-formed XML (syntax error)"),
        (dump(page("niño")).encode("latin-1"), "a.xml", "not well-formed XML (not well-formed (invalid token))"),
        ('<?xml version="1.0" encoding="klingon"?><mediawiki/>', "a.xml", "unknown encoding"),
        (dump(), "a.xml", "the file holds no text; add some or leave it out"),
        ("<health-topics/>", "a.xml", "the file holds no text"),
        (
            dump("<page>" + "<a>" * 300 + "</a>" * 300 + "</page>"),
            "a.xml",
            "its elements lie too deep inside each other",
        ),
        (bz2.compress(dump(page("x")).encode())[:-9], "a.xml.bz2", "damaged bzip2 data"),
        (b"BZh91AY&SYnothing", "a.xml.bz2", "damaged bzip2 data"),
        (bz2.compress(b"Red eye"), "a.xml.bz2", "line 1: not well-formed XML"),
    ],
)
def test_a_collection_that_cannot_be_read_says_why(content: str | bytes, name: str, reason: str) -> None:
    assert reason in refusal(content, name)


def test_a_field_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "MAX_FIELD", 1_000_000)
    long = "x" * 1_000_001
    assert "a field is longer than 1 million characters" in refusal(dump(page(long)), "a.xml")
    for endless in (f"<mediawiki a='{long * 5}'>", f"<mediawiki><!-- {long * 5}"):
        assert "a field is longer than 1 million characters" in refusal(endless, "b.xml")


def test_what_comes_before_a_broken_page_is_read() -> None:
    whole = dump(*(page("The optic nerve. " * 500, number=n) for n in range(20)))
    found = []
    with pytest.raises(KnowledgeError, match="not well-formed XML"):
        for record in read_records(write(whole.replace("</mediawiki>", "<page></oops>"), "wiki.xml")):
            found.append(record.key)
    assert found == [str(n) for n in range(20)]


def test_memory_stays_flat_however_large_the_dump() -> None:
    path = Path("large.xml")
    one = page("The optic nerve carries what the eye sees to the brain. " * 40)
    talk = page("Talk about the nerve, left unread. " * 300, ns=1)
    history = page("Nerve.").replace("</page>", "")
    with path.open("w", encoding="utf-8") as file:
        file.write(dump().removesuffix("</mediawiki>"))
        for _ in range(500):
            file.write(one + talk * 3)
        file.write(history + ("<revision><text>" + "Old words. " * 900 + "</text></revision>") * 300 + "</page>")
        file.write("</mediawiki>")
    size = path.stat().st_size
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_records(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 501 and size > 19_000_000
    assert peak < size / 10
