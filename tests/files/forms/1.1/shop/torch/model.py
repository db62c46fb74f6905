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
    """The network; its input is (batch, 10)."""
    return nn.Sequential(OrderedDict([
        ("dense", nn.Linear(10, 6, bias=True)),
        ("dense_activation", nn.Tanh()),
        ("dense_1", nn.Linear(6, 2, bias=True)),
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


def as_boolean(cell):
    """True, False, or what is neither."""
    word = cell.lower()
    if word in {"true", "t", "yes", "y", "1", "1.0"}:
        return True
    return False if word in {"false", "f", "no", "n", "0", "0.0"} else word


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
MISSING = {"", "NA", "N/A", "n/a", "<NA>", "#N/A", "NaN", "nan", "None", "null", "NULL", "?", "-"}
# name, what stands for a missing cell, whether a number says that it was missing, steps
COLUMNS = [
    ("age", None, False, [("number",)]),
    ("time", None, False, [("number",), ("affine", 6.672691311934067e-10, -1136.0138187983173)]),
    ("income", None, False, [("number",), ("affine", 2.3328318911183378e-5, -1.0943000635346767)]),
    ("tiny", None, False, [("number",), ("affine", 4299041554642191.0, -2.073435515904074)]),
    ("area", None, False, [("label", {"rural": 0, "sub urban": 1, "urban": 2}, as_text), ("one_hot", 3)]),
    ("size", None, False, [("label", {"1": 0, "2": 1, "10": 2}, as_text)]),
    ("active", None, False, [("label", {False: 0, True: 1}, as_boolean)]),
    ("colour", None, False, [("label", {"blue": 0, "green": 1, "red; dark": 2}, as_text), ("affine", 1.231174022502185, -1.3337718577107003)]),
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
    x = torch.tensor(numbers).reshape(-1, 10)
    return x


@torch.no_grad()
def predict(rows, network=None):
    """The numbers in their own unit, for every row."""
    y = (network or load())(features(rows))
    factors, offsets = torch.tensor([312.40023709739717, 29.342967840125894]), torch.tensor([646.6967708333335, 72.94721458333332])
    y = y * factors + offsets
    return y
