#!/usr/bin/env python3
"""Start-up and size: exec to exit of `--help`, of `check` without data and of the first prediction, and
the binary's size. Standard library only.

    python3 start_up.py [BINARY] [RUNS]

Milliseconds, lowest and median of RUNS (default 21) runs.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(ROOT, "target", "release", "lanthorn")
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 21


def timed(folder, *arguments):
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run([BINARY, *arguments], cwd=folder, capture_output=True, check=True)
        times.append(1e3 * (time.perf_counter() - start))
    return f"{min(times):.1f} ms ({statistics.median(times):.1f})"


with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "model.yaml"), "w") as file:
        file.write("model: {input_shape: [4], layers: [{dense: {units: 8, activation: relu}}, {dense: {units: 3}}]}\n")
    with open(os.path.join(folder, "one.csv"), "w") as file:
        file.write("age,area\n41,urban\n")
    config = os.path.join(ROOT, "configs", "loan.yaml")
    train = [BINARY, "train", config, "-q", "--out", "run", "--set", "fit.epochs=1"]
    subprocess.run(train, cwd=folder, capture_output=True, check=True)
    print(f"size           {os.path.getsize(BINARY) / 1e6:.1f} MB")
    print(f"--help         {timed(folder, '--help')}")
    print(f"check, no data {timed(folder, 'check', 'model.yaml')}")
    print(f"predict, 1 row {timed(folder, 'predict', 'run', 'one.csv')}")
