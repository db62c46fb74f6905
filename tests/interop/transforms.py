#!/usr/bin/env python3
"""Every transform in ONNX and in PyTorch: a model of it says there what `predict` says.

    python3 tests/interop/transforms.py [--lanthorn BINARY] [--torch]

A table with a column of each kind; a small model for each way to use one. Its ONNX graph is run by
onnxruntime and, with `--torch`, its model.py by PyTorch, over the cells as they stand in the table, and both are held
against `lanthorn predict`. Where a transform has no form there, the input must be named as one that
the caller prepares. Needs numpy and onnxruntime; PyTorch by the Python that TORCH_PYTHON names.
"""
import argparse
import csv
import json
import math
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

ROOT = Path(__file__).resolve().parents[2]
TOLERANCE = 2e-5

# Of each transform some ways to use it: the rules of one column.
NUMBER, GAPS, COUNT = {"column": "price"}, {"column": "gaps"}, {"column": "count"}
KIND, CODE, TAGS = {"column": "kind"}, {"column": "code"}, {"column": "tags"}
RULES = {
    "none": [NUMBER, {**GAPS, "missing": {"constant": 3}}, {**GAPS, "missing": "mean", "indicator": True}],
    "standard": [{**NUMBER, "scale": "standard"}, {**GAPS, "scale": "standard", "missing": "median"}],
    "min_max": [
        {**NUMBER, "scale": {"min_max": {"range": [-1, 1], "clip": True}}},
        {**COUNT, "scale": ["log1p", "min_max"]},
    ],
    "robust": [{**NUMBER, "scale": "robust"}],
    "max_abs": [{**NUMBER, "scale": "max_abs"}],
    "log1p": [{**COUNT, "scale": "log1p"}],
    "quantile": [{**NUMBER, "scale": "quantile"}, {**NUMBER, "scale": {"quantile": {"output_distribution": "normal"}}}],
    "label": [{**KIND, "encode": "label"}, {**KIND, "encode": "label", "unknown": "other"}],
    "one_hot": [
        {**KIND, "encode": "one_hot"},
        {**KIND, "encode": "one_hot", "unknown": "ignore"},
        {"column": "holes", "encode": "one_hot", "missing": "most_frequent"},
        {"column": "holes", "encode": "one_hot", "missing": {"constant": "none"}, "indicator": True},
    ],
    "boolean": [{"column": "flag", "encode": "boolean"}],
    "hashing": [{**CODE, "encode": {"hashing": {"num_bins": 7}}}],
    "ordinal": [{**KIND, "encode": {"ordinal": {"categories": ["small", "medium", "large"]}}}],
    "frequency": [{**KIND, "encode": "frequency"}],
    "multi_hot": [{**TAGS, "encode": {"multi_hot": {"separator": "|"}}}],
    "discretize": [{**NUMBER, "encode": {"discretize": {"num_bins": 4}}}],
    "date": [{"column": "day", "date": {"parts": ["month", "weekday"], "cyclic": True}}],
    "vector": [{"column": "triple", "vector": {"length": 3}}],
    "text": [{"column": "words", "text": {"max_tokens": 20, "output_mode": "multi_hot"}}],
}
# The picture is a file: its input is the network's.
WITHOUT_TABLE = {"image"}


def table(rows):
    chance = random.Random(3)
    for row in range(rows):
        yield {
            "price": round(chance.gauss(20, 7), 2),
            "gaps": "" if row % 5 == 2 else round(chance.gauss(0, 1), 3),
            "count": chance.randrange(200),
            "kind": chance.choice(["small", "medium", "large"]),
            "holes": "" if row % 6 == 1 else chance.choice(["red", "blue"]),
            "flag": chance.choice(["yes", "no"]),
            "code": f"{chance.randrange(40):03}",
            "tags": "|".join(sorted(chance.sample(["a", "b", "c"], chance.randrange(1, 4)))),
            "day": f"2026-{chance.randrange(1, 13):02}-{chance.randrange(1, 28):02}",
            "triple": " ".join(str(round(chance.random(), 2)) for _ in range(3)),
            "words": " ".join(chance.choices(["one", "two", "three", "four", "Five!"], k=5)),
            "y": round(chance.gauss(5, 2), 3),
        }


class Check:
    def __init__(self, arguments, folder):
        self.lanthorn = str(Path(arguments.lanthorn).resolve())
        self.with_torch, self.folder, self.failures = arguments.torch, folder, []

    def call(self, *words):
        done = subprocess.run([self.lanthorn, *words, "-q"], cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def run(self, name, rules):
        features = [rules] if rules["column"] == "count" else [rules, "count"]
        layers = [{"dense": {"units": 4, "activation": "tanh"}}, {"dense": {"units": 1}}]
        config = {
            "seed": 1,
            "data": {"train": "t.csv", "features": features, "target": {"column": "y", "scale": "standard"}},
            "model": {"layers": layers},
            "compile": {"optimizer": "adam", "loss": "mse"},
            "fit": {"epochs": 2},
        }
        (self.folder / "c.json").write_text(json.dumps(config))
        self.call("train", "c.json", "--out", f"run-{name}")
        self.call("predict", f"run-{name}", "t.csv", "-o", "ours.csv")
        with open(self.folder / "ours.csv") as file:
            ours = np.array([float(row["prediction"]) for row in csv.DictReader(file)])
        with open(self.folder / "t.csv") as file:
            rows = list(csv.DictReader(file))
        self.onnx(name, ours, rows)
        if self.with_torch:
            self.torch(name, ours)

    def onnx(self, name, ours, rows):
        self.call("export", f"run-{name}", "--to", "onnx", "-o", f"{name}.onnx", "--verify")
        session = onnxruntime.InferenceSession(self.folder / f"{name}.onnx")
        feeds = {}
        for wanted in session.get_inputs():
            if wanted.name not in rows[0] or wanted.shape[1:] != [1]:
                return print(f"  onnx: the caller prepares `{wanted.name}`, {wanted.shape}")
            cells = [row[wanted.name] for row in rows]
            if wanted.type == "tensor(string)":
                array = np.array(cells, object)
            else:
                kind = {"tensor(float)": np.float32, "tensor(double)": np.float64}[wanted.type]
                array = np.array([math.nan if cell == "" else float(cell) for cell in cells], kind)
            feeds[wanted.name] = array.reshape(-1, 1)
        theirs = session.run(None, feeds)[-1].reshape(-1)
        self.close(f"{name}: onnx", ours, theirs)

    def torch(self, name, ours):
        self.call("export", f"run-{name}", "--to", "torch", "-o", f"{name}-torch", "--verify")
        code = (
            f"import sys, csv, json; sys.path.insert(0, '{name}-torch'); import model\n"
            "rows = list(csv.DictReader(open('t.csv')))\n"
            "print(json.dumps(model.predict(rows).reshape(-1).tolist()))\n"
        )
        source = (self.folder / f"{name}-torch" / "model.py").read_text()
        of_caller = ('("prepared",)', '("given",)')
        line = next((line for line in source.splitlines() if any(step in line for step in of_caller)), None)
        python = os.environ.get("TORCH_PYTHON", sys.executable)
        done = subprocess.run([python, "-c", code], cwd=self.folder, capture_output=True, text=True)
        if line and done.returncode != 0:  # the cell itself is not taken for what is made of it
            return print(f"  torch: the caller prepares it: {line.strip()[:110]}")
        if line:
            return self.fail(f"{name}: torch", f"takes the cell as it stands: {line.strip()}")
        if done.returncode != 0:
            return self.fail(f"{name}: torch", done.stderr[-600:])
        self.close(f"{name}: torch", ours, np.array(json.loads(done.stdout)))

    def close(self, what, ours, theirs):
        difference = float(np.max(np.abs(ours - theirs)) / max(1.0, np.max(np.abs(ours))))
        if ours.shape != theirs.shape or not difference <= TOLERANCE:
            return self.fail(what, f"differ by {difference:.2g}: {ours[:3]} and {theirs[:3]}")
        print(f"  {what}: {difference:.1g}")

    def fail(self, what, why):
        print(f"  {what}: FAILED: {why}")
        self.failures.append(what)


def transforms(lanthorn):
    """The names of all scalings and encodings, as the program lists them."""
    names = set()
    for kind in ["scalings", "encodings"]:
        text = subprocess.check_output([lanthorn, "explain", kind], text=True)
        names.update(line.split()[0] for line in text.splitlines() if line.startswith("  "))
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lanthorn", default=ROOT / "target" / "release" / "lanthorn")
    parser.add_argument("--torch", action="store_true", help="model.py, too")
    arguments = parser.parse_args()
    known = transforms(arguments.lanthorn)
    assert known == set(RULES) | WITHOUT_TABLE, f"differ from RULES: {known ^ (set(RULES) | WITHOUT_TABLE)}"
    with tempfile.TemporaryDirectory() as folder:
        check = Check(arguments, Path(folder))
        rows = list(table(120))
        with open(Path(folder) / "t.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        for name, ways in RULES.items():
            for number, rules in enumerate(ways):
                print(json.dumps(rules))
                try:
                    check.run(f"{name}{number}", rules)
                except Exception as error:  # a finding, not the end
                    check.fail(f"{name}{number}", f"{type(error).__name__}: {str(error)[-700:]}")
    if check.failures:
        sys.exit(f"failed: {', '.join(check.failures)}")


if __name__ == "__main__":
    main()
