#!/usr/bin/env python3
"""Models in use: microseconds a call of 1, 8, 64 and 1,024 rows, ours in process beside ONNX Runtime.

    cargo build --release && cargo bench --no-run --bench predictor
    VENV/bin/python inference.py [--only N1,S3] [--random 5 --seed 1] [--markdown]

Needs numpy and onnxruntime. Each model of the second suite is trained for an epoch of three steps and
exported with its preprocessing, an input a column, which a table of thousands of columns pays for; both
sides then run as many threads as there are cores, one after the other, and the ratio says how many times
as long ONNX Runtime takes. Ours is given rows of numbers that are prepared. Ids and numbers are drawn as in training.
"""
import argparse
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
TARGET = os.path.join(os.path.dirname(os.path.dirname(HERE)), "target", "release")
ROWS = [1, 8, 64, 1024]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.path.join(TARGET, "lanthorn"))
    parser.add_argument("--only", default="", help="the first words of names, separated by commas")
    parser.add_argument("--random", type=int, default=0, help="how many random models")
    parser.add_argument("--seed", type=int, default=1, help="the first seed of them")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def main():
    args = arguments()
    sys.argv = [sys.argv[0], "--steps", "3", "--epochs", "1"]
    import models
    import second

    chosen = [word for word in args.only.split(",") if word]
    suite = [model for model in models.MODELS if not chosen or model[0].split()[0] in chosen]
    suite += [models.random_model(args.seed + i) for i in range(args.random)]
    benches = sorted(glob.glob(os.path.join(TARGET, "deps", "predictor-*")), key=os.path.getmtime)
    bench = [path for path in benches if os.access(path, os.X_OK) and not path.endswith(".d")][-1]
    print(f"{second.processor()}; us a call of ours, and ONNX Runtime's / ours")
    header = ["model"] + [f"{rows} rows" for rows in ROWS]
    bar = " | " if args.markdown else "  "
    print(bar.join(header) + ("\n" + "|".join(["---"] * len(header)) if args.markdown else ""), flush=True)
    ratios = []
    for model in suite:
        with tempfile.TemporaryDirectory(prefix="lanthorn-inference-") as folder:
            second.write(folder, model)
            run = os.path.join(folder, "run")
            quiet = {"cwd": folder, "check": True, "capture_output": True}
            subprocess.run([args.binary, "train", "m.json", "-q", "--out", run], **quiet)
            subprocess.run([args.binary, "export", run, "--to", "onnx", "-o", "m.onnx"], **quiet)
            ours = json.loads(subprocess.run([bench, run], **quiet).stdout.decode().splitlines()[-1])["us"]
            theirs = onnx_runtime(os.path.join(folder, "m.onnx"), model)
        cells = [model[0]]
        for rows in ROWS:
            us = ours[str(rows)]
            ratios.append(theirs[rows] / us)
            cells.append(f"{us:.4g} ({theirs[rows] / us:.2f})")
        print(bar.join(cells), flush=True)
    print(f"geometric mean of the ratios: {statistics.geometric_mean(ratios):.2f}, least {min(ratios):.2f}")


def onnx_runtime(path, model):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    draw, us = np.random.default_rng(1), {}
    for rows in ROWS:
        feed = {one.name: made(one, rows, model, draw) for one in session.get_inputs()}
        us[rows] = 1e6 * fastest(lambda: session.run(None, feed))
    return us


def made(one, rows, model, draw):
    """An input of a session: numbers, or ids where the model looks them up."""
    shape = [axis if isinstance(axis, int) and i else rows for i, axis in enumerate(one.shape)]
    high = int(model[4].split()[1]) if model[4].startswith("ids") else 10
    kind = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(double)": np.float64}
    return draw.integers(0, high, shape).astype(kind.get(one.type, np.float32))


def fastest(run):
    """Seconds of one call: the least of the means of groups, as the bench of ours has it."""
    start = time.perf_counter()
    run()
    once = max(time.perf_counter() - start, 1e-9)
    calls = int(min(max(0.02 / once, 1), 10_000))
    groups = int(min(max(0.5 / (once * calls), 3), 25))
    least = float("inf")
    for _ in range(groups):
        start = time.perf_counter()
        for _ in range(calls):
            run()
        least = min(least, (time.perf_counter() - start) / calls)
    return least


if __name__ == "__main__":
    main()
