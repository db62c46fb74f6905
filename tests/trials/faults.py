#!/usr/bin/env python3
"""Fail, or kill at, each file-changing system call of each verb in turn (fault.c), then recover.

    python3 faults.py [--lanthorn BIN] [--data DIR] [--modes before after EIO ENOSPC short] [--only NAME]

A failing disk is the machine's fault, exit code 3, and names the file.
Training: the run must be resumable to the bytes of an undisturbed run, and no file torn.
Other verbs: the output is the old file or the new one. Last line: counts. Exit 0 only if all held."""
import argparse, collections, errno, json, os, shutil, struct, subprocess, sys, tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFIG = """name: f
seed: 3
data:
  train: DATA/iris.csv
  features: [{columns: "*", scale: standard}]
  target: {column: class, encode: one_hot}
model:
  layers: [{dense: {units: 4, activation: relu}}, {dropout: {rate: 0.1}}, {dense: {units: 3, activation: softmax}}]
compile: {optimizer: {adam: {learning_rate: 0.01}}, loss: categorical_crossentropy, metrics: [accuracy]}
fit:
  batch_size: 16
  epochs: 3
  validation_split: {stratified: 0.2}
"""
CALLBACKS = """  callbacks:
    - early_stopping: {patience: 2, restore_best_weights: true}
    - model_checkpoint: {filepath: "m-{epoch:02d}.safetensors"}
    - csv_logger: {filename: log.csv}
"""
tally, findings = collections.Counter(), []

def find(text):
    findings.append(text); sys.stdout.write(f"FINDING {text}\n"); sys.stdout.flush()

def whole(path):
    data = path.read_bytes()
    if path.suffix == ".safetensors":
        if len(data) < 8: return False
        n = struct.unpack("<Q", data[:8])[0]
        try: header = json.loads(data[8:8 + n])
        except ValueError: return False
        return 8 + n + max((t["data_offsets"][1] for k, t in header.items() if k != "__metadata__"), default=0) == len(data)
    return len(data) > 0 and data.endswith(b"\n")

def contents(folder):
    """All files but metrics.json, which alone holds times."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "metrics.json"}

def fault(mode, k, cwd, args, command):
    kind, number = (mode, 0) if mode in ("before", "after", "count") else ("short", errno.ENOSPC) if mode == "short" else ("error", getattr(errno, mode))
    r = subprocess.run([args.fault, kind, str(k), str(number), str(cwd / ".count"), "--", args.lanthorn, *command], cwd=cwd,
                       capture_output=True, text=True, timeout=60)
    n, name = (cwd / ".count").read_text().split()
    (cwd / ".count").unlink()
    return r, int(n), name

def training(name, prepare, command, out, reference, args):
    """prepare(cwd) makes the folder; command trains into cwd/out."""
    with tempfile.TemporaryDirectory(dir=args.work) as t:
        cwd = Path(t); prepare(cwd); _, calls, _ = fault("count", 0, cwd, args, command)
    def one(job):
        mode, k = job
        with tempfile.TemporaryDirectory(dir=args.work) as t:
            cwd = Path(t); prepare(cwd)
            r, _, call = fault(mode, k, cwd, args, command); at = f"{name}: {mode} at call {k} ({call})"
            tally["faults"] += 1; tally[f"fault_{mode}"] += 1
            if "panicked" in r.stderr: find(f"{at}: panic: {r.stderr[:300]}")
            if mode in ("before", "after"):
                if r.returncode != 137: tally["kill_missed"] += 1
            elif r.returncode not in (0, 1, 3) or (r.returncode == 3 and "can't" not in r.stderr):
                find(f"{at}: exit {r.returncode}: {r.stderr[:300]}")
            elif r.returncode == 0: tally["error_ignored"] += 1; tally[f"ignored_{call}"] += 1
            folder = cwd / out
            for p in folder.iterdir() if folder.exists() else []:
                if p.name.startswith(".lanthorn-"): tally["temp_left_after_" + ("kill" if mode in ("before", "after") else "error")] += 1
                elif not whole(p): find(f"{at}: {p.name} is torn")
            run = lambda *a: subprocess.run([args.lanthorn, *a], cwd=cwd, capture_output=True, text=True, timeout=60)
            if (folder / "config.yaml").exists(): r2 = run("train", "--resume", out, "-q")
            else: r2 = run("train", "c.yaml", "-q", "--out", out, *command[command.index(out) + 1:])
            tally["recoveries"] += 1
            got = contents(folder) if folder.exists() else {}
            wrong = [f for f, b in reference.items() if f != "config.yaml" and got.get(f) != b]
            if r2.returncode and not ("is finished" in r2.stderr and not wrong):
                find(f"{at}: can't go on (exit {r2.returncode}): {r2.stderr.strip()[:150]}; not as in the reference: {wrong}")
            elif wrong:
                find(f"{at}: resumed, exit {r2.returncode}, but {wrong} differ from the undisturbed run's")
            else: tally["recovered"] += 1
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, [(m, k) for m in args.modes for k in range(1, calls + 1)]))
    print(f"{name}: {calls} calls", flush=True)

def output(name, command, out, model, args, old=b"the old file\n"):
    def prepare(cwd):
        shutil.copytree(model, cwd / "run"); shutil.copy(args.data + "/iris.csv", cwd / "iris.csv")
        if "-o" in command and out.endswith("/"): (cwd / out).mkdir()
        else: (cwd / out).write_bytes(old)
        for extra in ("m.keras", "c.yaml", "model.py"):
            if (model.parent / extra).exists() and extra != out: shutil.copy(model.parent / extra, cwd / extra)
    with tempfile.TemporaryDirectory(dir=args.work) as t:
        cwd = Path(t); prepare(cwd); r, calls, _ = fault("count", 0, cwd, args, command)
        if r.returncode: find(f"{name}: fails undisturbed: {r.stderr[:200]}"); return
        new = contents(cwd / out) if out.endswith("/") else (cwd / out).read_bytes()
    def one(job):
        mode, k = job
        with tempfile.TemporaryDirectory(dir=args.work) as t:
            cwd = Path(t); prepare(cwd)
            r, _, call = fault(mode, k, cwd, args, command); at = f"{name}: {mode} at call {k} ({call})"
            tally["faults"] += 1; tally[f"fault_{mode}"] += 1
            if "panicked" in r.stderr: find(f"{at}: panic: {r.stderr[:300]}")
            if mode in ("EIO", "ENOSPC", "short") and r.returncode not in (0, 1, 3): find(f"{at}: exit {r.returncode}: {r.stderr[:200]}")
            if out.endswith("/"):
                got = contents(cwd / out)
                left = [f for f in got if ".lanthorn-" in f]
                torn = [f for f, b in got.items() if f not in left and b != new.get(f)]
                if torn: find(f"{at}: {torn} torn")
                if r.returncode == 0 and {f: b for f, b in got.items() if f not in left} != new: find(f"{at}: exit 0, but {sorted(set(new) - set(got))} missing")
            else:
                got = (cwd / out).read_bytes() if (cwd / out).exists() else None
                left = [p for p in cwd.iterdir() if p.name.startswith(".lanthorn-")]
                if got not in (old, new): find(f"{at}: the output is {'gone' if got is None else 'torn'}")
                if r.returncode == 0 and got != new: find(f"{at}: exit 0, but the output is not written")
            if left: tally["temp_left_after_" + ("kill" if mode in ("before", "after") else "error")] += 1
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, [(m, k) for m in args.modes for k in range(1, calls + 1)]))
    print(f"{name}: {calls} calls", flush=True)

def main():
    a = argparse.ArgumentParser()
    a.add_argument("--lanthorn", required=True)
    a.add_argument("--data", required=True)
    a.add_argument("--modes", nargs="*", default=["before", "after", "EIO", "ENOSPC", "short"])
    a.add_argument("--only", nargs="*"); a.add_argument("--work", default=None)
    args = a.parse_args(); args.lanthorn, args.data = os.path.abspath(args.lanthorn), os.path.abspath(args.data)
    base = Path(tempfile.mkdtemp(dir=args.work)); args.work = str(base); args.fault = str(base / "fault")
    subprocess.run(["gcc", "-O2", "-o", args.fault, str(HERE / "fault.c")], check=True)
    wanted = lambda n: not args.only or n in args.only
    def fresh(text):
        return lambda cwd: (cwd / "c.yaml").write_text(text.replace("DATA", args.data))
    def ok(cwd, *c):
        r = subprocess.run([args.lanthorn, *c], cwd=cwd, capture_output=True, text=True)
        if r.returncode: sys.exit(f"{c}: {r.stderr}")
    def refer(text, *extra, before=None):
        cwd = Path(tempfile.mkdtemp(dir=args.work)); fresh(text)(cwd)
        if before: before(cwd)
        ok(cwd, "train", "c.yaml", "-q", "--out", "run", *extra)
        return cwd, contents(cwd / "run")
    cwd, reference = refer(CONFIG); model = cwd / "run"
    if wanted("train"): training("train", fresh(CONFIG), ["train", "c.yaml", "-q", "--out", "run"], "run", reference, args)
    if wanted("callbacks"):
        text = CONFIG + CALLBACKS; _, ref = refer(text)
        training("callbacks", fresh(text), ["train", "c.yaml", "-q", "--out", "run"], "run", ref, args)
    if wanted("resume"):
        def half(cwd_):
            fresh(CONFIG)(cwd_); shutil.copytree(halfway, cwd_ / "run")
        hc = Path(tempfile.mkdtemp(dir=args.work)); fresh(CONFIG)(hc)
        # stopped in the middle: killed by the tracer after its second checkpoint is not deterministic; stop at epoch 2 of 3
        ok(hc, "train", "c.yaml", "-q", "--out", "run", "--set", "fit.epochs=2"); halfway = hc / "run"
        text = (halfway / "config.yaml").read_text(); (halfway / "config.yaml").write_text(text.replace("epochs: 2", "epochs: 3"))
        training("resume", half, ["train", "--resume", "run", "-q"], "run", reference, args)
    if wanted("init_weights"):
        def prepare(cwd_):
            fresh(CONFIG)(cwd_); shutil.copy(model / "model.safetensors", cwd_ / "w.safetensors")
        _, ref = refer(CONFIG, "--init-weights", "w.safetensors", before=prepare)
        training("init_weights", prepare, ["train", "c.yaml", "-q", "--out", "run", "--init-weights", "w.safetensors"], "run", ref, args)
    ok(cwd, "export", "run", "--to", "keras", "-o", "m.keras")
    (cwd / "model.py").write_text("import keras\nmodel = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3)])\n")
    for kind, out in [("config", "o.yaml"), ("weights", "o.safetensors"), ("keras", "o.keras"), ("keras-weights", "o.weights.h5"),
                      ("keras-json", "o.json"), ("onnx", "o.onnx"), ("torch", "o/")]:
        if wanted("export"): output(f"export {kind}", ["export", "run", "--to", kind, "-o", out, "-q"], out, model, args)
    if wanted("export"):
        output("import", ["import", "m.keras", "-o", "o.safetensors", "-q"], "o.safetensors", model, args)
        output("predict", ["predict", "run", "iris.csv", "-o", "o.csv"], "o.csv", model, args)
        output("convert", ["convert", "model.py", "-o", "o.yaml"], "o.yaml", model, args)
    shutil.rmtree(base)
    print(" ".join(f"{k}={v}" for k, v in sorted(tally.items())), f"findings={len(findings)}")
    return 1 if findings else 0

sys.exit(main())
