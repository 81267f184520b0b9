"""How much text there is in a language: the four tiers by which a report groups its languages.

The tiers are those of BYOL (Zamir et al., arXiv 2601.10804): up to about 5 million words of web text extreme-low, up
to 2 billion low, up to 100 billion mid, above that high. Languages stand as BYOL published them in April 2026, by their
words in FineWeb and FineWeb2 (Penedo et al., arXiv 2506.20920); romanised Hindi as FineWeb2 counts it; Hausa, which is
in neither, by CC-100 (Conneau et al., arXiv 1911.02116).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, get_args

from clara.languages import UNKNOWN, canonical

Tier = Literal["extreme-low", "low", "mid", "high"]
TIERS: tuple[Tier, ...] = get_args(Tier)
"""From the least text to the most."""

# A language that ISO 639-3 counts as several stands under the tag that people write: ar, not arb.
_HIGH = "de en es fr it ja pt ru zh"
_MID = "ar az bg bn bs ca cs da el et fa fi he hi hr hu id ko lt lv ms nb nl no pl ro sk sl sq sr sv th tr uk ur vi"
_LOW = (
    "aeb af am an anp apc ars ary arz as ast azb ba ban bar bbc be bew bho bo br bxr ce ceb cfm ckb cnh co crh crs "
    "ctd cv cy dv dz ee eo eu fil fj fo fur fy ga gd gl glk gn gsw gu ha hac haw hi-Latn hif hil hne hsb ht hy hyw iba "
    "ig ilo is jv ka kaa kab kac kha kiu kk kl km kn kpv ku ky lah lb lg li lmo ln lo lus mai mfe mg mhr mi mk ml mn "
    "mr mt mwl mww my nap nd nds ne new nn non nrm nso ny oc om or os pa pap pms ps rm rmn rmy rn rue rw sa sah sc scn "
    "sco sd sdh se si sm sn so st su sw ta te tg ti tk tn to ts tt ty tyv udm ug uz wa xh yi yo yue zea zu"
)
_TAGS: dict[Tier, str] = {"low": _LOW, "mid": _MID, "high": _HIGH}
_TIERS = {tag: name for name, tags in _TAGS.items() for tag in tags.split()}
_ALIASES = {"pbt": "ps", "pnb": "lah"}  # where the registry does not say which language of a group is the usual one


@lru_cache(maxsize=512)
def tier(language: str) -> Tier | None:
    """Return the tier of a language, given by tag or name; None for `und`.

    A script other than the usual one counts as the language, unless text in it was counted. A language of which
    the sources count no text is extreme-low. Raises InputError for what names no language.
    """
    import langcodes

    tag = canonical(language)
    if tag == UNKNOWN:
        return None
    if tag in _TIERS:
        return _TIERS[tag]
    base = langcodes.Language.get(tag).prefer_macrolanguage().language or tag
    return _TIERS.get(_ALIASES.get(base, base), "extreme-low")
