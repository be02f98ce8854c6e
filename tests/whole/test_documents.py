"""The documents can't drift: commands, options, links and examples in them are real."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tjtools.cli.app import app
from tjtools.workspace.folder import Workspace

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = (README, ROOT / "CONTRIBUTING.md", *(ROOT / ".readme").glob("*.md"))
LIBRARY = """creative_id,filename,upload_date,dimensions,file_type,creative_type,review_status
1032530571,Sports_EN_8s.mp4,2026-11-12,1920x1080,mp4,video,approved
"""
COMMANDS = {command.name: command for command in typer.main.get_command(app).commands.values()}  # type: ignore[attr-defined]


def called(text: str) -> list[tuple[str, list[str]]]:
    """Each call of ours that a text quotes: the command, and its options."""
    spans = re.findall(r"`(tjtools [^`]+)`", " ".join(text.split()))
    return [
        (words[0], [word.split("=")[0] for word in words[1:] if word.startswith("--")])
        for span in spans
        for call in re.findall(r"tjtools ([^|&]+)", span)
        if (words := call.split()) and not words[0].startswith("-")
    ]


def test_the_readme_names_every_command_and_each_document_only_what_there_is() -> None:
    assert {command for command, _ in called(README.read_text("utf-8"))} == set(COMMANDS)
    for document in DOCUMENTS:
        for command, options in called(document.read_text("utf-8")):
            known = {option for one in COMMANDS[command].params for option in (*one.opts, *one.secondary_opts)}
            assert command == "check" or set(options) - {"--help", "--workspace", "--json"} <= known, (
                document,
                command,
            )


def test_each_link_and_picture_is_there() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)]+)\)", document.read_text("utf-8")):
            assert "://" in target or (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_readme_is_read_in_ten_minutes() -> None:
    assert len(README.read_text("utf-8").split()) <= 2500


@pytest.mark.parametrize("example", re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL))
def test_each_python_example_runs(example: str, bare_workspace: Workspace) -> None:
    bare_workspace.library.write_text(LIBRARY, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=bare_workspace.root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
