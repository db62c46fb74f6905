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


# name, classes (None for a number), one number for each class, factor, offset
COLUMNS = [
    ("age", None, False, 0.011627906976744186, -0.1511627906976744),
    ("area", ["rural", "urban"], True, 1.0, 0.0),
]
CLASSES = ["approved", "rejected"]


def features(rows):
    """Rows of raw cells as the network's input."""
    numbers = []
    for row in rows:
        numbers.append([])
        for name, classes, one_hot, factor, offset in COLUMNS:
            cell = str(row[name]).strip()
            if classes is None:
                numbers[-1].append(float(cell) * factor + offset)
                continue
            label = label_of(classes, cell, name)
            if one_hot:
                numbers[-1] += [float(label == i) for i in range(len(classes))]
            else:
                numbers[-1].append(label * factor + offset)
    x = torch.tensor(numbers).reshape(-1, 3)
    return x


def label_of(classes, cell, name):
    """The number of a cell's class; where all classes are numbers, 1 and 1.0 are one."""
    if cell in classes:
        return classes.index(cell)
    try:
        return [float(other) for other in classes].index(float(cell))
    except ValueError:
        raise ValueError(f"column {name}: {cell!r} was not seen in training") from None


@torch.no_grad()
def predict(rows, network=None):
    """The probability of each of CLASSES, for every row."""
    y = (network or load())(features(rows))
    return y
