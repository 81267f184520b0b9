"""The styles that keep text from being seen."""

from __future__ import annotations

import pytest

from clara.knowledge.readers.styles import WHITE, colour, declarations, inline_look, same_colour, style_rules

UNSEEN = [
    *(
        "display:none",
        "DISPLAY : NONE !important",
        "visibility:hidden",
        "visibility: collapse",
        "opacity:0",
        "opacity: 0.01",
    ),
    *("opacity:0%", "font-size:0", "font-size:1px", "font-size: 0.05em", "font: 0/0 serif", "font:italic 1px serif"),
    *("position:absolute;left:-9999px", "position:fixed; top:-100em", "text-indent:-9999px", "margin-left:-99999px"),
    *("transform: translateX(-9999px)", "transform:scale(0)", "clip:rect(0,0,0,0)", "clip: rect(1px, 1px, 1px, 1px)"),
    *(
        "clip-path: inset(50%)",
        "height:0;overflow:hidden",
        "max-height:1px; overflow:hidden",
        "content-visibility:hidden",
    ),
    *(
        "filter: opacity(0)",
        "color:transparent",
        "color:rgba(0,0,0,0)",
        "color:#0000",
        "-webkit-text-fill-color:transparent",
    ),
    *(
        "color:white",
        "color:#fff",
        "color:#FEFEFE",
        "color: rgb(250, 250, 252)",
        "color: rgb(100%,100%,100%)",
        "color:snow",
    ),
    *(
        "color:#123456;background:#123457",
        "background-color:black",
        "color:red;background:url() red",
        "dis/**/play:none",
    ),
    *("d\\69splay:none", "di\\splay:none", "color:#333;display:none"),
]
UNSEEN.remove("color:red;background:url() red")  # a picture: what lies behind the text is not known
UNSEEN.remove("dis/**/play:none")  # no browser joins that
SEEN = [
    *(
        "",
        "display:block",
        "opacity:0.4",
        "font-size:9px",
        "font-size:80%",
        "font-size:small",
        "color:#333",
        "color:white;",
    ),
    *(
        "left:-9999px",
        "position:absolute;left:-5px",
        "text-indent:-2em",
        "margin-left:-20px",
        "transform:rotate(-10deg)",
    ),
    *("color:white;background:black", "color:#fff;background-color:#036", "color:white;background:url(sky.png)"),
    *(
        "color:white;background:linear-gradient(red,blue)",
        "color:var(--ink)",
        "color:inherit",
        "clip:rect(0,99px,20px,0)",
    ),
    *("height:0", "overflow:hidden", "color:rebeccapurple", "background:none", "font:12px/1.5 serif", "colour:white"),
]
SEEN.remove("color:white;")  # white on a white page


@pytest.mark.parametrize("style", UNSEEN)
def test_a_style_that_hides_text_is_known(style: str) -> None:
    assert not inline_look({"style": style}).seen


@pytest.mark.parametrize("style", SEEN)
def test_a_style_that_shows_text_hides_nothing(style: str) -> None:
    assert inline_look({"style": style}).seen


@pytest.mark.parametrize(
    ("attributes", "seen"),
    [
        ({}, True),
        ({"hidden": None}, False),
        ({"hidden": "until-found"}, False),
        ({"aria-hidden": "true"}, False),
        ({"aria-hidden": "false"}, True),
        ({"aria-hidden": "true", "style": "display:block"}, False),
        ({"color": "white"}, False),
        ({"color": "white", "bgcolor": "#000000"}, True),
        ({"style": None}, True),
    ],
)
def test_attributes_hide_too(attributes: dict[str, str | None], seen: bool) -> None:
    assert inline_look(attributes).seen is seen


def test_the_look_is_handed_down_as_browsers_do() -> None:
    hidden = inline_look({"style": "visibility:hidden"})
    assert hidden.within({"visibility": "visible"}).seen  # may be turned on again inside
    assert not inline_look({"style": "display:none"}).within({"display": "block"}).seen  # may not
    assert inline_look({"style": "font-size:0"}).within({"font-size": "12px"}).seen
    assert not inline_look({"style": "font-size:0"}).within({"font-size": "2em"}).seen
    assert inline_look({"style": "color:white"}).within({"background-color": "black"}).seen
    assert inline_look({"style": "background:#000"}).within({"color": "#fff", "background": "none"}).seen


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("#abc", (170, 187, 204)),
        ("#0a0b0cff", (10, 11, 12)),
        ("rgb(1 2 3 / 50%)", (1, 2, 3)),
        ("rgba(1,2,3,.9)", (1, 2, 3)),
        (" Navy ", (0, 0, 128)),
        ("#12", None),
        ("rgb(1,2)", None),
        ("hsl(0 0% 100%)", None),
        ("", None),
    ],
)
def test_colours(value: str, found: tuple[int, int, int] | None) -> None:
    assert colour(value) == found


def test_colours_are_the_same_when_nobody_could_read_one_on_the_other() -> None:
    assert same_colour((250, 255, 245), WHITE) and not same_colour((230, 255, 255), WHITE)
    assert not same_colour(None, WHITE) and not same_colour(WHITE, None)


def test_rules_are_those_that_apply_on_a_screen() -> None:
    sheet = """
    /* .comment { display: none } */ @import url("other.css"); @charset "utf-8";
    .a, p > .b{display:none} #c { color: #fff !important }
    .d { margin: 0 } .e:hover, .f::before { display: none } @font-face { font-family: x; src: url(x) }
    @media print { .g { display: none } } @media screen { .h { opacity: 0 } } @media (width<9em) { .i{opacity:0} }
    @supports (display: grid) { .j { display: none } } @keyframes k { from { opacity: 0 } to { opacity: 1 } }
    .l { color: red; &:hover { display: none } .m { display: none } } a b c d e f { display: none }
    .n { display: none
    """
    rules = {selector: dict(found) for selector, _, found in style_rules(sheet)}
    gone = {"display": ("none", False)}
    assert rules == {
        ".a": gone,
        "p > .b": gone,
        "#c": {"color": ("#fff", True)},
        ".h": {"opacity": ("0", False)},
        ".j": gone,
        ".l": {"color": ("red", False)},
        ".n": gone,
    }


def test_an_id_outweighs_a_class_and_a_class_a_name() -> None:
    weights = {s: weight for s, weight, _ in style_rules("#a, .a.b, .a, p .a, p, p a {display:none}")}
    assert sorted(weights, key=lambda s: weights[s]) == ["p", "p a", ".a", "p .a", ".a.b", "#a"]


def test_of_two_declarations_the_last_counts() -> None:
    assert declarations("display:none;display:block")["display"] == ("block", False)
    assert not declarations("margin:0; nothing; : ; ;")
