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


# name, classes (None for a number), one number for each class, factor, offset
COLUMNS = [
    ("age", None, False, 1.0, 0.0),
    ("time", None, False, 6.672691311934067e-10, -1136.0138187983173),
    ("income", None, False, 2.3328318911183378e-5, -1.0943000635346767),
    ("tiny", None, False, 4299041554642191.0, -2.073435515904074),
    ("area", ["rural", "sub urban", "urban"], True, 1.0, 0.0),
    ("size", ["1", "2", "10"], False, 1.0, 0.0),
    ("active", ["No", "yes"], False, 1.0, 0.0),
    ("colour", ["blue", "green", "red; dark"], False, 1.231174022502185, -1.3337718577107003),
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
    x = torch.tensor(numbers).reshape(-1, 10)
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
    factors, offsets = torch.tensor([312.40023709739717, 29.342967840125894]), torch.tensor([646.6967708333335, 72.94721458333332])
    y = y * factors + offsets
    return y
