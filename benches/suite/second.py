#!/usr/bin/env python3
"""Both suites' shapes: the first one's W1 to W9, nets of MLPerf Tiny and of Keras's examples (N), shapes
that nothing was tuned to (S), and random models of a seed, ours beside peers in alternation.

    VENV/bin/python second.py                                # ours, Keras on JAX, and lax.scan
    VENV/bin/python second.py --peers torch,torch-compile,keras-jax,scan --only N1,N4 --pairs 7
    VENV/bin/python second.py --random 20 --seed 5           # and 20 random models
    VENV/bin/python second.py --only N1 --markdown           # a table for docs/performance.md

Needs numpy and the peers that are named. Each peer's processes and ours run in alternation, over the
same data, for as many epochs, which are more than asked for where they are short. A step's time is the
median of a run's epochs without the first, divided by its steps; the table has the median over the pairs,
and the ratio's lowest and highest. The share is that of the products that the processor does in numpy or
JAX at 2048 x 2048, measured right before each run of ours, for a processor's clock changes within minutes;
two thirds of a step are backward (a first layer's input has no gradient, which is not subtracted).

`scan` is a whole epoch in one jitted `jax.lax.scan`, over Keras's stateless layers and optimizer.
PyTorch runs the model.py that `lanthorn export --to torch` writes.

With `--device cuda`, ours and the peers train on the GPU: PyTorch's data is there before the first epoch,
JAX takes the GPU where it finds one.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

import numpy as np

import models

HERE = os.path.dirname(os.path.abspath(__file__))
# A run of ours takes so long at least, if it takes no more epochs than that: a median over epochs of a few
# milliseconds is of what else the machine does.
LEAST_SECONDS = 1.0
MOST_EPOCHS = 60
BINARY = os.path.join(os.path.dirname(os.path.dirname(HERE)), "target", "release", "lanthorn")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=BINARY)
    parser.add_argument("--before", help="another binary of ours, as one more peer")
    parser.add_argument("--peers", default="keras-jax,scan")
    parser.add_argument("--only", default="", help="the first words of names, separated by commas")
    parser.add_argument("--random", type=int, default=0, help="how many random models")
    parser.add_argument("--seed", type=int, default=1, help="the first seed of them")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=120, help="the most that one run of a peer may take")
    parser.add_argument("--steps", type=int, default=0, help="steps an epoch; by default by the input's size")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    return parser.parse_args()


ARGS = arguments()
# JAX takes a GPU where it finds one, and most of its memory
os.environ.setdefault("JAX_PLATFORMS", ARGS.device)
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def main():
    chosen = [word for word in ARGS.only.split(",") if word]
    suite = [model for model in models.MODELS if not chosen or model[0].split()[0] in chosen]
    suite += [models.random_model(ARGS.seed + i) for i in range(ARGS.random)]
    peers = [peer for peer in ARGS.peers.split(",") if peer] + (["before"] if ARGS.before else [])
    print(processor(), flush=True)
    header = ["model", "ours, us a step", "share"] + [f"{peer} / ours (lowest to highest)" for peer in peers]
    bar = " | " if ARGS.markdown else "  "
    print(bar.join(header) + ("\n" + "|".join(["---"] * len(header)) if ARGS.markdown else ""), flush=True)
    ratios = []
    for model in suite:
        ratios += row(model, peers, bar)
    if ratios:
        mean = statistics.geometric_mean(ratios)
        print(f"the best peer of each / ours, geometric mean: {mean:.2f}")
    print(f"products at {min(PEAKS) / 1e9:.0f} to {max(PEAKS) / 1e9:.0f} GFLOP/s in numpy or JAX")


PEAKS = []


def row(model, peers, bar):
    name, shape, batch, layers, _ = model
    with tempfile.TemporaryDirectory(prefix="lanthorn-second-") as folder:
        write(folder, model)
        lengthen(folder)
        ours, theirs, peaks = [], {peer: [] for peer in peers}, []
        for _ in range(ARGS.pairs):
            peaks.append(product_peak())
            ours.append(train(ARGS.binary, folder).step)
            for peer in list(theirs):
                try:
                    theirs[peer].append(train(ARGS.before, folder).step if peer == "before" else child(peer, folder))
                except subprocess.CalledProcessError as error:
                    print(f"{name}: {peer}: {error.stderr.decode(errors='replace')[-300:]}", file=sys.stderr)
                    del theirs[peer]
                except subprocess.TimeoutExpired:
                    print(f"{name}: {peer} takes more than {ARGS.seconds:.0f} s", file=sys.stderr)
                    del theirs[peer]
    step = statistics.median(ours)
    operations = 3 * 2 * batch * multiplications(layers, shape)[0]
    share = statistics.median(operations * 1e6 / (our * peak) for our, peak in zip(ours, peaks))
    PEAKS.extend(peaks)
    cells = [name, f"{step:.1f}", f"{share:.0%}"]
    for peer in peers:
        if peer not in theirs:
            cells.append("-")
            continue
        pairs = [their / our for our, their in zip(ours, theirs[peer])]
        cells.append(f"{statistics.median(pairs):.2f} ({min(pairs):.2f} to {max(pairs):.2f})")
    print(bar.join(cells), flush=True)
    best = [statistics.median(list_) / step for peer, list_ in theirs.items() if peer != "before"]
    return [min(best)] if best else []


def lengthen(folder):
    """Takes more epochs where those of a run of ours are over too soon to say anything."""
    path = os.path.join(folder, "m.json")
    with open(path) as file:
        config = json.load(file)
    epoch = max(train(ARGS.binary, folder).epoch, 1e-6)
    config["fit"]["epochs"] = max(ARGS.epochs, min(MOST_EPOCHS, round(LEAST_SECONDS / epoch)))
    with open(path, "w") as file:
        json.dump(config, file)


def write(folder, model):
    """The configuration, the table for ours, and arrays for the peers."""
    name, shape, batch, layers, target = model
    numbers = int(np.prod(shape))
    most = 60 if numbers * batch > 1000 else 900  # so that an epoch's own time isn't most of it
    steps = ARGS.steps or max(3, min(most, 3_000_000 // (numbers * batch)))
    draw = np.random.default_rng(1)
    high = int(target.split()[1]) if target.startswith("ids") else 10
    x = draw.integers(0, high, (steps * batch, numbers))
    same, classes = target == "same", target.startswith("classes")
    y = draw.integers(0, int(target.split()[1]) if classes else 2, steps * batch)
    header = [f"x{i}" for i in range(numbers)] + ([f"y{i}" for i in range(numbers)] if same else ["y"])
    table = np.column_stack([x, x if same else y])
    np.savetxt(os.path.join(folder, "t.csv"), table, "%d", ",", header=",".join(header), comments="")
    scale = {} if target.startswith("ids") else {"scale": {"min_max": {"range": [0, 1]}}}
    out = {"columns": "y*", "scale": {"min_max": {"range": [0, 1]}}} if same else {"column": "y"}
    if classes:
        out["encode"] = "label"
    numeric = same or target == "number"
    loss = "sparse_categorical_crossentropy" if classes else "mse" if numeric else "binary_crossentropy"
    if same and len(shape) > 1:
        layers = [*layers, "flatten"]
    config = {
        "data": {"train": "t.csv", "features": [{"columns": "x*", **scale}], "target": out},
        "model": {"input_shape": shape, "layers": layers},
        "compile": {"optimizer": "adam", "loss": loss},
        "fit": {"batch_size": batch, "epochs": ARGS.epochs},
    }
    with open(os.path.join(folder, "m.json"), "w") as file:
        json.dump(config, file)
    values = x.astype(np.float32) if target.startswith("ids") else x.astype(np.float32) / 9
    np.savez(os.path.join(folder, "data.npz"), x=values.reshape(-1, *shape), y=values if same else y)


def median_step(seconds, samples, batch):
    return 1e6 * statistics.median(seconds[1:] or seconds) / -(-samples // batch)


class Measured(NamedTuple):
    """A run of ours."""

    step: float
    """Microseconds a step, the median of all epochs but the first."""
    epoch: float
    """Seconds of the shortest epoch."""


def train(binary, folder):
    with tempfile.TemporaryDirectory() as out:
        command = [binary, "train", "m.json", "--json", "--device", ARGS.device, "--out", os.path.join(out, "run")]
        done = subprocess.run(command, cwd=folder, capture_output=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{done.stderr.decode()}")
        output = done.stdout
    events = [json.loads(line) for line in output.decode().splitlines()]
    epochs = [event for event in events if event["event"] == "epoch"]
    steps = [1e6 * epoch["train_seconds"] / epoch["steps"] for epoch in epochs]
    return Measured(statistics.median(steps[1:] or steps), min(epoch["train_seconds"] for epoch in epochs))


def child(peer, folder):
    command = [sys.executable, os.path.abspath(__file__), "--child", peer, "--folder", folder]
    command += ["--binary", ARGS.binary, "--device", ARGS.device]
    output = subprocess.run(command, capture_output=True, check=True, timeout=ARGS.seconds).stdout
    return float(output.decode().strip().splitlines()[-1])


def peer_main():
    with open(os.path.join(ARGS.folder, "m.json")) as file:
        config = json.load(file)
    data = np.load(os.path.join(ARGS.folder, "data.npz"))
    run = {"keras-jax": keras_jax, "scan": scan, "torch": torch_run, "torch-compile": torch_run}[ARGS.child]
    seconds = run(config, data["x"], data["y"])
    print(median_step(seconds, len(data["x"]), config["fit"]["batch_size"]))


def keras_model(config, shape):
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    classes = {snake(name).replace("_", ""): getattr(keras.layers, name) for name in dir(keras.layers) if name[0].isupper()}

    def made(entry):
        name, own = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
        own = {key: made(value) if key == "layer" else value for key, value in own.items()}
        return classes[name.replace("_", "")](**own)

    def run(layers, x):
        for entry in layers:
            if isinstance(entry, dict) and "residual" in entry:
                ways = entry["residual"]
                x = keras.layers.Add()([run(ways["layers"], x), run(ways.get("shortcut", []), x)])
            else:
                x = made(entry)(x)
        return x

    start = keras.Input(shape)
    return keras, keras.Model(start, run(config["model"]["layers"], start))


def snake(name):
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


def keras_jax(config, x, y):
    keras, model = keras_model(config, x.shape[1:])
    model.compile("adam", config["compile"]["loss"])
    seconds = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            seconds.append(time.perf_counter() - self.start)

    fit = config["fit"]
    model.fit(x, y, batch_size=fit["batch_size"], epochs=fit["epochs"], verbose=0, callbacks=[Clock()])
    return seconds


def scan(config, x, y):
    keras, model = keras_model(config, x.shape[1:])
    import jax

    loss_of = keras.losses.get(config["compile"]["loss"])
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    batch, epochs = config["fit"]["batch_size"], config["fit"]["epochs"]

    def loss(trained, state, x, y):
        out, state = model.stateless_call(trained, state, x, training=True)
        if out.ndim == 2 and y.ndim == 1 and out.shape[-1] == 1:
            out = out[:, 0]
        return loss_of(y, out).mean(), state

    def step(carry, rows):
        trained, state, slots, x, y = carry
        (value, state), gradients = jax.value_and_grad(loss, has_aux=True)(trained, state, x[rows], y[rows])
        trained, slots = optimizer.stateless_apply(slots, gradients, trained)
        return (trained, state, slots, x, y), value

    epoch = jax.jit(lambda carry, order: jax.lax.scan(step, carry, order))
    values = lambda variables: [variable.value for variable in variables]
    carry = (values(model.trainable_variables), values(model.non_trainable_variables), values(optimizer.variables), x, y)
    draw, seconds = np.random.default_rng(1), []
    for _ in range(epochs):
        start = time.perf_counter()
        order = draw.permutation(len(x))[: len(x) // batch * batch].reshape(-1, batch)
        carry, losses = epoch(carry, order)
        losses.block_until_ready()
        seconds.append(time.perf_counter() - start)
    return seconds


def torch_run(config, x, y):
    import torch

    with tempfile.TemporaryDirectory() as out:
        run = os.path.join(out, "run")
        quiet = ["--set", "fit.epochs=1", "--out", run, "-q"]
        subprocess.run([ARGS.binary, "train", "m.json", *quiet], cwd=ARGS.folder, capture_output=True, check=True)
        export = [ARGS.binary, "export", run, "--to", "torch", "-o", os.path.join(out, "m")]
        subprocess.run(export, capture_output=True, check=True)
        sys.path.insert(0, os.path.join(out, "m"))
        import model

        network = model.build()
    if "(batch, " + ", ".join(map(str, x.shape[1:])) not in model.build.__doc__:
        x = np.moveaxis(x, -1, 1).copy()  # channels first
    kind = config["compile"]["loss"]
    x = torch.tensor(x).long() if "embedding" in config["model"]["layers"][0] else torch.tensor(x)
    y = torch.tensor(y).long() if kind.startswith("sparse") else torch.tensor(y).float()
    if kind == "binary_crossentropy":
        loss_of = lambda out, y: torch.nn.functional.binary_cross_entropy(out[:, 0], y)
    elif kind == "mse":
        loss_of = lambda out, y: torch.nn.functional.mse_loss(out.reshape(y.shape), y)
    else:  # the softmax is the model's
        loss_of = lambda out, y: torch.nn.functional.nll_loss(torch.log(out.clamp_min(1e-7)), y)
    device = torch.device(ARGS.device)
    network, x, y = network.to(device), x.to(device), y.to(device)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    call = torch.compile(network) if ARGS.child == "torch-compile" else network
    batch, seconds = config["fit"]["batch_size"], []
    for _ in range(config["fit"]["epochs"]):
        start = time.perf_counter()
        order = torch.randperm(len(x), device=device)
        for first in range(0, len(x), batch):
            rows = order[first : first + batch]
            loss = loss_of(call(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        loss.item()  # waits for a GPU
        seconds.append(time.perf_counter() - start)
    return seconds


def multiplications(layers, shape):
    """Those of one sample's forward pass in products, and the shape that comes out."""
    total, shape = 0, list(shape)
    for entry in layers:
        name, own = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
        if name == "residual":
            ways = [multiplications(own[way], shape) for way in ("layers", "shortcut")]
            total, shape = total + ways[0][0] + ways[1][0], ways[0][1]
            continue
        two = name == "bidirectional"
        cell = next(iter(own["layer"].items())) if two else (name, own)
        if name == "dense":
            total, shape = total + int(np.prod(shape)) * own["units"], [*shape[:-1], own["units"]]
        elif name == "embedding":
            shape = [*shape, own["output_dim"]]
        elif cell[0] in ("lstm", "gru", "simple_rnn"):
            units, gates = cell[1]["units"], {"lstm": 4, "gru": 3, "simple_rnn": 1}[cell[0]]
            total += (1 + two) * shape[0] * gates * units * (shape[1] + units)
            units *= 1 + two
            shape = [shape[0], units] if cell[1].get("return_sequences") else [units]
        elif "conv" in name:
            axes, channels = shape[:-1], shape[-1]
            kernel, stride = own["kernel_size"], own.get("strides", 1)
            turned = name.endswith("transpose")
            size = kernel if isinstance(kernel, list) else [kernel] * len(axes)
            if own.get("padding") != "same" and not turned:
                axes = [axis - taps + 1 for axis, taps in zip(axes, size)]
            taps = int(np.prod(size))
            out = [axis * stride if turned else -(-axis // stride) for axis in axes]
            filters = own.get("filters", channels)
            per_place = taps * (channels if name.startswith("depthwise") else channels * filters)
            total += int(np.prod(axes if turned else out)) * per_place
            shape = [*out, filters]
        elif name == "max_pooling2d":
            shape = [shape[0] // 2, shape[1] // 2, shape[2]]
        elif name.startswith("global"):
            shape = shape[-1:]
        elif name == "flatten":
            shape = [int(np.prod(shape))]
    return total, shape


def product_peak():
    """Operations a second of a product of two large matrices of f32: the best of numpy's and of JAX's,
    either of which may not know the processor's widest registers."""
    a, b = np.ones((2048, 2048), np.float32), np.ones((2048, 2048), np.float32)
    products = [lambda: a @ b]
    try:
        import jax

        dot, x, y = jax.jit(jax.numpy.dot), jax.numpy.asarray(a), jax.numpy.asarray(b)
        products.append(lambda: dot(x, y).block_until_ready())
    except ImportError:
        pass
    times = []
    for product in products:
        for _ in range(8):
            start = time.perf_counter()
            product()
            times.append(time.perf_counter() - start)
    return 2 * 2048**3 / min(times)


def processor():
    if ARGS.device != "cpu":
        command = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    try:
        with open("/proc/cpuinfo") as file:
            lines = [line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines() if ":" in line]
        facts = {key.strip(): value.strip() for key, value in lines}
        return f"{facts.get('model name', '?')}, family {facts.get('cpu family', '?')}, {os.cpu_count()} cores"
    except OSError:
        return "unknown processor"


if __name__ == "__main__":
    peer_main() if ARGS.child else main()
