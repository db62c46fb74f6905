#!/usr/bin/env python3
"""Runs the suite through the real command line, and peers beside it where they are named.

    python3 gen_data.py                              # once; needs numpy; PEERS_DATA names the folder
    python3 run.py                                   # ours alone
    python3 run.py --only w1,w5 --repeat 7
    python3 run.py --peers VENV/bin/python --workloads PATH/workloads.py --peer torch,keras-jax

Standard library only. Ours and the peers run in alternation, one process at a time; figures are
medians. A step's time is an epoch's without its validation, divided by its steps; the first epoch is
left out where there are several. The peers read W2 to W4 and W7 to W9 from .npy: there, compare steps
and not whole processes.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DEFAULT_DATA = os.environ.get("PEERS_DATA", os.path.expanduser("~/.cache/lanthorn-peers/data"))

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--binary", default=os.path.join(ROOT, "target", "release", "lanthorn"))
parser.add_argument("--data", default=DEFAULT_DATA, help="the folder that gen_data.py filled")
parser.add_argument("--only", default="w1,w2,w3,w4,w5,w6,w7,w8,w9", help="workloads, separated by commas")
parser.add_argument("--repeat", type=int, default=5)
parser.add_argument("--threads", type=int, help="threads of ours; by default as it comes")
parser.add_argument("--bench", help="the bench binary `predictor`, for W6 in process")
parser.add_argument("--peers", help="a python that has the peers")
parser.add_argument("--workloads", default="workloads.py", help="the peers' script")
parser.add_argument("--peer", default="torch", help="peers, separated by commas")
parser.add_argument("--json", help="write all figures to this file")
ARGS = parser.parse_args()


def main():
    results = {}
    peers = ARGS.peer.split(",") if ARGS.peers else []
    for name in ARGS.only.split(","):
        runs = {}
        for turn in range(ARGS.repeat):
            runs.setdefault("lanthorn", []).append(predict() if name == "w6" else train(name))
            for peer in peers:
                found = peer_run(peer, name)
                if found:
                    runs.setdefault(peer, []).append(found)
            print(f"{name} {turn + 1}/{ARGS.repeat}", file=sys.stderr)
        results[name] = {who: medians(list_) for who, list_ in runs.items()}
        table(name, results[name])
    if ARGS.json:
        with open(ARGS.json, "w") as file:
            json.dump(results, file, indent=1)


def run(command, **kwargs):
    """Output, seconds from exec to exit, and peak memory in MB of one process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)
    output = process.stdout.read()
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: {errors.decode(errors='replace')}")
    return output.decode(), seconds, usage.ru_maxrss / 1024


def folder_of(name):
    """A folder with the configuration and the data beside it, since paths are relative to it."""
    folder = tempfile.mkdtemp(prefix="lanthorn-suite-")
    shutil.copy(os.path.join(HERE, name + ".yaml"), folder)
    os.symlink(os.path.abspath(ARGS.data), os.path.join(folder, "data"))
    return folder


def lanthorn(*arguments):
    threads = ["--threads", str(ARGS.threads)] if ARGS.threads else []
    return [ARGS.binary, *arguments, *threads]


def train(name):
    folder = folder_of(name)
    try:
        command = lanthorn("train", name + ".yaml", "--json", "--out", "run")
        output, seconds, memory = run(command, cwd=folder)
        _, check, _ = run(lanthorn("check", name + ".yaml"), cwd=folder)
    finally:
        shutil.rmtree(folder)
    events = [json.loads(line) for line in output.splitlines()]
    epochs = [event for event in events if event["event"] == "epoch"]
    steps = [1e6 * epoch["train_seconds"] / epoch["steps"] for epoch in epochs]
    trained = sum(epoch["seconds"] for epoch in epochs)
    return {
        "us_per_step": statistics.median(steps[1:] or steps),
        "whole_s": seconds,
        "outside_epochs_s": seconds - trained,
        "check_s": check,
        "peak_mb": memory,
        "loss": epochs[-1]["logs"]["loss"],
    }


MODEL = {}


def predict():
    """W6: exec to the first prediction, and a million rows through files."""
    if not MODEL:
        folder = folder_of("w1")
        run(lanthorn("train", "w1.yaml", "--quiet", "--out", "run"), cwd=folder)
        with open(os.path.join(folder, "one.csv"), "w") as file:
            file.write("age,area\n41,urban\n")
        with open(os.path.join(folder, "million.csv"), "w") as file:
            file.write("age,area\n")
            for i in range(10**6):  # line by line: a child's peak memory begins with its parent's
                file.write(f"{13 + i % 88},{'urban' if i % 3 else 'rural'}\n")
        MODEL["folder"] = folder
    folder = MODEL["folder"]
    first = [run(lanthorn("predict", "run", "one.csv"), cwd=folder)[1:] for _ in range(5)]
    _, million, memory = run(lanthorn("predict", "run", "million.csv", "-o", "out.csv"), cwd=folder)
    figures = {
        "exec_to_first_s": min(seconds for seconds, _ in first),
        "million_rows_csv_to_csv_s": million,
        "peak_mb": first[0][1],
        "peak_million_mb": memory,
    }
    if ARGS.bench:
        output, _, _ = run([ARGS.bench, os.path.join(folder, "run")])
        figures.update(json.loads(output))
    return figures


def peer_run(peer, name):
    """The same figures of a peer; None where it has no such workload."""
    environment = dict(os.environ, PEERS_DATA=os.path.abspath(ARGS.data))
    workloads = os.path.join(HERE, "shapes.py") if name in ("w7", "w8", "w9") else ARGS.workloads
    script = [ARGS.peers, workloads, "--peer", peer, "--workload"]
    try:
        if name == "w6":
            _, cold, memory = run(script + ["w6cold"], env=environment)
            one, _, _ = run(script + ["w6lat"], env=environment)
            many, _, _ = run(script + ["w6batch"], env=environment)
            one, many = (json.loads(text.strip().splitlines()[-1]) for text in (one, many))
            rows = min(value for key, value in many.items() if key.startswith("batch_"))
            calls = min(one["us_per_call"].values())
            return {"exec_to_first_s": cold, "peak_mb": memory, "us_one_row": calls, "s_million_rows": rows}
        output, seconds, memory = run(script + [name], env=environment)
    except SystemExit as error:
        print(f"{peer} {name}: {str(error)[-300:]}", file=sys.stderr)
        return None
    figures = json.loads(output.strip().splitlines()[-1])
    return {
        "us_per_step": figures["us_per_step"],
        "whole_s": seconds,
        "peak_mb": memory,
        "loss": figures["final_loss"],
    }


def medians(runs):
    keys = [key for key in runs[0] if all(isinstance(run.get(key), (int, float)) for run in runs)]
    return {key: statistics.median(run[key] for run in runs) for key in keys}


def table(name, results):
    ours = results["lanthorn"]
    others = [who for who in results if who != "lanthorn"]
    print(f"\n{name:28}{'lanthorn':>12}" + "".join(f"{who:>14}{'ratio':>8}" for who in others))
    for key, value in ours.items():
        line = f"  {key:26}{number(value):>12}"
        for who in others:
            theirs = results[who].get(key)
            ratio = f"{theirs / value:.1f}x" if theirs and value and key != "loss" else ""
            line += f"{number(theirs) if theirs is not None else '':>14}{ratio:>8}"
        print(line, flush=True)


def number(value):
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


if __name__ == "__main__":
    try:
        main()
    finally:
        if MODEL:
            shutil.rmtree(MODEL["folder"])
