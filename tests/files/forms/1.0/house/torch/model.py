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


# name, classes (None for a number), one number for each class, factor, offset
COLUMNS = [
    ("age", None, False, 0.07562929245446857, -3.7657085201287477),
    ("bmi", None, False, 0.20879599133292412, -5.419705947251413),
    ("bp", None, False, 0.0733114708587224, -6.7874101615213185),
    ("s1", None, False, 0.028915755925880433, -5.319695874919614),
    ("s2", None, False, 0.03476795405154128, -3.749627266808585),
]


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
    x = torch.tensor(numbers).reshape(-1, 5)
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
    """The numbers in their own unit, for every row."""
    y = (network or load())(features(rows))
    factors, offsets = torch.tensor([79.72120474573317]), torch.tensor([145.45833333333334])
    y = y * factors + offsets
    return y
