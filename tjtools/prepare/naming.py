"""The words of a creative's name: what a delivered file's name and its folder tell, and how they are written in a name.

They are known by the columns of `metadata_defaults.csv`; `content_type` is the rating there, as in the inventories.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import PurePath

from tjtools.diff.duplicates import MEDIA, OTHER_MEDIA
from tjtools.model.names import ParsedName, parse_name

NEEDED = ("category_name", "model_sex", "style", "creator_name", "language", "content_type")
FIELDS = (*NEEDED, "creative_description", "test_id")
OF_ONE_FOLDER = "category_name"  # which is another in the folder beside it
TITLES = {
    "category_name": "Category",
    "creator_name": "Creator",
    "language": "Language",
    "model_sex": "Model",
    "style": "Style",
    "content_type": "Rating",
}
WORDS = {"model_sex": ("M", "F", "T", "MFT"), "style": ("Anime", "Real", "Both"), "content_type": ("SFW", "NSFW")}
_LANGUAGE = r"(?!VID|IMG|ORG|DSC|MOV|PXL|MVI|DJI)[A-Z]{2,3}"
_LONGEST = 40  # bytes of a part: the whole has to be a file's name on any disk
_ACCENTS = re.compile("[\u0300-\u036f]")
_COMPOSED = r"(?i)(.*\S) *- *(anime|real|both) *- *(\S.*)"
_OF_THREE = re.compile("-".join([r"([^-]*[^\W\d_][^-]*)"] * 3))

_UUID = r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TELLING = r"(?i)(?!v\d|[a-f]{6,}$)[^\W\d_]{2,}\d{0,2}"  # no version, number, date, size or ID
_UNTELLING = re.compile(
    r"(?i)(?:imgs?|images?|vids?|videos?|mov|movie|clip|files?|photos?|pic|picture|dsc|dscn|dscf|pxl|gopr|gx|gh|mvi|dji"
    r"|cimg|sam|pict|imag|wp|whatsapp|at|am|pm|screenshot|screen|recording|snapchat|signal|telegram|inshot|capcut|received"
    r"|download|export|output|render|final|finished|draft|new|old|copy|edit|edited|version|ver|untitled|unnamed|sequence"
    r"|comp|mp|jpg|jpeg|png|gif|webp|heic|sec|fps|hd|uhd|fullhd|horizontal|vertical|thumb|thumbnail|poster|rollover|static"
    r"|id)\d*"
)
_NO_CATEGORY = re.compile(  # what a folder of a delivery is called that is no category's
    r"(?i)\b(?:deliver(?:y|ies)|(?:up|down)load(?:s|ed)?|source|incoming|batch|session|tmp|temp|untitled|unnamed|desktop)\b"
    r"|^(?:[\W\d_]|files?|media|creatives?|new|final|documents|dropbox|drive|folder|natives?|videos?|images?|photos?"
    r"|pictures?|vid|img)*$"
)


def checked(field: str, text: str) -> str:
    """What a person wrote into a field, in the one spelling that counts; ValueError for what can't be meant.

    >>> checked("style", "real"), checked("category_name", " Big  Garden ")
    ('Real', 'Big Garden')
    """
    told = " ".join(text.split())
    known = {word.lower(): word for word in WORDS.get(field, ())}
    if known:
        if told.lower() not in known:
            raise ValueError(f"{field} is {told!r}; it is {', '.join(known.values())}")
        return known[told.lower()]
    if field == "language":
        if not re.fullmatch(_LANGUAGE, told.upper()):
            raise ValueError(f"language is {told!r}; it is a code like EN")
        return told.upper()
    if not cleaned(told):
        raise ValueError(f"{field} is {told!r}, of which no name can be made")
    return told


def cleaned(text: str) -> str:
    """A part of a name: words without blanks, accents and marks.

    >>> cleaned("Big Garden"), cleaned("José_María"), cleaned("hip-hop")
    ('BigGarden', 'JoseMaria', 'Hip-hop')
    """
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))
    words = re.findall(r"[^\W_]+(?:-[^\W_]+)*", plain)
    joined = unicodedata.normalize("NFC", "".join(word[0].upper() + word[1:] for word in words))
    return _ACCENTS.sub("", joined.encode()[:_LONGEST].decode("utf-8", "ignore")).rstrip("-")


def description_of(stem: str) -> str:
    """What a telling name says of its picture; `""` for what cameras, phones and computers call a file.

    >>> description_of("beach sunset v2"), description_of("IMG_1234"), description_of("20251113_120000")
    ('BeachSunset', '', '')
    """
    words = re.findall(r"[^\W_]+", re.sub(_UUID, " ", stem))
    telling = [one for one in words if re.fullmatch(_TELLING, one) and not _UNTELLING.fullmatch(one)]
    return cleaned(" ".join(telling)) if sum(map(len, telling)) > 2 else ""


def stem_of(name: str) -> str:
    """The name without the ending of a media file."""
    path = PurePath(name.rstrip(" ."))
    return path.stem if path.suffix.lower().lstrip(".") in MEDIA | OTHER_MEDIA else name


def by_convention(name: str) -> ParsedName | None:
    """The parts of a name by the convention, whatever it ends in."""
    return parse_name(f"{stem_of(name)}.mp4")


def told_by_name(name: str) -> dict[str, str]:
    """What a structured name tells, with an ID or without; nothing for any other.

    >>> told_by_name("EN_Sports_F_Real_SFW_Beach_Ana_12.mp4")["creator_name"]
    'Ana'
    """
    stem = stem_of(name)
    parsed = by_convention(name) or _without_id(stem)
    if parsed is None:
        return {"creative_description": said} if (said := description_of(stem)) else {}
    creator, _, rest = (parsed.creator or "").partition("_")
    told = {
        "category_name": parsed.category,
        "model_sex": parsed.model_sex,
        "style": parsed.style,
        "creator_name": creator,
        "language": parsed.language,
        "content_type": parsed.rating,
        "creative_description": parsed.content_type and cleaned(parsed.content_type),
        "test_id": parsed.test_id or re.sub(r"^\d+sec(_|$)", "", rest).removeprefix("T-"),
    }
    return _usable(told)


def _usable(told: Mapping[str, str | None]) -> dict[str, str]:
    """What a name can be made of."""
    return {field: text for field, text in told.items() if text and cleaned(text)}


def _without_id(stem: str) -> ParsedName | None:
    """The parts of a structured name that has no ID yet; None for `IMG_1234`."""
    parsed = parse_name(f"{stem}_ID-00000000.mp4")
    if not parsed or not re.fullmatch(_LANGUAGE, parsed.language) or not re.search(r"[^\W\d]", parsed.category):
        return None
    return parsed if parsed.rating or parsed.style or parsed.duration else None


def told_by_folder(name: str) -> dict[str, str]:
    """What the name of a folder tells: its category, or `Category-Style-Creator`; nothing for `delivery 3` or a date.

    Three words without a known style may mean either: category and creator are `""` then, so that a person is asked.

    >>> told_by_folder("Gaming-Anime-Bea"), told_by_folder("Kitchen-Generic-Anna")
    ({'category_name': 'Gaming', 'style': 'Anime', 'creator_name': 'Bea'}, {'category_name': '', 'creator_name': ''})
    """
    if composed := re.fullmatch(_COMPOSED, name):
        told = {"category_name": composed[1], "style": composed[2].capitalize(), "creator_name": composed[3]}
        return _usable(told)
    if _NO_CATEGORY.search(name.replace("_", " ")):
        return {}
    return dict.fromkeys(guessed_by_folder(name), "") or {"category_name": " ".join(name.split())}


def guessed_by_folder(name: str) -> dict[str, str]:
    """What the name of a folder may mean, for a person to say: nothing where it tells, or tells nothing.

    >>> guessed_by_folder("Kitchen-Generic-Anna")
    {'category_name': 'Kitchen', 'creator_name': 'Anna'}
    """
    three = None if re.fullmatch(_COMPOSED, name) else _OF_THREE.fullmatch(name)
    return {"category_name": three[1].strip(), "creator_name": three[3].strip()} if three else {}


def parts_of(fields: Mapping[str, str], unique_id: str, prefix: str | None, seconds: float | None) -> ParsedName:
    """The parts of a name by the convention."""
    part = {field: cleaned(fields.get(field, "")) for field in FIELDS}
    return ParsedName(
        prefix,
        part["language"],
        part["category_name"],
        part["model_sex"],
        part["style"],
        part["content_type"],
        part["creative_description"] or "Generic",
        part["creator_name"],
        None if seconds is None else float(max(1, round(seconds))),
        part["test_id"] or None,
        unique_id,
    )


def new_id(known: Collection[str]) -> str:
    """Eight hexadecimal digits that nobody knows, and that no spreadsheet takes for a number."""
    while True:
        found = secrets.token_hex(4).upper()
        if found not in known and re.search("[A-DF]", found):
            return found
