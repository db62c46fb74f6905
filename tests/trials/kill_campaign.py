#!/usr/bin/env python3
"""Kill Lanthorn's training at random moments, resume, compare bytes with the uninterrupted run.

    python3 kill_campaign.py [--lanthorn BIN] [--data DIR] [--rounds N] [--jobs 2] [--seed S] [--only NAME]

Last line: counts. Exit code 0 only where nothing fell short."""
import argparse, collections, os, random, re, shutil, signal, subprocess, sys, tempfile, threading, time
from pathlib import Path

LOAN = """name: NAME
seed: 42
data:
  train: DATA/loan.csv
  features:
    - {column: age, scale: min_max}
    - {column: area, encode: label}
  target: {column: application_outcome, encode: label}
"""
WINE = """name: NAME
seed: 2
data:
  train: DATA/wine.csv
  features: [{columns: "*", scale: standard}]
  target: {column: class, encode: label}
"""
SEQ = """name: NAME
seed: 9
data:
  train: DATA/sequences.csv
  features: [{columns: "s*"}]
  target: {column: wave, encode: label}
"""
SOFT = "    - dense: {units: %d, activation: softmax}\n"
LOSS = "  loss: sparse_categorical_crossentropy\n  metrics: [accuracy]\n"

def config(head, layers, units, optimizer, fit, shape=None):
    text = head + "model:\n" + (f"  input_shape: {shape}\n" if shape else "") + "  layers:\n"
    text += "".join(f"    - {l}\n" for l in layers) + SOFT % units
    return text + f"compile:\n  optimizer: {optimizer}\n" + LOSS + "fit:\n" + "".join(f"  {k}: {v}\n" for k, v in fit.items())

DENSE = ["dense: {units: 8, activation: relu}", "dense: {units: 16, activation: relu}"]
CALLBACKS = ("[{early_stopping: {patience: 400, restore_best_weights: true}}, "
             "{model_checkpoint: {filepath: best.safetensors, save_best_only: true}}, "
             "{csv_logger: {filename: log.csv}}, {reduce_lr_on_plateau: {patience: 20}}]")

def variants():
    loan = dict(batch_size=10, epochs=200, validation_split=0.1)
    wine = dict(batch_size=16, epochs=6000, validation_split="{stratified: 0.2}")
    return {
        "adam": config(LOAN, DENSE, 2, "{adam: {learning_rate: 0.0001}}", loan),
        "sgd_momentum": config(LOAN, DENSE, 2, "{sgd: {learning_rate: 0.01, momentum: 0.9, nesterov: true}}", loan),
        "dropout": config(LOAN, DENSE + ["dropout: {rate: 0.3}"], 2, "adam", dict(loan, epochs=100)),
        "callbacks": config(WINE, DENSE + ["dropout: {rate: 0.2}"], 3, "{adam: {learning_rate: 0.0005}}",
                            dict(wine, epochs=250, callbacks=CALLBACKS)),
        "ema_accumulation": config(LOAN, DENSE, 2,
            "{adam: {learning_rate: 0.0001, use_ema: true, ema_momentum: 0.9, ema_overwrite_frequency: 50, gradient_accumulation_steps: 3}}",
            dict(loan, epochs=100)),
        "ema_adamw": config(WINE, DENSE, 3, "{adamw: {learning_rate: 0.001, use_ema: true}}", dict(wine, epochs=9000)),
        "batch_norm": config(WINE, ["dense: {units: 32, use_bias: false}", "batch_normalization: {momentum: 0.9}",
            "activation: {activation: relu}", "dropout: {rate: 0.3}"], 3, "{rmsprop: {learning_rate: 0.001}}",
            dict(wine, epochs=7000)),
        "lstm": config(SEQ, ["lstm: {units: 12, dropout: 0.1, recurrent_dropout: 0.1}"], 4, "{nadam: {learning_rate: 0.005}}",
            dict(batch_size=32, epochs=12, validation_split=0.2), "[30, 2]"),
        "save_by_batch": config(WINE, DENSE, 3, "{adadelta: {learning_rate: 0.1}}", dict(wine, epochs=200,
            callbacks="[{model_checkpoint: {filepath: 'm-{epoch:03d}.safetensors', save_freq: 500}}, {csv_logger: {filename: log.csv}}]")),
        "schedule": config(LOAN, DENSE + ["gaussian_noise: {stddev: 0.1}"], 2,
            "{lion: {learning_rate: {cosine_decay: {initial_learning_rate: 0.001, decay_steps: 200000}}}}", dict(loan, epochs=100)),
    }

class Tally:
    def __init__(self):
        self.lock, self.n, self.findings = threading.Lock(), collections.Counter(), []
    def add(self, key, by=1):
        with self.lock: self.n[key] += by
    def find(self, text):
        with self.lock:
            self.findings.append(text); print("FINDING", text, flush=True)

KILLS = ["KILL"] * 10 + ["TERM", "INT", "HUP", "STOPCONT", "INTINT", "QUIT"]
EXPECT = {"KILL": {-9}, "TERM": {143, -15}, "INT": {130, -2}, "HUP": {129}, "QUIT": {-3, 131}, "INTINT": {130, -2}}

def end(p, how):
    if how == "STOPCONT":
        p.send_signal(signal.SIGSTOP); time.sleep(0.3); p.send_signal(signal.SIGCONT)
        time.sleep(random.random() * 0.5)
        if p.poll() is None: p.kill()
    elif how == "INTINT":
        p.send_signal(signal.SIGINT); time.sleep(random.choice([0, 0.0005, 0.002, 0.01])); 
        if p.poll() is None: p.send_signal(signal.SIGINT)
    else:
        p.send_signal(getattr(signal, "SIG" + how))

def same_bytes(file):
    """Files that a resumed run must have byte for byte; others may hold times or the machine."""
    return file.endswith((".safetensors", ".csv"))

def campaign(name, text, rounds, args, tally, rng):
    base = Path(tempfile.mkdtemp(prefix=f"lanthorn-kill-{name}-", dir=args.work))
    text = text.replace("NAME", name).replace("DATA", args.data)
    cfg = base / "c.yaml"; cfg.write_text(text)
    run = lambda *a: subprocess.run([args.lanthorn, *a], cwd=base, capture_output=True, text=True)
    # a run of less than 3 s would end before most kills: as many epochs as fill them on this machine
    t = time.time(); r = run("train", "c.yaml", "-q", "--out", "short")
    factor = max(1, round(3 / (time.time() - t)))
    cfg.write_text(re.sub("epochs: ([0-9]+)", lambda m: f"epochs: {int(m[1]) * factor}", text))
    t = time.time(); r = run("train", "c.yaml", "-q", "--out", "whole")
    if r.returncode: tally.find(f"{name}: reference run fails: {r.stderr[:500]}"); return
    tally.add("reference_seconds", time.time() - t)
    reference = {p.name: p.read_bytes() for p in (base / "whole").iterdir()}
    for round_ in range(rounds):
        out = base / f"k{round_}"; resumes = 0; trail = []
        while True:
            fresh = not (out / "config.yaml").exists()
            cmd = ["train", "c.yaml", "-q", "--out", out.name] if fresh else ["train", "--resume", out.name, "-q"]
            p = subprocess.Popen([args.lanthorn, *cmd, "--threads", str(rng.choice([1, 2, 3]))], cwd=base,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            delay = rng.choice([rng.uniform(0, 0.02), rng.uniform(0, 1.5), rng.uniform(0.9, 1.5)])
            try: p.wait(delay); how = None
            except subprocess.TimeoutExpired:
                how = rng.choice(KILLS); end(p, how)
            try: o, e = p.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                tally.find(f"{name}: hangs after {how} at {delay:.3f}s"); p.kill(); break
            trail.append(f"{how or 'end'}@{delay:.3f}->{p.returncode}")
            if how: tally.add("kills"); tally.add("kill_" + how)
            if "panicked" in e: tally.find(f"{name}: panic after {trail[-3:]}: {e[:400]}")
            if how and p.returncode not in (0, 143, 130, 129) and p.returncode >= 0:
                if "is finished" not in e: tally.find(f"{name}: {trail[-3:]} exit {p.returncode}: {e[:300]}")
            if p.returncode == 0: break
            if "is finished" in e:
                model = (out / "model.safetensors")
                state = "missing" if not model.exists() else "stale" if model.read_bytes() != reference["model.safetensors"] else "whole"
                if state != "whole":
                    tally.find(f"{name}: model.safetensors is {state}, and --resume refuses: {e.strip()[:160]} ({trail[-3:]})"); tally.add("lost_models")
                break
            if how is None and p.returncode != 0:
                tally.find(f"{name}: exit {p.returncode} without a kill: {e[:300]} ({trail[-3:]})"); break
            resumes += 1
            if resumes > 300: tally.find(f"{name}: no end after 300 resumes"); break
        tally.add("rounds"); tally.add("resumes", resumes)
        got = {p.name: p.read_bytes() for p in out.iterdir()} if out.exists() else {}
        left = [n for n in got if n.startswith(".lanthorn-")]
        if left: tally.add("temp_files_left", len(left)); tally.add("rounds_with_temp_files")
        for file, bytes_ in reference.items():
            if got.get(file) != bytes_:
                if not same_bytes(file): continue
                tally.find(f"{name} round {round_}: {file} {'differs' if file in got else 'is missing'} ({' '.join(trail[-4:])})")
        shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(base, ignore_errors=True)

def main():
    a = argparse.ArgumentParser()
    a.add_argument("--lanthorn", required=True)
    a.add_argument("--data", required=True)
    a.add_argument("--rounds", type=int, default=4); a.add_argument("--jobs", type=int, default=2)
    a.add_argument("--seed", type=int, default=1); a.add_argument("--only", nargs="*"); a.add_argument("--work", default=None)
    args = a.parse_args(); args.lanthorn = os.path.abspath(args.lanthorn)
    args.data = os.path.abspath(args.data)
    tally = Tally(); todo = [(n, t) for n, t in variants().items() if not args.only or n in args.only]
    def worker():
        while True:
            with tally.lock:
                if not todo: return
                name, text = todo.pop(0)
            campaign(name, text, args.rounds, args, tally, random.Random(f"{args.seed}{name}"))
    threads = [threading.Thread(target=worker) for _ in range(args.jobs)]
    [t.start() for t in threads]; [t.join() for t in threads]
    print(" ".join(f"{k}={v:.0f}" for k, v in sorted(tally.n.items())), f"findings={len(tally.findings)}")
    return 1 if tally.findings else 0
sys.exit(main())
