#!/usr/bin/env python3
"""Follows docs/adding-a*.md word for word, in one scratch copy of the project.

    python3 tests/adding/follow.py [docs/adding-a-loss.md ...]

A block that begins ```rust file=PATH is that file. A block ```diff file=PATH is an edit: each run of
lines with + stands after the line before it. A block ```sh is what to run, once all pages have been
followed. Prints which files each page touches, and fails where one no longer works. Standard library
only.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.M | re.S)


def follow(page, copy):
    """Makes the page's files and edits; gives its commands."""
    touched, commands = [], []
    for kind, name, text in BLOCK.findall(page.read_text()):
        if kind == "rust" and name:
            assert not (copy / name).exists(), f"{name} exists already"
            (copy / name).write_text(text)
            touched.append(name)
        elif kind == "diff" and name:
            edit(copy / name, text)
            touched.append(name)
        elif kind == "sh":
            commands += text.splitlines()
    print(f"{page.name}: {', '.join(touched)}")
    return commands


def run(command, copy):
    print(f"$ {command}", flush=True)
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target())}
    subprocess.run(command, shell=True, check=True, cwd=copy, env=environment)


def edit(path, text):
    lines = path.read_text().splitlines()
    place = None
    for line in text.splitlines():
        if line.startswith("+"):
            place += 1
            lines.insert(place, line[1:])
        else:
            wanted = line[1:] if line.startswith(" ") else line
            found = [i for i, have in enumerate(lines) if have == wanted]
            assert len(found) == 1, f"{path}: `{wanted}` stands {len(found)} times"
            place = found[0]
    path.write_text("\n".join(lines) + "\n")


def target():
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()


def main():
    pages = [Path(name) for name in sys.argv[1:]] or sorted((ROOT / "docs").glob("adding-a*.md"))
    assert pages, "no page to follow"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "lanthorn"
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
        for name in filter(None, files.stdout.decode().split("\0")):
            if (ROOT / name).exists():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                (copy / name).write_bytes((ROOT / name).read_bytes())
        commands = [command for page in pages for command in follow(page.resolve(), copy)]
        for command in dict.fromkeys(commands):
            run(command, copy)


if __name__ == "__main__":
    main()
