"""Break each guarantee on purpose, one at a time, and see its tests fail: `python tests/mutants/run.py [NAME …]`.

The tree is copied to a temporary folder, and the copy is tested, child processes too. First the tests run unmutated
and must pass; then each mutant is applied, its tests must fail by an assertion, and it is taken back. Without names,
all of `table.py`. Ends with 1 where a mutant survives or its tests do not pass without it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import cache_from_source
from pathlib import Path
from xml.etree import ElementTree as ET

sys.path.insert(0, str(Path(__file__).parents[1]))

from mutants.table import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
_SUFFIXES = {".py", ".js", ".toml"}
_NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".hypothesis", ".*_cache", "*.egg-info")
_ASSERTED = re.compile(r"AssertionError|assert |Failed: DID NOT RAISE")


def sources(root: Path) -> dict[Path, str]:
    """The texts of the package, by path."""
    found = (path for path in sorted((root / "tjtools").rglob("*")) if path.suffix in _SUFFIXES)
    return {path: path.read_text("utf-8") for path in found}


def tests(root: Path) -> dict[str, list[str]]:
    """The tests by their functions' names, as pytest is told of them."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        for name in re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE):
            found.setdefault(name, []).append(f"{path.relative_to(root)}::{name}")
    return found


def drift(root: Path, mutants: Sequence[Mutant]) -> list[str]:
    """What of the mutants no longer fits the tree, in words."""
    texts, there = sources(root).values(), tests(root)
    snippets = (
        (mutant.name, old, sum(text.count(old) for text in texts)) for mutant in mutants for old, _ in mutant.edits
    )
    told = [f"{name}: {old!r} stands {count} times below tjtools/" for name, old, count in snippets if count != 1]
    named = ((mutant.name, test, there.get(test, [])) for mutant in mutants for test in mutant.tests)
    return told + [f"{name}: {len(found)} tests are called {test}" for name, test, found in named if len(found) != 1]


@contextmanager
def applied(root: Path, mutant: Mutant) -> Iterator[None]:
    """The copy with the mutant in it; what Python has compiled of its files goes before and after."""
    before: dict[Path, str] = {}
    try:
        for old, new in mutant.edits:
            [path] = [path for path, text in sources(root).items() if old in text]
            text = path.read_text("utf-8")
            before.setdefault(path, text)
            _put(path, text.replace(old, new))
        yield
    finally:
        for path, text in before.items():
            _put(path, text)


def _put(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    Path(cache_from_source(str(path))).unlink(missing_ok=True)


def environment(root: Path) -> dict[str, str]:
    """The copy goes before the editable install, in every process."""
    return os.environ | {"PYTHONPATH": str(root)}


def check_copy(root: Path) -> None:
    """Stop where a process elsewhere would import another tree than the copy."""
    command = [sys.executable, "-c", "import tjtools; print(tjtools.__file__)"]
    told = subprocess.check_output(command, text=True, cwd=root.parent, env=environment(root)).strip()
    if not Path(told).is_relative_to(root):
        sys.exit(f"{told} would be tested in place of the copy in {root}.")


def run_tests(root: Path, names: Sequence[str]) -> tuple[int, list[str]]:
    """pytest's exit code, and the message of each test that failed."""
    report = root / "report.xml"
    report.unlink(missing_ok=True)
    there = tests(root)
    asked = [test for name in dict.fromkeys(names) for test in there[name]]
    command = [sys.executable, "-m", "pytest", "-n", "0", "-x", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, f"--junitxml={report}", *asked],
        cwd=root, env=environment(root), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if not report.exists():
        return done.returncode, [f"pytest told nothing: {done.stdout[-2000:]}{done.stderr[-2000:]}"]
    bad = [one for case in ET.parse(report).iter("testcase") for one in case if one.tag in ("failure", "error")]  # noqa: S314 (our own)
    return done.returncode, [f"{'error: ' if one.tag == 'error' else ''}{one.get('message', '')}" for one in bad]


def fate(root: Path, mutant: Mutant) -> tuple[bool, str]:
    """Whether a mutant died, and of what."""
    with applied(root, mutant):
        code, messages = run_tests(root, mutant.tests)
    told = " ".join(messages[0].split())[:90] if messages else ""
    if code == 0:
        return False, "SURVIVED"
    return (True, told) if any(map(_ASSERTED.match, messages)) else (False, f"NO ASSERTION FAILED: {told}")


def main(names: Sequence[str]) -> int:
    """Run the mutants of these names, or all."""
    unknown = set(names) - {mutant.name for mutant in MUTANTS}
    if unknown:
        sys.exit(f"There is no mutant called {', '.join(sorted(unknown))}.")
    mutants = [mutant for mutant in MUTANTS if mutant.name in names or not names]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        root = Path(folder).resolve() / "tree"
        shutil.copytree(ROOT, root, ignore=_NOT_COPIED)
        check_copy(root)
        if wrong := drift(root, mutants):
            sys.exit("\n".join(wrong))
        code, messages = run_tests(root, [name for mutant in mutants for name in mutant.tests])
        if code:
            sys.exit("The tests do not pass without a mutant: " + "\n".join(messages))
        sys.stdout.write(f"{len(mutants)} mutants; their tests pass without them.\n\n")
        survivors = 0
        for mutant in mutants:
            began = time.monotonic()
            died, told = fate(root, mutant)
            survivors += not died
            sys.stdout.write(
                f"{mutant.name:32} {'died' if died else '    '} {time.monotonic() - began:4.0f} s  {told}\n"
            )
            sys.stdout.flush()
        sys.stdout.write(f"\n{len(mutants) - survivors} of {len(mutants)} died.\n")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
