"""The words of a name: what a file's name, its folder and `metadata_defaults.csv` tell, and how a name is made of them.

They are known by the columns of that file; `content_type` is the rating there, as in the inventories. The deepest
folder wins: a row's `folder_path` is a whole path, or the end of one. `Sports` is each folder of a delivery that is
called so, `delivery 3/Sports` the one in `delivery 3`; an empty one, or `.`, is all. Lines that begin with `#` are
comments.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePath
from typing import NamedTuple

from tjtools.diff.duplicates import MEDIA, OTHER_MEDIA
from tjtools.model.names import ParsedName, ending, folded, parse_name
from tjtools.workspace.csvfile import BadLine, Form, line_of, quarantine, read_records, text_of
from tjtools.workspace.disk import Seen, locked, replace_file
from tjtools.workspace.folder import Workspace

NEEDED = ("category_name", "model_sex", "style", "creator_name", "language", "content_type")
FIELDS = (*NEEDED, "creative_description", "test_id")
COLUMNS = ("folder_path", *FIELDS)
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
_LETTERS = str.maketrans({  # of Latin alphabets, that are no letter with an accent
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ı": "i",
})  # fmt: skip
_COMPOSED = r"(?i)(.*\S) *- *(anime|real|both) *- *(\S.*)"
_OF_THREE = re.compile("-".join([r"([^-]*[^\W\d_][^-]*)"] * 3))

_COMMENT = re.compile(r'^[ \t"]*#.*', re.MULTILINE)  # a spreadsheet puts it into quotes
_REMEDY = "Correct its first line, or move it away: what it told is asked anew."

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

    >>> cleaned("Big Garden"), cleaned("José_María"), cleaned("hip-hop"), cleaned("Søren Weiß")
    ('BigGarden', 'JoseMaria', 'Hip-hop', 'SorenWeiss')
    """
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text))).translate(_LETTERS)
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
    name_alone = name.rstrip(" .")
    return PurePath(name_alone).stem if ending(name_alone) in MEDIA | OTHER_MEDIA else name


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


class Defaults(NamedTuple):
    """What the file tells: rows and comments by their lines, bad lines, and the header, which is at `first`."""

    path: Path
    rows: Mapping[int, Mapping[str, str]] = {}
    comments: Mapping[int, str] = {}
    bad: tuple[BadLine, ...] = ()
    header: tuple[str, ...] = COLUMNS
    first: int = 1
    seen: Seen = Seen()

    @classmethod
    def load(cls, workspace: Workspace) -> Defaults:
        """Read it; a missing file tells nothing. Raises WrongHeader, NotText and TrackingFileError."""
        path = workspace.defaults
        seen, data, _ = Seen().follow(path)
        text = text_of(data, path, _REMEDY)[0].replace("\r\n", "\n")
        comments = {
            text.count("\n", 0, found.start()) + 1: found[0].strip('" \t,;') for found in _COMMENT.finditer(text)
        }
        bare = _COMMENT.sub("", text)
        records = read_records(bare.encode(), path, ("folder_path",), _REMEDY)
        form = records.form or Form(COLUMNS)
        rows, bad = dict[int, dict[str, str]](), []
        for line, fields in records:
            row = dict(zip(form.header, fields, strict=True))
            try:
                rows[line] = row | {name: checked(name, row[name]) for name in FIELDS if row.get(name, "").strip()}
            except ValueError as error:
                bad.append(BadLine(line, str(error), records.text))
        bad = sorted([*bad, *records.bad], key=lambda one: one.line)
        header = (*form.header, *(name for name in COLUMNS if name not in form.header))
        first = bare.count("\n", 0, len(bare) - len(bare.lstrip())) + 1
        first += first in comments  # where nothing else is there
        return cls(path, rows, comments, tuple(bad), header, first, seen)

    def of(self, folder: Path, *, above: bool = False) -> dict[str, str]:
        """What it tells of one folder itself, of none around it; `above` a delivery: by whole paths only."""
        here, found = _parts(str(folder)), list[tuple[int, Mapping[str, str]]]()
        for row in self.rows.values():
            told = _parts(row["folder_path"])
            if told and here[-len(told) :] == told and not (above and len(told) < len(here)):
                found.append((len(told), row))
        found.sort(key=lambda one: one[0])
        return {name: value for _, row in found for name, value in _told(row)}

    @property
    def everywhere(self) -> dict[str, str]:
        """What it tells of all folders."""
        return {
            name: value for row in self.rows.values() if not _parts(row["folder_path"]) for name, value in _told(row)
        }

    def save(self, answers: Mapping[str, Mapping[str, str]], *, now: datetime) -> None:
        """Write down what was answered for each folder, with comments and other rows as they are, and a backup.

        Lines that can't be used are moved to the quarantine file. Raises TrackingFileError.
        """
        rows = {**self.rows}
        left = {f"./{folder}" if _COMMENT.match(folder) else folder: told for folder, told in answers.items()}
        for line, row in self.rows.items():
            if answer := left.pop(row["folder_path"].strip(), None):
                rows[line] = {**row, **answer}
        rows |= {10**9 + number: {"folder_path": folder, **told} for number, (folder, told) in enumerate(left.items())}
        lines = {line: line_of([row.get(name, "") for name in self.header]) for line, row in rows.items()}
        lines |= {self.first: line_of(self.header), **{at: f"{text}\n" for at, text in self.comments.items()}}
        whole = "".join(lines[at] for at in sorted(lines))
        with locked(self.path):
            quarantine(self.path, self.bad)
            replace_file(self.path, whole.encode(), seen=self.seen, backup=now)


def _told(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((name, row[name]) for name in FIELDS if row.get(name, "").strip())


def _parts(path: str) -> list[str]:
    bare = PurePath(path.strip().replace("\\", "/"))
    return [folded(part) for part in bare.parts if part != "."]
