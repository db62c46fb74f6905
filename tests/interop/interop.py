"""Trains models with Lanthorn, exports them all ways, loads them in the real peers, compares.

    python tests/interop/interop.py --lanthorn target/debug/lanthorn [--torch] [--only NAME ...]

Needs keras and jax, onnx and onnxruntime, numpy, safetensors; with --torch also torch.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from models import MODELS  # noqa: E402

RECURRENT = ("lstm", "gru", "rnn", "bidirectional", "embedding", "masked", "masking")
# gradients below this share of the model's largest are f32's rounding errors
ROUNDING = 1e-6
LOSSES = {
    "classes": "sparse_categorical_crossentropy",
    "ids": "sparse_categorical_crossentropy",
    "two": "binary_crossentropy",
    "number": "mse",
    "numbers": "mse",
}


def write_data(folder, shape, kind, seed, pools):
    """A table of 60 rows; returns the features as the model sees them."""
    rng = np.random.default_rng(seed)
    width = int(np.prod(shape))
    n = 60
    if kind == "ids":
        x = rng.integers(1, 20, (n, width)).astype(np.float32)
        for row in x:
            row[: rng.integers(0, width - 1)] = 0  # padded before, as pad_sequences does
        x[:20] = x[:20, ::-1]
        if pools:
            x[:, 0] = 1  # the mean over no step at all is NaN in Keras, 0 here
        else:
            x[3] = 0
    else:
        x = rng.normal(size=(n, width)).astype(np.float32)
        if len(shape) == 2:
            x[:10, -shape[1]:] = 0
    score = (x.reshape(n, -1) @ rng.normal(size=(width, 2)) / np.sqrt(width)).astype(np.float32)
    header = [f"x{i}" for i in range(width)]
    if kind in ("classes", "ids"):
        y = [["red", "green", "blue"][i % 3 if i < 3 else int(np.digitize(s, [-0.3, 0.3]))]
             for i, s in enumerate(score[:, 0])]
        rows, targets = [[v] for v in y], ["y"]
    elif kind == "two":
        rows, targets = [["yes" if s > 0 else "no"] for s in score[:, 0]], ["y"]
    elif kind == "number":
        rows, targets = [[repr(float(s) * 3 + 5)] for s in score[:, 0]], ["y"]
    else:
        rows, targets = [[repr(float(v)) for v in s] for s in score], ["y", "z"]
    with open(folder / "data.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header + targets)
        for features, target in zip(x, rows):
            writer.writerow([repr(float(v)) for v in features] + target)
    return x


def config_of(name, shape, layers, kind):
    targets = {
        "classes": {"column": "y", "encode": "label"},
        "ids": {"column": "y", "encode": "label"},
        "two": {"column": "y", "encode": "label"},
        "number": {"column": "y", "scale": "standard"},
        "numbers": {"columns": ["y", "z"]},
    }
    scale = {} if kind == "ids" or name == "masking" else {"scale": "standard"}
    return {
        "name": name,
        "seed": 7,
        "data": {
            "train": "data.csv",
            "features": [{"columns": "x*", **scale}],
            "target": targets[kind],
        },
        "model": {"input_shape": shape, "layers": layers},
        "compile": {
            "optimizer": {"adam": {"learning_rate": 0.01}},
            "loss": LOSSES[kind],
            "metrics": ["accuracy"] if kind in ("classes", "ids", "two") else ["mae"],
        },
        "fit": {"batch_size": 12, "epochs": 2, "shuffle": False, "verbose": 0},
    }


class Check:
    def __init__(self, arguments):
        self.arguments = arguments
        self.failures = []

    def lanthorn(self, *words, cwd):
        command = [self.arguments.lanthorn, *map(str, words), "--quiet"]
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command[1:])}: {done.stderr.strip()}")
        return done.stdout

    def predict(self, model, folder, table="data.csv"):
        """What `lanthorn predict` says: the rows of numbers."""
        text = self.lanthorn("predict", model, table, cwd=folder)
        rows = list(csv.reader(text.splitlines()))
        columns = [i for i, name in enumerate(rows[0]) if name.startswith(("p_", "prediction_"))]
        columns = columns or [0]
        return np.array([[float(row[i]) for i in columns] for row in rows[1:]], np.float32)

    def close(self, what, ours, theirs, tolerance):
        ours, theirs = np.asarray(ours), np.asarray(theirs)
        if ours.shape != theirs.shape:
            return self.fail(what, f"shapes {ours.shape} and {theirs.shape}")
        difference = float(np.max(np.abs(ours - theirs))) if ours.size else 0.0
        scale = max(1.0, float(np.max(np.abs(theirs)))) if theirs.size else 1.0
        if not difference <= tolerance * scale:
            return self.fail(what, f"differ by {difference:.3g}")
        print(f"  {what}: {difference:.2g}")

    def fail(self, what, why):
        why = str(why).strip()
        print(f"  {what}: FAILED: {why[-1500:]}")
        self.failures.append(f"{self.name}: {what}")

    def attempt(self, what, function, *arguments):
        try:
            function(*arguments)
        except Exception as error:  # any failure of a peer is a finding, not the end
            if isinstance(error, RuntimeError) and "Keras can't" in str(error):
                return print(f"  {what}: refused: {str(error).splitlines()[0][-120:]}")
            self.fail(what, f"{type(error).__name__}: {error}")

    def run(self, name, shape, layers, kind):
        self.name = name
        print(name, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            x = write_data(folder, shape, kind, sum(map(ord, name)), "pooling" in json.dumps(layers))
            config = config_of(name, shape, layers, kind)
            (folder / "config.json").write_text(json.dumps(config))
            try:
                self.lanthorn("train", "config.json", "--out", "run", cwd=folder)
            except RuntimeError as error:
                return self.fail("train", error)
            self.x, self.shape, self.kind, self.config = x, shape, kind, config
            self.tolerance = 1e-4 if name.startswith(RECURRENT) else 1e-5
            self.ours = self.predict("run", folder)
            for what in ["keras", "keras_training", "keras_json", "onnx", "onnx_raw"]:
                self.attempt(what, getattr(self, what), folder)
            if self.arguments.torch:
                self.attempt("torch", self.torch, folder)

    def seen(self):
        """The features as the first layer sees them."""
        x = self.x.astype(np.float64)
        if "scale" in self.config["data"]["features"][0]:
            std = x.std(axis=0)
            x = (x - x.mean(axis=0)) / np.where(std == 0, 1, std)
        return x.reshape([-1, *self.shape]).astype(np.float32)

    def meant(self, output):
        """A model's output as `predict` says it."""
        output = np.asarray(output, np.float32).reshape([len(self.x), -1])
        if self.kind == "two":
            output = np.concatenate([1 - output, output], axis=1)
        if self.kind == "number":
            y = np.loadtxt(self.folder / "data.csv", delimiter=",", skiprows=1)[:, -1]
            output = output * y.std() + y.mean()
        return output

    def keras(self, folder):
        import keras

        self.folder = folder
        self.lanthorn("export", "run", "--to", "keras", "-o", "model.keras", "--verify", cwd=folder)
        model = keras.models.load_model(folder / "model.keras")
        self.close("keras", self.ours, self.meant(model.predict(self.seen(), verbose=0)), self.tolerance)
        steps = 2 * 5
        has_state = '"residual"' not in json.dumps(self.config["model"])  # not written for a functional model
        if has_state and (model.optimizer is None or int(model.optimizer.iterations) != steps):
            self.fail("keras optimizer", f"no state: {model.optimizer and model.optimizer.iterations}")
        # and back
        model.save(folder / "back.keras")
        self.alone(folder, model)
        for file in ["back.keras", "back.h5", "back.weights.h5"]:
            if file.endswith(".weights.h5"):
                model.save_weights(folder / file)
            elif file.endswith(".h5"):
                import warnings
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    try:
                        model.save(folder / file)
                    except TypeError as error:  # Keras itself can't pickle augmentation
                        print(f"  {file}: Keras can't write it: {error}")
                        continue
            out = f"{file}.safetensors"
            self.lanthorn("import", file, "--config", "config.json", "-o", out, cwd=folder)
            self.close(f"import {file}", self.ours, self.predict(out, folder), self.tolerance)

    def alone(self, folder, model):
        """What Keras wrote, without a configuration: the network alone, over columns x0, x1, …."""
        x = self.seen().reshape([len(self.x), -1])
        header = ",".join(f"x{i}" for i in range(x.shape[1]))
        rows = [",".join(repr(float(v)) for v in row) for row in x]
        (folder / "seen.csv").write_text("\n".join([header, *rows]) + "\n")
        self.lanthorn("import", "back.keras", "-o", "alone.safetensors", cwd=folder)
        theirs = np.asarray(model.predict(self.seen(), verbose=0)).reshape([len(x), -1])
        if self.kind == "two":
            theirs = np.concatenate([1 - theirs, theirs], axis=1)
        ours = self.predict("alone.safetensors", folder, "seen.csv")
        self.close("import alone", ours, theirs, self.tolerance)

    def keras_training(self, folder):
        """An epoch in Keras after loading, from the same optimizer state, equals one here."""
        import keras

        if any(word in json.dumps(self.config["model"]) for word in ("dropout", "noise", "random")):
            return print("  keras training: random, not compared")
        if '"residual"' in json.dumps(self.config["model"]):
            return print("  keras training: without the optimizer's state, not compared")
        self.folder = folder
        x, y = self.seen(), self.targets()
        if not (folder / "model.keras").exists():
            return print("  keras training: refused")
        model = keras.models.load_model(folder / "model.keras")
        model.fit(x, y, batch_size=12, epochs=1, shuffle=False, verbose=0)
        self.well_posed(model)
        shutil.copytree(folder / "run", folder / "further")
        self.lanthorn("train", "--resume", "further", "--set", "fit.epochs=3", cwd=folder)
        theirs = self.meant(model.predict(x, verbose=0))
        self.close("keras training", self.predict("further", folder), theirs, 1e-4)
        # the state comes over, too: Keras's file as a run, and an epoch here
        self.lanthorn("import", "model.keras", "--config", "config.json", "-o", "again", cwd=folder)
        self.lanthorn("train", "--resume", "again", "--set", "fit.epochs=1", cwd=folder)
        self.close("import training", self.predict("again", folder), theirs, 1e-4)

    def well_posed(self, model):
        """Fails where Adam has moved a weight by rounding errors alone.

        Adam divides a gradient by its own size: one that is 0 in theory (a shift before a
        normalization that takes it away again) becomes steps as long as any other, in a direction
        that each processor rounds differently. Such a weight can't be compared.
        """
        sizes = {v.path: np.sqrt(np.asarray(v)) for v in model.optimizer.variables
                 if "velocity" in v.path}
        largest = max(float(size.max()) for size in sizes.values())
        for path, size in sizes.items():
            moved = size[size > 0]
            if moved.size and float(moved.min()) < ROUNDING * largest:
                ratio = float(moved.min()) / largest
                self.fail("keras training", f"{path} has gradients of rounding errors ({ratio:.1g})")

    def targets(self):
        """The targets as the loss sees them."""
        with open(self.folder / "data.csv") as file:
            rows = list(csv.reader(file))[1:]
        if self.kind == "numbers":
            return np.array([row[-2:] for row in rows], np.float32)
        cells = [row[-1] for row in rows]
        if self.kind == "number":
            y = np.array(cells, np.float64)
            return ((y - y.mean()) / y.std()).astype(np.float32)
        return np.unique(cells, return_inverse=True)[1].astype(np.float32)

    def keras_json(self, folder):
        import keras

        self.lanthorn("export", "run", "--to", "keras-json", "-o", "model.json", cwd=folder)
        model = keras.models.model_from_json((folder / "model.json").read_text())
        if model.output_shape is None:
            self.fail("keras_json", "not built")

    def onnx(self, folder):
        import onnx
        import onnxruntime

        self.lanthorn("export", "run", "--to", "onnx", "-o", "model.onnx", "--verify", cwd=folder)
        onnx.checker.check_model(str(folder / "model.onnx"), full_check=True)
        session = onnxruntime.InferenceSession(folder / "model.onnx")
        feeds = {f"x{i}": self.x[:, i : i + 1] for i in range(self.x.shape[1])}
        outputs = session.run(None, feeds)
        numbers = outputs[1] if len(outputs) == 2 else outputs[0]
        self.close("onnx", self.ours, numbers.reshape([len(self.x), -1]), self.tolerance)

    def onnx_raw(self, folder):
        import onnx
        import onnxruntime

        self.folder = folder
        self.lanthorn(
            "export", "run", "--to", "onnx", "--without-preprocessing", "-o", "raw.onnx", "--verify",
            cwd=folder)
        onnx.checker.check_model(str(folder / "raw.onnx"), full_check=True)
        session = onnxruntime.InferenceSession(folder / "raw.onnx")
        output = session.run(None, {"input": self.seen()})[0]
        self.close("onnx_raw", self.ours, self.meant(output), self.tolerance)

    def torch(self, folder):
        try:
            self.lanthorn("export", "run", "--to", "torch", "-o", "torch", "--verify", cwd=folder)
        except RuntimeError as error:
            if "PyTorch" in str(error):
                return print(f"  torch: refused: {str(error).splitlines()[0][-120:]}")
            raise
        code = (
            "import sys, csv, json; sys.path.insert(0, 'torch'); import model\n"
            "rows = list(csv.DictReader(open('data.csv')))\n"
            "print(json.dumps(model.predict(rows).reshape([len(rows), -1]).tolist()))\n"
        )
        python = os.environ.get("TORCH_PYTHON", sys.executable)
        done = subprocess.run([python, "-c", code], cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            return self.fail("torch", done.stderr)
        theirs = np.array(json.loads(done.stdout), np.float32)
        self.close("torch", self.ours, theirs, self.tolerance)
        self.state_dict_back(folder)

    def state_dict_back(self, folder):
        """PyTorch's file comes back: by name, under names of another's, in shards."""
        from safetensors.numpy import load_file, save_file

        state = load_file(folder / "torch" / "model.safetensors")
        code = (folder / "torch" / "model.py").read_text()
        modules = [line.split('"')[1] for line in code.splitlines() if line.startswith('        ("')]
        renamed = {}
        for name, tensor in state.items():
            module, part = name.split(".", 1)
            renamed[f"net.{modules.index(module)}.{part}"] = tensor
        save_file(renamed, folder / "renamed.safetensors")
        shards = [dict(list(renamed.items())[i::2]) for i in range(2)]
        for i, shard in enumerate(shards):
            save_file(shard, folder / f"shard-{i}.safetensors")
        index = {name: f"shard-{i}.safetensors" for i, shard in enumerate(shards) for name in shard}
        index_file = "model.safetensors.index.json"
        (folder / index_file).write_text(json.dumps({"weight_map": index}))
        for file in ["torch/model.safetensors", "renamed.safetensors", index_file]:
            self.lanthorn("import", file, "--config", "config.json", "-o", "t.safetensors", cwd=folder)
            self.close(f"import {file}", self.ours, self.predict("t.safetensors", folder), self.tolerance)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lanthorn", default="target/debug/lanthorn")
    parser.add_argument("--torch", action="store_true")
    parser.add_argument("--only", nargs="*")
    arguments = parser.parse_args()
    arguments.lanthorn = str(Path(arguments.lanthorn).resolve())
    check = Check(arguments)
    for name, shape, layers, kind in MODELS:
        if not arguments.only or name in arguments.only:
            check.run(name, shape, layers, kind)
    print(f"{len(check.failures)} failures", *check.failures, sep="\n  ")
    sys.exit(bool(check.failures))


if __name__ == "__main__":
    main()
