#!/usr/bin/env python3
"""Follows docs/adding-a-*.md word for word in a scratch copy of the project.

    python3 tests/adding/follow.py [docs/adding-a-loss.md ...]

A block that begins ```rust file=PATH is that file. A block ```diff file=PATH is an edit: each run of
lines with + stands after the line before it. A block ```sh is what to run: it must succeed. Prints
which files were touched, and fails where the page no longer works. Standard library only.
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
    touched = []
    for kind, name, text in BLOCK.findall(page.read_text()):
        if kind == "rust" and name:
            assert not (copy / name).exists(), f"{name} exists already"
            (copy / name).write_text(text)
            touched.append(name)
        elif kind == "diff" and name:
            edit(copy / name, text)
            touched.append(name)
        elif kind == "sh":
            for command in text.splitlines():
                print(f"  $ {command}", flush=True)
                environment = {**os.environ, "CARGO_TARGET_DIR": str(target())}
                subprocess.run(command, shell=True, check=True, cwd=copy, env=environment)
    generated = {"docs/reference.md"}
    print(f"{page.name}: {', '.join(touched)} (generated: {', '.join(sorted(generated))})")


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
    pages = [Path(name) for name in sys.argv[1:]] or sorted((ROOT / "docs").glob("adding-a-*.md"))
    assert pages, "no page to follow"
    for page in pages:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "lanthorn"
            copy.mkdir()
            files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
            for name in filter(None, files.stdout.decode().split("\0")):
                if (ROOT / name).exists():
                    (copy / name).parent.mkdir(parents=True, exist_ok=True)
                    (copy / name).write_bytes((ROOT / name).read_bytes())
            follow(page.resolve(), copy)


if __name__ == "__main__":
    main()
