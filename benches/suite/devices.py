#!/usr/bin/env python3
"""Every configuration of configs/ trained on the CPU and on another device: the losses of the epochs and
the last scores, beside each other.

    python3 devices.py --device cuda                # two epochs of each
    python3 devices.py --device cuda --epochs 0     # as many as each says

A configuration passes where the losses of the first epoch are equal to 1e-3.
"""
import argparse
import concurrent.futures
import glob
import json
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.path.join(ROOT, "target", "release", "lanthorn"))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--only", default="", help="names, separated by commas")
    parser.add_argument("--set", action="append", default=[], help="passed on to both")
    parser.add_argument("--jobs", type=int, default=4, help="configurations at a time")
    parser.add_argument("--seconds", type=int, default=300, help="the most that one training may take")
    return parser.parse_args()


ARGS = arguments()


def main():
    chosen = [name for name in ARGS.only.split(",") if name]
    configs = sorted(glob.glob(os.path.join(ROOT, "configs", "*.yaml")))
    configs = [path for path in configs if not chosen or name_of(path) in chosen]
    print("config                first loss       there     diff   last scores (cpu / there)        seconds")
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(ARGS.jobs) as pool:
        for line, passes in pool.map(row, configs):
            print(line, flush=True)
            bad += not passes
    print(f"{len(configs)} configurations, {bad} of them differ")
    sys.exit(1 if bad else 0)


def row(path):
    runs = [train(path, device) for device in ("cpu", ARGS.device)]
    name = f"{name_of(path):20}"
    for run in runs:
        if isinstance(run, str):
            return f"{name}  {run}", False
    (here, here_seconds), (there, there_seconds) = runs
    worst = 0.0
    for first, other in zip(here, there):  # the first epoch of each training: folds have several
        if first["epoch"] == 1:
            worst = max(worst, abs(first["logs"]["loss"] - other["logs"]["loss"]) / abs(first["logs"]["loss"]))
    ends = [{key: round(value, 4) for key, value in run[-1]["logs"].items()} for run in (here, there)]
    scores = ", ".join(f"{key} {ends[0][key]}/{ends[1].get(key)}" for key in list(ends[0])[:4])
    passes = len(here) == len(there) and worst <= 1e-3
    first = f"{here[0]['logs']['loss']:10.6f}  {there[0]['logs']['loss']:10.6f}  {worst:7.1e}"
    return f"{name} {first}  {scores}  {here_seconds:.1f}/{there_seconds:.1f}{'' if passes else '  DIFFERS'}", passes


def train(path, device):
    """The epochs of a training and its seconds, or what went wrong."""
    with tempfile.TemporaryDirectory() as out:
        command = [ARGS.binary, "train", path, "--json", "--device", device, "--out", os.path.join(out, "run")]
        for key in ARGS.set + ([f"fit.epochs={ARGS.epochs}"] if ARGS.epochs else []):
            command += ["--set", key]
        start = time.perf_counter()
        try:
            done = subprocess.run(command, capture_output=True, timeout=ARGS.seconds)
        except subprocess.TimeoutExpired:
            return f"{device}: more than {ARGS.seconds} s"
        if done.returncode != 0:
            return f"{device}: exit {done.returncode}: {done.stderr.decode(errors='replace')[-1500:]}"
        events = [json.loads(line) for line in done.stdout.decode().splitlines()]
        return [event for event in events if event["event"] == "epoch"], time.perf_counter() - start


def name_of(path):
    return os.path.splitext(os.path.basename(path))[0]


if __name__ == "__main__":
    main()
