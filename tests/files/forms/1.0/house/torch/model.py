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
    """The network; its input is (batch, 5)."""
    return nn.Sequential(OrderedDict([
        ("dense", nn.Linear(5, 6, bias=True)),
        ("dense_activation", nn.LeakyReLU(0.1)),
        ("batch_normalization", nn.BatchNorm1d(6, eps=0.001, momentum=0.010000)),
        ("dense_1", nn.Linear(6, 4, bias=True)),
        ("dense_1_activation", nn.GELU()),
        ("layer_normalization", nn.LayerNorm((4,), eps=0.001)),
        ("dense_2", nn.Linear(4, 1, bias=True)),
    ]))


def load(weights=WEIGHTS):
    """The network with its weights, for inference."""
    network = build()
    network.load_state_dict(load_file(str(weights)), strict=True)
    return network.eval()


# what each step of COLUMNS does
STEPS = {
    "number": float,
    "affine": lambda x, factor, offset: x * factor + offset,
}
# what reads as missing
MISSING = {""}
# name, what stands for a missing cell, whether a number says that it was missing, steps
COLUMNS = [
    ("age", None, False, [("number",), ("affine", 0.07562929245446857, -3.7657085201287477)]),
    ("bmi", None, False, [("number",), ("affine", 0.20879599133292412, -5.419705947251413)]),
    ("bp", None, False, [("number",), ("affine", 0.0733114708587224, -6.7874101615213185)]),
    ("s1", None, False, [("number",), ("affine", 0.028915755925880433, -5.319695874919614)]),
    ("s2", None, False, [("number",), ("affine", 0.03476795405154128, -3.749627266808585)]),
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
    x = torch.tensor(numbers).reshape(-1, 5)
    return x


@torch.no_grad()
def predict(rows, network=None):
    """The numbers in their own unit, for every row."""
    y = (network or load())(features(rows))
    factors, offsets = torch.tensor([79.72120474573317]), torch.tensor([145.45833333333334])
    y = y * factors + offsets
    return y
