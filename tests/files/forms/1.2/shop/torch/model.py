"""A model trained with Lanthorn, for PyTorch.

    import model
    network = model.load()      # an nn.Sequential with the weights beside this file
    model.predict(rows)         # rows of raw cells: [{"column": cell, ...}, ...]
"""

import math
from collections import OrderedDict
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file

WEIGHTS = Path(__file__).with_name("model.safetensors")


def build():
    """The network; its input is (batch, 29)."""
    return nn.Sequential(OrderedDict([
        ("dense", nn.Linear(29, 6, bias=True)),
        ("dense_activation", nn.Tanh()),
        ("dense_1", nn.Linear(6, 2, bias=True)),
        ("dense_1_activation", nn.Softmax(dim=-1)),
    ]))


def load(weights=WEIGHTS):
    """The network with its weights, for inference."""
    network = build()
    network.load_state_dict(load_file(str(weights)), strict=True)
    return network.eval()


def as_text(cell):
    """The cell; of a whole number without its `.0`."""
    whole, _, decimals = cell.partition(".")
    digits = whole.removeprefix("-")
    is_whole = decimals and not decimals.strip("0") and digits.isdecimal() and digits.isascii()
    is_plain = is_whole and (digits == "0" or digits[0] != "0") and int(digits) < 2**53
    return whole if is_plain else cell


def label_of(cell, classes, rule, unknown=None):
    """The number of the class that a cell is of; `unknown` where training has not seen it."""
    label = classes.get(rule(cell), unknown)
    if label is None:
        raise ValueError(f"{cell!r} was not seen in training")
    return label


def given(number):
    """A number that the caller has made of the cell."""
    if isinstance(number, str):
        raise ValueError(f"{number!r} is a cell: give the number that is made of it")
    return int(number)


# what each step of COLUMNS does
STEPS = {
    "number": float,
    "label": label_of,
    "affine": lambda x, factor, offset: x * factor + offset,
    "log1p": math.log1p,
    "bins": lambda x, boundaries: sum(boundary <= x for boundary in boundaries),
    "one_hot": lambda x, count: [float(x == place) for place in range(count)],
    "given": given,
    "prepared": lambda x: torch.as_tensor(x, dtype=torch.float32).flatten().tolist(),
}
# what reads as missing
MISSING = {"", "", "NA"}
# name, what stands for a missing cell, whether a number says that it was missing, steps
COLUMNS = [
    ("age", 47.0, True, [("number",), ("affine", 0.04597701149425287, -2.160919540229885)]),
    ("income", None, False, [("number",), ("log1p",), ("affine", 1.3595216248367865, -13.510788950646925)]),
    ("pixel", None, False, [("number",), ("affine", 0.003968253968253968, 0.0)]),
    ("visits", None, False, [("number",), ("bins", [1.0, 3.0])]),
    ("area", "urban", False, [("label", {"rural": 0, "suburb": 1, "urban": 2}, as_text, 3), ("one_hot", 4)]),
    ("size", None, False, [("label", {"small": 0, "medium": 1, "large": 2}, as_text), ("affine", 0.5, 0.0)]),
    ("url", None, False, [("given",)]),  # give the number of keras.layers.Hashing(num_bins=7)
    ("shop", None, False, [("label", {"a": 0.21875, "b": 0.46875, "c": 0.3125}, as_text, 0.0)]),
    ("tags", None, False, [("prepared",)]),  # give a list of 4: 0 or 1 for each of its labels, in this order: dry;new;old;red
    ("day", None, False, [("prepared",)]),  # give a list of 5: of the date: month_sin, month_cos, hour_sin, hour_cos, days, scaled as the model file says
    ("vec", None, False, [("prepared",)]),  # give a list of 2: the 2 numbers of the cell, scaled as the model file says
    ("note", None, False, [("prepared",)]),  # give a list of 6: keras.layers.TextVectorization(max_tokens=6, standardize='lower_and_strip_punctuation', split='whitespace', output_mode='count') with the tokens of the model file
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
    x = torch.tensor(numbers).reshape(-1, 29)
    return x


CLASSES = ["no", "yes"]


@torch.no_grad()
def predict(rows, network=None):
    """The probability of each of CLASSES, for every row."""
    y = (network or load())(features(rows))
    return y
