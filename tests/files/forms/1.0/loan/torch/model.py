"""A model trained with Lanthorn, for PyTorch.

    import model
    network = model.load()      # an nn.Sequential with the weights beside this file
    model.predict(rows)         # rows of raw cells: [{"column": cell, ...}, ...]
"""

from collections import OrderedDict
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file

WEIGHTS = Path(__file__).with_name("model.safetensors")


def build():
    """The network; its input is (batch, 3)."""
    return nn.Sequential(OrderedDict([
        ("dense", nn.Linear(3, 5, bias=True)),
        ("dense_activation", nn.ReLU()),
        ("dropout", nn.Dropout(0.2)),
        ("dense_1", nn.Linear(5, 2, bias=True)),
        ("dense_1_activation", nn.Softmax(dim=-1)),
    ]))


def load(weights=WEIGHTS):
    """The network with its weights, for inference."""
    network = build()
    network.load_state_dict(load_file(str(weights)), strict=True)
    return network.eval()


def label_of(cell, classes, rule, unknown=None):
    """The number of the class that a cell is of; `unknown` where training has not seen it."""
    label = classes.get(rule(cell), unknown)
    if label is None:
        raise ValueError(f"{cell!r} was not seen in training")
    return label


# what each step of COLUMNS does
STEPS = {
    "number": float,
    "label": label_of,
    "affine": lambda x, factor, offset: x * factor + offset,
    "one_hot": lambda x, count: [float(x == place) for place in range(count)],
}
# what reads as missing
MISSING = {""}
# name, what stands for a missing cell, whether a number says that it was missing, steps
COLUMNS = [
    ("age", None, False, [("number",), ("affine", 0.011627906976744186, -0.1511627906976744)]),
    ("area", None, False, [("label", {"rural": 0, "urban": 1}, str), ("one_hot", 2)]),
]


def numbers_of(cell, fill, indicator, steps):
    """The numbers that the network is given for a cell."""
    value = cell
    is_plain = cell is None or isinstance(cell, (str, int, float))
    text = "" if cell is None else str(cell).strip()
    is_missing = is_plain and text in MISSING
    if is_missing and fill is None:
        raise ValueError(f"the cell is missing: {cell!r}")
    if is_missing:
        value = fill
    elif isinstance(cell, str):
        value = cell.strip()
    for step, *arguments in steps:
        value = STEPS[step](str(value) if step == "label" else value, *arguments)
    numbers = value if isinstance(value, list) else [float(value)]
    return numbers + [float(is_missing)] if indicator else numbers


def features(rows):
    """Rows of raw cells as the network's input."""
    numbers = []
    for row in rows:
        numbers.append([])
        for name, fill, indicator, steps in COLUMNS:
            try:
                numbers[-1] += numbers_of(row[name], fill, indicator, steps)
            except ValueError as error:
                raise ValueError(f"column {name}: {error}") from None
    x = torch.tensor(numbers).reshape(-1, 3)
    return x


CLASSES = ["approved", "rejected"]


@torch.no_grad()
def predict(rows, network=None):
    """The probability of each of CLASSES, for every row."""
    y = (network or load())(features(rows))
    return y
