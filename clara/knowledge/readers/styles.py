"""Which styles keep text from being seen: the part of CSS that pages hide with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

Colour = tuple[int, int, int]
Declarations = Mapping[str, tuple[str, bool]]
"""Values by property, each with whether it is `!important`."""

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
_TRANSPARENT: Colour = (-1, -1, -1)

# The sixteen of HTML and what else people hide with; other names are left unjudged.
_NAMED: Mapping[str, Colour] = {
    "white": WHITE, "black": BLACK, "silver": (192, 192, 192), "gray": (128, 128, 128), "grey": (128, 128, 128),
    "red": (255, 0, 0), "maroon": (128, 0, 0), "yellow": (255, 255, 0), "olive": (128, 128, 0), "lime": (0, 255, 0),
    "green": (0, 128, 0), "aqua": (0, 255, 255), "teal": (0, 128, 128), "blue": (0, 0, 255), "navy": (0, 0, 128),
    "fuchsia": (255, 0, 255), "purple": (128, 0, 128), "snow": (255, 250, 250), "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245), "ghostwhite": (248, 248, 255), "transparent": _TRANSPARENT,
}  # fmt: skip
_SAME = 12  # of 255 in every channel: nobody reads such text
_SMALLEST = 2.0  # pixels
_FAR = -500.0  # pixels: off the screen
_SIZES = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "vw": 10.0, "vh": 10.0, "rem": 16.0}
_LENGTH = re.compile(r"(-?(?:\d+\.?\d*|\.\d+))\s*([a-z%]*)")
_HEX = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\Z")
_RGB = re.compile(r"rgba?\(([^()]*)\)")
_DECLARATION = re.compile(r"(?<![\w-])([\w-]{1,40}+)\s*+:\s*([^;{}]*)")
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_NESTED = re.compile(r"(?:^|(?<=[;{}]))[^;{}]*+\{[^{}]*\}")
_SIMPLE_SELECTOR = re.compile(r"[\w.#*\[\]=\"'^$|>+\s-]{1,200}")
_STEP = re.compile(r"\s*[>+]\s*|\s+")
_DEEPEST = 50  # blocks inside each other
_HIDING = frozenset(
    "display visibility opacity font font-size position left right top bottom text-indent margin-left margin-top clip "
    "clip-path transform width height max-height max-width overflow color background background-color "
    "content-visibility -webkit-text-fill-color filter".split()
)
_OFFSETS = ("left", "right", "top", "bottom")


def declarations(text: str) -> Declarations:
    """Return the declarations of a style attribute or a rule's block that can hide text."""
    found: dict[str, tuple[str, bool]] = {}
    for name, value in _DECLARATION.findall(_plain(text)):
        value, _, mark = value.lower().partition("!")
        if name.lower() in _HIDING:
            found[name.lower()] = (" ".join(value.split()), mark.strip() == "important")
    return found


def style_rules(sheet: str) -> Iterator[tuple[str, int, Declarations]]:
    """Yield (selector, specificity, declarations) of a style sheet's rules that can hide text on a screen.

    Only selectors of names, classes, ids and attributes: no states such as `:hover`, no `~`, at most four steps.
    """
    css = _plain(sheet)
    opened: list[tuple[str, int]] = []
    at = 0
    for brace in re.finditer(r"[{}]|\Z", css):
        if brace.group() == "{":
            opened.append((css[at : brace.start()].rpartition(";")[2].strip(), brace.end()))
        while opened and brace.group() != "{":  # the end of the sheet closes all that is open
            prelude, start = opened.pop()
            if not prelude.startswith("@") and len(opened) < _DEEPEST and all(_on_screen(outer) for outer, _ in opened):
                yield from _rule(prelude, _NESTED.sub("", css[start : brace.start()]))
            if brace.group():
                break
        at = brace.end()


def _rule(prelude: str, block: str) -> Iterator[tuple[str, int, Declarations]]:
    if not (found := declarations(block)):
        return
    for selector in (part.strip() for part in prelude.split(",")):
        if _SIMPLE_SELECTOR.fullmatch(selector) and len(_STEP.findall(selector)) <= 3:
            names = len(re.findall(r"(?:^|[\s>+~])[a-zA-Z]", selector))
            specificity = 10_000 * selector.count("#") + 100 * (selector.count(".") + selector.count("["))
            yield selector, specificity + names, found


def _on_screen(prelude: str) -> bool:
    if not prelude.startswith("@"):
        return False
    name, _, condition = prelude[1:].partition(" ")
    return name in ("layer", "supports") or (name == "media" and condition.strip().lower() in ("", "all", "screen"))


def _plain(css: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = int(match.group(1), 16) if match.group(1) else 0
        return chr(code) if 0 < code < 0xD800 else match.group(2) or ""

    return _ESCAPE.sub(character, _COMMENT.sub(" ", css))


def colour(value: str) -> Colour | None:
    """Return a CSS colour as red, green and blue (0-255, each -1 where it shows nothing); None if it is not known."""
    value = value.strip().lower()
    if digits := _HEX.match(value):
        text = digits.group(1)
        wide = text if len(text) > 4 else "".join(2 * c for c in text)
        if len(wide) == 8 and int(wide[6:], 16) < 13:
            return _TRANSPARENT
        return int(wide[:2], 16), int(wide[2:4], 16), int(wide[4:6], 16)
    if numbers := _RGB.match(value):
        parts = _LENGTH.findall(numbers.group(1))
        if len(parts) < 3:
            return None
        levels = [float(number) * (2.55 if unit == "%" else 1) for number, unit in parts[:3]]
        alpha = float(parts[3][0]) / (100 if parts[3][1] == "%" else 1) if len(parts) > 3 else 1.0
        return _TRANSPARENT if alpha < 0.05 else (round(levels[0]), round(levels[1]), round(levels[2]))
    return _NAMED.get(value)


def same_colour(a: Colour | None, b: Colour | None) -> bool:
    """Whether text of one colour cannot be read on the other. A colour that is not known is taken to be readable."""
    return a is not None and b is not None and all(abs(x - y) <= _SAME for x, y in zip(a, b, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How text looks at one place of a page, as far as it decides whether it is seen. `size_px` is the font's."""

    shown: bool = True
    visible: bool = True
    colour: Colour | None = BLACK
    background: Colour | None = WHITE
    size_px: float = 16.0

    @property
    def seen(self) -> bool:
        """Whether text here is seen."""
        readable = self.colour != _TRANSPARENT and not same_colour(self.colour, self.background)
        return self.shown and self.visible and self.size_px >= _SMALLEST and readable

    def within(self, style: Mapping[str, str]) -> Look:
        """Return the look inside an element with these declarations."""
        if not style:
            return self
        look = self
        if "visibility" in style:
            look = replace(look, visible=style["visibility"] not in ("hidden", "collapse"))
        if size := style.get("font-size") or style.get("font"):
            look = replace(look, size_px=_font_size(size, look.size_px, shorthand="font-size" not in style))
        if ink := style.get("-webkit-text-fill-color") or style.get("color"):
            look = look if ink in ("inherit", "currentcolor") else replace(look, colour=colour(ink))
        ground = _background(style)
        if ground != _TRANSPARENT:
            look = replace(look, background=ground)
        return replace(look, shown=look.shown and not _gone(style, look.size_px))


def inline_look(attributes: Mapping[str, str | None]) -> Look:
    """Return the look that an element's own attributes give it on an ordinary page."""
    return Look().within(own_style(attributes))


def own_style(attributes: Mapping[str, str | None]) -> dict[str, str]:
    """Return what an element's own attributes declare; the attributes `hidden` and `aria-hidden` as `display`."""
    style: dict[str, str] = {}
    if "hidden" in attributes:
        style["display"] = "none"
    if attributes.get("color"):
        style["color"] = str(attributes["color"]).lower()
    if attributes.get("bgcolor"):
        style["background-color"] = str(attributes["bgcolor"]).lower()
    style |= {name: value for name, (value, _) in declarations(attributes.get("style") or "").items()}
    if (attributes.get("aria-hidden") or "").strip().lower() == "true":
        style["display"] = "none"
    return style


def _background(style: Mapping[str, str]) -> Colour | None:
    given = style.get("background-color") or style.get("background")
    if given is None:
        return _TRANSPARENT  # what lies behind shows through
    known = [found for word in re.findall(r"[^\s(]+(?:\([^()]*\))?", given) if (found := colour(word)) is not None]
    image = style.get("background", "")
    if "url(" in image or "gradient" in image or (not known and given not in ("none", "inherit", "initial", "unset")):
        return None
    return known[0] if known else _TRANSPARENT


def _font_size(value: str, inherited: float, *, shorthand: bool) -> float:
    if shorthand:  # "italic 0/0 serif": the size is the first length
        found = re.search(r"(?:^|\s)(-?[\d.]+[a-z%]*)(?:\s*/|\s)", value)
        return _pixels(found.group(1), inherited) if found else inherited
    return _pixels(value, inherited) if value[:1] in "0123456789." else inherited


def _pixels(value: str, font_px: float) -> float:
    match = _LENGTH.match(value)
    if not match:
        return 0.0 if value.startswith("0") else font_px
    number, unit = float(match.group(1)), match.group(2)
    if unit in ("em", "ex", "ch"):
        return number * font_px
    return number * (font_px / 100 if unit == "%" else _SIZES.get(unit, 1.0))


def _number(style: Mapping[str, str], name: str, font_px: float) -> float | None:
    match = _LENGTH.match(style.get(name, ""))
    return _pixels(match.group(), font_px) if match else None


def _gone(style: Mapping[str, str], font_px: float) -> bool:
    """Whether an element and all that is in it is not shown, whatever the elements inside say."""
    if style.get("display") == "none" or style.get("content-visibility") == "hidden":
        return True
    opacity = _LENGTH.match(style.get("opacity", "1"))
    if opacity and float(opacity.group(1)) / (100 if opacity.group(2) == "%" else 1) < 0.05:
        return True
    if re.search(r"opacity\(\s*0(?:\.0+)?%?\s*\)", style.get("filter", "")):
        return True
    placed = style.get("position") in ("absolute", "fixed", "relative")
    moved = [*(_OFFSETS if placed else ()), "text-indent", "margin-left", "margin-top"]
    if any((_number(style, name, font_px) or 0.0) <= _FAR for name in moved):
        return True
    transform = style.get("transform", "")
    if re.search(r"scale[xy]?\(\s*0[\s,)]", transform) or any(
        _pixels(length, font_px) <= _FAR for length in re.findall(r"-[\d.]+[a-z]+", transform)
    ):
        return True
    return _clipped(style, font_px)


def _clipped(style: Mapping[str, str], font_px: float) -> bool:
    rectangle = re.match(r"rect\(([^()]*)\)", style.get("clip", ""))
    if rectangle and all(abs(float(number)) <= 1 for number, _ in _LENGTH.findall(rectangle.group(1))):
        return True
    inset = re.match(r"inset\(\s*([\d.]+)%", style.get("clip-path", ""))
    if inset and float(inset.group(1)) >= 50:
        return True
    sizes = [_number(style, name, font_px) for name in ("width", "height", "max-width", "max-height")]
    return style.get("overflow") in ("hidden", "clip") and any(size is not None and size <= 1 for size in sizes)
