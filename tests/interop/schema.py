"""The JSON Schema that `lanthorn schema` prints, held by a real validator: every configuration here
validates, every form that the program reads does, and mistakes are refused by both, or by the
program alone for a reason that is listed.

    python tests/interop/schema.py --lanthorn target/debug/lanthorn
"""

import argparse
import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

import yaml
from jsonschema import Draft202012Validator

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema, as Lanthorn reads it."""


Core.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if tag.split(":")[-1] in ("null", "int", "merge")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Core.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
Core.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$|^[-+]?\.inf$|^\.nan$"),
    list("-+.0123456789"))

BASE = {
    "data": {
        "train": str(ROOT / "examples/data/loan.csv"),
        "features": [{"column": "age", "scale": "min_max"}, {"column": "area", "encode": "label"}],
        "target": {"column": "application_outcome", "encode": "label"},
    },
    "model": {"layers": [{"dense": {"units": 8, "activation": "relu"}}, {"dropout": {"rate": 0.1}},
                         {"dense": {"units": 2, "activation": "softmax"}}]},
    "compile": {"optimizer": "adam", "loss": "sparse_categorical_crossentropy",
                "metrics": ["accuracy"]},
    "fit": {"epochs": 1, "validation_split": 0.1},
}

SCALE, LAYER = ("data", "features", 0, "scale"), ("model", "layers", 0)
DENSE, OPTIMIZER = (*LAYER, "dense"), ("compile", "optimizer")
DROPOUT = ("model", "layers", 1, "dropout")
SPLIT, CALLBACKS = ("fit", "validation_split"), ("fit", "callbacks")

# what both take
FORMS = [
    (("fit", "checkpoint"), value) for value in ["30s", "5m", "1.5 h", "2", ".5h", "10 min", 30, 2.5]
] + [
    (SCALE, value) for value in
    ["min_max", "MinMax", "minmax", "standard", "Standard", "none", {"standard": {}},
     {"min_max": {}}, {"min_max": {"range": [-1, 1]}}, {"standard": None}]
] + [
    (LAYER, value) for value in
    ["flatten", "Flatten", {"Flatten": {}}, {"Dense": {"units": 8}}, {"flatten": None},
     {"dense": {"units": 8, "activation": "ReLU"}}, {"dense": {"units": 8, "activation": {"relu": {}}}},
     {"dense": {"units": 8, "activation": {"LeakyReLU": {"negative_slope": 0.1}}}},
     {"dense": {"units": 8, "kernel_initializer": "HeNormal"}},
     {"dense": {"units": 8, "kernel_initializer": "uniform"}},
     {"dense": {"units": 8, "kernel_initializer": {"he_normal": {"seed": 3}}}},
     {"dense": {"units": 8, "kernel_regularizer": "L2"}},
     {"dense": {"units": 8, "kernel_regularizer": {"l1_l2": {"l1": 0.1}}}},
     {"dense": {"units": 8, "kernel_constraint": "MaxNorm"}},
     {"dense": {"units": 8, "kernel_constraint": {"max_norm": {"max_value": 1}}}},
     {"dense": {"units": 8, "name": "first", "trainable": False}}]
] + [
    (OPTIMIZER, value) for value in
    ["Adam", "RMSprop", "rmsprop", {"SGD": {}}, {"sgd": {"learning_rate": 0.1}},
     {"sgd": {"learning_rate": {"cosine_decay": {"initial_learning_rate": 0.1, "decay_steps": 9}}}}]
] + [
    (("compile", "loss"), value) for value in
    ["SparseCategoricalCrossentropy", {"sparse_categorical_crossentropy": {"from_logits": False}}]
] + [
    (("compile", "metrics"), value) for value in
    [["acc"], ["Accuracy", "AUC"], [{"auc": {"num_thresholds": 10}}], []]
] + [
    (SPLIT, value) for value in [0.1, {"random": 0.2}, {"stratified": 0.2}]
] + [
    (CALLBACKS, value) for value in
    [["EarlyStopping"], [{"early_stopping": {"patience": 2}}], ["terminate_on_nan"]]
] + [(("fit", "class_weight"), value) for value in ["balanced", {"approved": 1, "rejected": 2.5}]]

# what both refuse
MISTAKES = [
    (("fit", "checkpoint"), "5 days"), (("fit", "checkpoint"), 0), (("fit", "checkpoint"), True),
    (("fit", "checkpoint"), [1]), (("fit", "checkpoint"), 1e9), (("fit", "init_weights"), 3),
    (("fit", "init_weights"), {"partial": True}), (("fit", "init_weights"), {"file": "a", "part": True}),
    (("model", "layers"), ["flatten"] * 10_001), (("compile", "metrics"), ["accuracy"] * 1_001),
    (("compile", "metrics"), [{"mean_io_u": {"num_classes": 2**40}}]),
    (("nonsense",), 1), (("data", "nonsense"), 1), (("data", "train"), 3), (("data", "features"), "all"),
    (("data", "features", 0, "nonsense"), 1),
    (SCALE, "StandardScaler"), (SCALE, {"min_max": {"rang": [0, 1]}}), (SCALE, True),
    (("data", "features", 0, "encode"), "ordinal"), (("model",), "a"), (("model", "nonsense"), 1),
    (("model", "layers"), "dense"), (("model", "layers"), {"dense": {"units": 1}}),
    (("model", "input_shape"), "2"), (("model", "input_shape"), [-1]), (LAYER, "zebra"),
    (LAYER, "dense"), (LAYER, 3), (LAYER, {"dense": 8}), (LAYER, {"dense": {}, "flatten": {}}),
    (LAYER, {"zebra": {}}), ((*DENSE, "unit"), 8), ((*DENSE, "units"), "8"), ((*DENSE, "units"), -1),
    ((*DENSE, "units"), 1.5), ((*DENSE, "units"), None), ((*DENSE, "activation"), "reluu"),
    ((*DENSE, "activation"), 3), ((*DENSE, "activation"), {"relu": {"nonsense": 1}}),
    ((*DENSE, "use_bias"), "yes"), ((*DENSE, "kernel_initializer"), "he"),
    ((*DENSE, "kernel_regularizer"), 0.1), ((*DENSE, "kernel_constraint"), "max"),
    ((*DENSE, "name"), 3), ((*DENSE, "trainable"), 1), (("compile", "loss"), "nonsense"),
    (("compile", "loss"), None), (("compile", "nonsense"), 1), (OPTIMIZER, "nonsense"), (OPTIMIZER, 0.1),
    (OPTIMIZER, {"adam": {"lr": 0.1}}), (OPTIMIZER, {"adam": {"learning_rate": "fast"}}),
    (OPTIMIZER, {"adam": {"learning_rate": {"cosine_decay": {}}}}), (("compile", "metrics"), "accuracy"),
    (("compile", "metrics"), ["nonsense"]), (("fit", "epochs"), "3"), (("fit", "epochs"), -1),
    (("fit", "batch_size"), 1.5), (("fit", "shuffle"), "batch"), (("fit", "verbose"), 256),
    (("fit", "nonsense"), 1), (SPLIT, "a"), (SPLIT, {"nonsense": 0.1}),
    (CALLBACKS, "early_stopping"), (CALLBACKS, ["nonsense"]),
    (CALLBACKS, [{"early_stopping": {"patiense": 1}}]), (("seed",), -1), (("name",), 3),
    # bounds
    ((*DENSE, "units"), 0), ((*DROPOUT, "rate"), 1.5), ((*DROPOUT, "rate"), -0.1),
    (("fit", "batch_size"), 0), (("fit", "validation_batch_size"), 0), (("fit", "validation_freq"), 0),
    (SPLIT, 1), (SPLIT, -0.1), (SPLIT, {"random": 0}), (SPLIT, {"stratified": 1.5}),
    (OPTIMIZER, {"adam": {"beta_1": 1}}), (OPTIMIZER, {"adam": {"epsilon": 0}}),
    (OPTIMIZER, {"adam": {"learning_rate": -1}}), (OPTIMIZER, {"adam": {"clipnorm": 0}}),
    (OPTIMIZER, {"adam": {"weight_decay": -1}}), (OPTIMIZER, {"adam": {"ema_momentum": 2}}),
    (OPTIMIZER, {"adam": {"gradient_accumulation_steps": 1}}), (OPTIMIZER, {"sgd": {"momentum": 2}}),
    (("compile", "metrics"), [{"auc": {"num_thresholds": 1}}]),
    (CALLBACKS, [{"reduce_lr_on_plateau": {"factor": 1}}]),
    (CALLBACKS, [{"model_checkpoint": {"filepath": "a", "save_weights_only": True}}]),
    (LAYER, {"lstm": {"units": 2, "return_state": True}}),
    (("data", "window"), {"horizon": 1}), (("data", "cache"), "auto"),
]

# what the program alone refuses, and why the schema can't
ALONE = [
    (("fit", "epochs"), 3.0, "to JSON Schema 3.0 is a whole number"),
    (("data", "features", 0, "column"), "nonsense", "the columns stand in the table"),
    (("data", "train"), "missing.csv", "a file"),
    (("compile", "loss"), "mse", "the loss against the target"),
    (LAYER, {"max_pooling2d": {}}, "a layer against the shape that reaches it"),
    (("fit", "class_weight"), {"nobody": 1}, "the classes stand in the table"),
    (CALLBACKS, [{"early_stopping": {"monitor": "nonsense"}}], "a callback against the metrics"),
    (OPTIMIZER, {"loss_scale_optimizer": {"inner_optimizer": "adam", "clipnorm": 1}},
     "common keys belong to the inner optimizer"),
    (LAYER, {"softmax": {"axis": 0}}, "an axis against the shape"),
    (("data", "features", 0, "column"), None, "a key without a value is a key that isn't there"),
]


def changed(path, value):
    config = copy.deepcopy(BASE)
    place = config
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return config


def documents():
    """Every whole configuration of the project: its name, and what it holds."""
    for path in sorted((ROOT / "configs").iterdir()) + sorted((ROOT / "tests/convert").glob("*.yaml")):
        text = path.read_text()
        if "`lanthorn check` refuses it" in text:
            continue
        match path.suffix:
            case ".yaml":
                yield path, yaml.load(text, Core)
            case ".toml":
                yield path, tomllib.loads(text)
            case ".json":
                yield path, json.loads(text)
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for block in re.findall(r"```yaml\n(.*?)```", path.read_text(), re.S):
            try:
                document = yaml.load(block, Core)
            except yaml.YAMLError:
                continue  # a part, with dots in it
            if isinstance(document, dict) and isinstance(document.get("model"), dict):
                yield path, document


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lanthorn", default="target/debug/lanthorn")
    lanthorn = str(pathlib.Path(parser.parse_args().lanthorn).resolve())
    schema = json.loads(subprocess.run([lanthorn, "schema"], capture_output=True, check=True).stdout)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    wrong, count = [], 0

    def takes(config):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "c.json"
            path.write_text(json.dumps(config))
            done = subprocess.run([lanthorn, "check", str(path)], capture_output=True)
            if done.returncode not in (0, 1):
                wrong.append(f"exit code {done.returncode}: {config}")
            return done.returncode == 0

    for path, document in documents():
        count += 1
        for error in list(validator.iter_errors(document))[:1]:
            wrong.append(f"{path}: {list(error.absolute_path)}: {error.message[:200]}")
    cases = [(path, value, True, True) for path, value in FORMS]
    cases += [(path, value, False, False) for path, value in MISTAKES]
    cases += [(path, value, False, True) for path, value, _ in ALONE]
    for path, value, by_program, by_schema in cases:
        config = changed(path, value)
        found = (takes(config), validator.is_valid(config))
        if found != (by_program, by_schema):
            wrong.append(f"{path} {value!r}: program and schema take it: {found}, not {(by_program, by_schema)}")
    for line in wrong:
        print(line)
    print(f"schema: {count} configurations, {len(FORMS)} forms, {len(MISTAKES)} mistakes, {len(ALONE)} of the program alone")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
