"""Names of creatives: when two are the same, and what a name by the convention tells.

The convention::

    {Language}_{Category}_{ModelSex}_{Style}_{Rating}_{Type}_{Creator}_{Duration}sec_T-{TestID}_ID-{UniqueID}.ext
    VID_…_ID-{UniqueID}-VID.mp4   IMG_…_ID-{UniqueID}-IMG.png   ORG_…_ID-{UniqueID}.mp4

Duration stands only in videos' names and the test ID only in some; older names lack model sex and style, or also
rating, type and creator, those of in-stream videos rating and creator. About half of a real library follows no
convention: such a name is kept as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from pathlib import PurePath
from typing import NamedTuple

from tjtools.model.creative import CreativeType, Medium, base_id

_MEDIUM_OF_EXTENSION = {
    "mp4": Medium.MOVING,
    "png": Medium.STILL,
    "jpg": Medium.STILL,
    "jpeg": Medium.STILL,
    "gif": Medium.STILL,
}

_ADDRESS = r"(?i)(?!file:)[a-z][a-z0-9+.-]+://"
_UNSEEN = r"[\s\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]*"  # what is copied along
_QUOTED = r"""["'“”„‘’‚«»`](.+)["'“”‘’«»`][,;]?"""

_RESERVED = r"(?is)(con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[1-9¹²³]) *(?:[.:].*)?"
_OTHER_ENDING = r"(.+)\.[A-Za-z][A-Za-z0-9]{2,3}"  # like that of `clip.m4v`

PAIR_SUFFIXES = ("horizontal", "image", "img", "poster", "rollover", "static", "thumb", "thumbnail", "vid", "video")
_WORD = r"[^\W_]+"
_BETWEEN = " _.-"  # what stands between the words of a name

CONVENTION = r"""
    (?:(?P<prefix>VID|IMG|ORG)_)?
    (?P<language>[A-Z]{2,3})_
    (?P<category>[^_]+)_
    (?:(?P<model_sex>MFT|M|F|T)_(?P<style>Anime|Real|Both)_)?
    (?:
        (?:(?P<rating>N?SFW)_|(?!N?SFW_|MFT_|[MFT]_|T-))
        (?P<content_type>[^_]+)_
        (?(rating)(?P<creator>.+?)_|(?=\d+(?:\.\d+)?sec_))  # without a rating it is an older in-stream name
    )?
    (?:(?P<duration>\d+(?:\.\d+)?)sec_)?
    (?:T-(?P<test_id>[^_]+)_)?
    ID-(?P<unique_id>[0-9A-Fa-f]{8})
    (?:-(?:VID|IMG))?
"""


class ParsedName(NamedTuple):
    """What a name by the convention tells; a part that the name lacks is None. `duration` is in seconds."""

    prefix: str | None
    language: str
    category: str
    model_sex: str | None
    style: str | None
    rating: str | None
    content_type: str | None
    creator: str | None
    duration: float | None
    test_id: str | None
    unique_id: str


def parse_name(name: str) -> ParsedName | None:
    """Read a name by the convention, with or without extension; None where it follows none.

    >>> parse_name("VID_EN_Sports_SFW_Generic_Ana_4sec_ID-99A0D7C3-VID.mp4").creator
    'Ana'
    >>> parse_name("banner 3 final") is None
    True
    """
    match = re.fullmatch(CONVENTION, stem(name), re.VERBOSE | re.DOTALL)
    if match is None:
        return None
    parts = match.groupdict()
    duration = parts.pop("duration")
    return ParsedName(**parts, duration=float(duration) if duration else None)


def made_name(parts: ParsedName, ending: str) -> str:
    """The name by the convention that tells these parts: the inverse of `parse_name` for parts without `_`.

    >>> made_name(parse_name("VID_EN_Sports_SFW_Generic_Ana_4sec_ID-99A0D7C3-VID.mp4"), "mp4")
    'VID_EN_Sports_SFW_Generic_Ana_4sec_ID-99A0D7C3-VID.mp4'
    """
    duration = "" if parts.duration is None else f"{parts.duration:g}sec"
    half = f"-{parts.prefix}" if parts.prefix in ("VID", "IMG") else ""
    told = (
        *(parts.prefix, parts.language, parts.category, parts.model_sex, parts.style, parts.rating),
        *(parts.content_type, parts.creator, duration, parts.test_id and f"T-{parts.test_id}"),
    )
    return f"{'_'.join(filter(None, told))}_ID-{parts.unique_id}{half}.{ending}"


def own_id(name: str) -> str:
    """The unique ID that a name ends in, as inventories write it; `""` where it ends in none.

    >>> own_id("VID_EN_Sports_4sec_ID-99A0D7C3-VID.mp4"), own_id("clip_ID-99A0D7C3"), own_id("GRID-99A0D7C3")
    ('ID-99A0D7C3-VID', 'ID-99A0D7C3', '')
    """
    found = re.search(r"(?<![^\W_])ID-[0-9A-Fa-f]{8}(-(VID|IMG))?\Z", stem(name))
    return found[0] if found else ""


def ad_end(name: str, unique_id: str, most: int) -> str:
    """What the name of an ad ends in when it is cut: its own unique ID or the inventory's; `""`: its Creative ID."""
    told = re.sub("^ID-", "", unique_id.strip(), flags=re.IGNORECASE)
    return own_id(name) or (f"ID-{told}" if told and len(told) < most // 2 and not is_rounded(told) else "")


def cut_names(name: str, unique_id: str, creative_id: str, most: int) -> tuple[str, ...]:
    """What a name of too many characters becomes in an ad, the one to prefer first: the last holds its Creative ID.

    >>> cut_names("EN_Sports_Summer-and-Winter-Games_8sec_ID-99A0D7C3", "", "1032530571", 40)
    ('EN_Sports_Summer-and-Winter_ID-99A0D7C3', 'EN_Sports_Summer_1032530571_ID-99A0D7C3')
    """
    end = ad_end(name, unique_id, most)
    ends = (end, f"{creative_id}_{end}") if end else (creative_id,)
    return tuple(f"{name[: most - len(each) - 1].rstrip(_BETWEEN)}_{each}" for each in ends)


def is_name_of_ad(ad: str, name: str, ids: Iterable[str], most: int) -> bool:
    """Whether an ad is called as a creative is, or as a longer name is when it is cut, with one of its IDs at the end.

    >>> is_name_of_ad("EN_Sports_Su_ID-99A0D7C3", "EN_Sports_Summer_ID-99A0D7C3.mp4", (), 24)
    True
    >>> is_name_of_ad("EN_Sports_Su_ID-99A0D7C3", "EN_Sports_Summer_ID-99A0D7C4.mp4", ("1032530571",), 24)
    False
    """
    if same_name(name, ad):
        return True
    begun, whole = as_sent(ad), stem(as_sent(name))
    for end in filter(None, (own_id(name), *ids)):
        if begun[-len(end) :].upper() == end.upper():
            begun = begun[: -len(end)].rstrip(_BETWEEN)
    return len(whole) > most and begun != as_sent(ad) and bool(begun) and whole.startswith(begun)


def _without_suffix(name: str, more: tuple[str, ...]) -> str:
    words = list(re.finditer(_WORD, name))
    told = [word[0].lower() for word in words]
    suffixes = [re.findall(_WORD, unicodedata.normalize("NFC", one).lower()) for one in (*PAIR_SUFFIXES, *more)]
    while found := next((one for one in suffixes if len(one) < len(told) and told[-len(one) :] == one), None):
        del words[-len(found) :], told[-len(found) :]
        name = name[: words[-1].end()]
    return name


def pair_key(name: str, more: tuple[str, ...] = ()) -> str:
    """What the names of a native pair share: the ID, or all but VID, IMG, the duration and a suffix, `more` ones too.

    >>> pair_key("VID_EN_New_4sec_ID-12345678-VID.mp4"), pair_key("summer vid 4sec.mp4"), pair_key("summer_thumb.png")
    ('ID 12345678', 'summer', 'summer')
    """
    whole = stem(as_sent(name))
    bare = _without_suffix(whole, more)
    if own := own_id(bare):
        return f"ID {base_id(own)}"
    bare = re.sub(
        r"(?i)(?<![a-z])(vid|img|video|image|thumb|thumbnail)(?![a-z])|(?<!\d)\d++(\.\d++)?\s?sec(?![a-z])", "", bare
    )
    return re.sub(r"[\W_]+", " ", bare).strip().lower() or whole


def pair_keys(halves: Sequence[tuple[str, Hashable]], more: tuple[str, ...] = ()) -> list[str]:
    """What each native shares with its pair's other half alone; they are told by their names and sections.

    A half of exactly the name goes before one that differs in a suffix; where several names differ so, none is taken.

    >>> pair_keys([("a", "video"), ("a_horizontal", "image"), ("b_horizontal", "image")])
    ['a', 'a', 'b']
    """
    exact = [match_key(name) for name, _ in halves]
    alike = [pair_key(name, more) for name, _ in halves]
    sides, names = defaultdict[str, set[Hashable]](set), defaultdict[tuple[str, Hashable], set[str]](set)
    for (_, side), name in zip(halves, exact, strict=True):
        sides[name].add(side)
    whole = {name for name in exact if len(sides[name]) > 1}
    for (_, side), name, like in zip(halves, exact, alike, strict=True):
        names[like, side] |= {name} - whole
    several = {like for (like, _), found in names.items() if len(found) > 1}
    return [
        like if like.startswith("ID ") or not (name in whole or like in several) else f"{name} ="
        for name, like in zip(exact, alike, strict=True)
    ]


def is_rounded(identity: str) -> bool:
    """Whether a spreadsheet took an ID for a number and rounded it; hexadecimal digits with an E among them are an ID.

    >>> is_rounded("1.23E+14"), is_rounded("12345E67")
    (True, False)
    """
    return re.fullmatch(r"\d+(?:[.,]\d+E[+-]?|E[+-])\d+", base_id(identity)) is not None


def extension(name: str) -> str:
    """The name's final extension among those that creatives have, in lower case; `""` where there is none.

    >>> extension("clip.MP4"), extension("v1.2 final")
    ('mp4', '')
    """
    _, dot, last = name.lower().rpartition(".")
    return last if dot and last in _MEDIUM_OF_EXTENSION else ""


def ending(name: str) -> str:
    """What a name ends with, whatever that is, in lower case; `""` where there is nothing.

    >>> ending("layers.PSD"), ending("notes")
    ('psd', '')
    """
    return PurePath(name).suffix.lower().lstrip(".")


def file_type(name: str) -> str:
    """The extension as the site and the tracking files write it.

    >>> file_type("photo.JPEG")
    'jpg'
    """
    return extension(name).replace("jpeg", "jpg")


def stem(name: str) -> str:
    """The name without one final extension, as the site shows it.

    >>> stem("clip.tar.png"), stem("v1.2 final")
    ('clip.tar', 'v1.2 final')
    """
    before, dot, last = name.rpartition(".")
    return before if dot and last.lower() in _MEDIUM_OF_EXTENSION else name


def match_key(name: str) -> str:
    """What two names share when they are the same name on the site: the name as it arrives, without one extension.

    >>> match_key('say "hi".mp4') == match_key("say %22hi%22")
    True
    """
    return stem(as_sent(name))


def as_shown(name: str) -> tuple[str, ...]:
    """What a card of a file of this name may be called: one extension less; what becomes of another ending, who knows.

    >>> as_shown("clip.mp4.mp4"), as_shown("clip.m4v"), as_shown("v1.2 final")
    (('clip.mp4',), ('clip.m4v', 'clip'), ('v1.2 final',))
    """
    sent = as_sent(name)
    if extension(sent):
        return (stem(sent) or sent,)
    other = re.fullmatch(_OTHER_ENDING, sent, re.DOTALL)
    return (sent, other[1]) if other else (sent,)


def same_name(one: str, other: str) -> bool:
    """Whether two names are one, as far as they tell: the site's lacks its extension, and is no other for that.

    >>> same_name("a.mp4", "a"), same_name("a.png.mp4", "a.png"), same_name("a.mp4", "a.png"), same_name("a", "b")
    (True, True, False, False)
    """
    a, b = as_sent(one), as_sent(other)
    alike = stem(a) == stem(b) and file_type(a) == file_type(b)
    return a == b or alike or b in as_shown(a) or a in as_shown(b)


def fuller(one: str, other: str) -> str:
    """Of two names that are one, the one that tells more: with an extension, or the longer.

    >>> fuller("a.gif", "a.gif.gif"), fuller("a.mp4", "a")
    ('a.gif.gif', 'a.mp4')
    """
    return one if one == other else max(one, other, key=lambda name: (bool(extension(name)), len(name)))


def is_cut(shown: str, whole: str) -> bool:
    """Whether what is shown is the beginning of a name, cut off with dots as where there was no room for it.

    >>> is_cut("VID_EN_Tra…", "VID_EN_Travel.mp4"), is_cut("VID_EN_Tra", "VID_EN_Travel.mp4"), is_cut("…", "a.mp4")
    (True, False, False)
    """
    begun = as_sent(shown).removesuffix("…").removesuffix("...")
    return bool(begun) and begun != as_sent(shown) and as_sent(whole).startswith(begun)


def meant(asked: str) -> tuple[str, ...]:
    r"""What a name that a person pasted may be, likeliest first: as it stands, without quotes, without the path before.

    An address is a name as a whole.

    >>> meant("ads/clip.mp4"), meant("https://host/clip")
    (('ads/clip.mp4', 'clip.mp4'), ('https://host/clip',))
    """
    if asked.isascii() and not re.search(r"""[\s"'`/\\]""", asked):
        return (asked,)
    bare = unquoted(asked)
    if re.match(_ADDRESS, bare):
        return tuple(dict.fromkeys((asked, bare)))
    if bare[:5].lower() == "file:":
        from urllib.parse import unquote  # rarely needed, and slow to import

        bare = unquote(bare)
    posix = [path.rstrip("/").rpartition("/")[2] for path in (asked, bare)]
    typed = re.sub(r"\\(?=[^\w\\])", "", posix[1])  # a shell has a backslash before a blank and the like
    windows = [re.split(r"[/\\]", path.rstrip("/\\"))[-1] for path in (asked, bare)]
    return tuple(dict.fromkeys(filter(None, (asked, bare, *posix, typed, *windows))))


def unquoted(text: str) -> str:
    """The text without blanks, unseen marks and quotes around it.

    >>> unquoted(" “clip 1.mp4” ")
    'clip 1.mp4'
    """
    found = re.fullmatch(rf"{_UNSEEN}(?:{_QUOTED}|(.*?)){_UNSEEN}", text, re.DOTALL)
    return (found[1] or found[2] or "") if found else text


def as_sent(name: str) -> str:
    """The name as it arrives at the site: in Unicode form NFC, with the characters that a browser rewrites."""
    if '"' in name or "\r" in name or "\n" in name:
        name = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def medium_of(filename: str, file_type: str = "", creative_type: CreativeType | None = None) -> Medium | None:
    """Whether a creative moves: by its extension, else its file type, else its creative type; None if unknown.

    >>> medium_of("a.mp4", creative_type=CreativeType.IMAGE)
    <Medium.MOVING: 'moving'>
    """
    told = extension(filename) or file_type
    return _MEDIUM_OF_EXTENSION.get(told) or (creative_type.medium if creative_type else None)


def is_source(filename: str) -> bool:
    """Whether the file is a source that was converted (`ORG_…`), which is never uploaded."""
    return filename.startswith("ORG_")


def folded(name: str) -> str:
    """What the names have in common that some disks take for one: they differ in case, or in Unicode form, alone.

    >>> folded("Promo.MP4") == folded("promo.mp4")
    True
    """
    plain = unicodedata.normalize("NFC", name).casefold()
    return unicodedata.normalize("NFC", plain)


def why_unheld(name: str) -> str:
    """Why a disk of Windows can't hold a file of this name; `""` if it can.

    >>> why_unheld("aux.mp4"), why_unheld("a?.mp4"), why_unheld("auxiliary.mp4")
    ("Windows can't hold a file called aux: rename it", "Windows can't hold a name with ?: rename it", '')
    """
    if reserved := re.fullmatch(_RESERVED, name):
        return f"Windows can't hold a file called {reserved[1]}: rename it"
    if mark := re.search(r'[<>:"/\\|?*\0-\x1f]', name):
        return f"Windows can't hold a name with {printable(mark[0])}: rename it"
    return "Windows can't hold a name that ends so: rename it" if name.endswith((".", " ")) else ""


def printable(text: str) -> str:
    r"""The text without what a terminal would take for a command, or would turn around or hide.

    >>> printable("a\x1b[31mb\u202e"), printable("café 🎬")
    ('a\\x1b[31mb\\u202e', 'café 🎬')
    """
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
