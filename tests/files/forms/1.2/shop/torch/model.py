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


PREPARED = "prepared"  # the cells are numbers as the model sees them

# name, classes (None for a number), one number for each class, factor, offset
COLUMNS = [
    ("age", PREPARED, False, 1.0, 0.0),  # give the list of 2 that the model sees: age, age_missing
    ("income", PREPARED, False, 1.0, 0.0),  # give the list of 1 that the model sees: income
    ("pixel", None, False, 0.003968253968253968, 0.0),
    ("visits", PREPARED, False, 1.0, 0.0),  # give the list of 1 that the model sees: visits
    ("area", PREPARED, False, 1.0, 0.0),  # give the list of 4 that the model sees: area_rural, area_suburb, area_urban, area_other
    ("size", ["small", "medium", "large"], False, 0.5, 0.0),
    ("url", range(7), False, 1.0, 0.0),  # give the number of keras.layers.Hashing(num_bins=7)
    ("shop", PREPARED, False, 1.0, 0.0),  # give the list of 1 that the model sees: shop
    ("tags", PREPARED, False, 1.0, 0.0),  # give the list of 4 that the model sees: tags_dry, tags_new, tags_old, tags_red
    ("day", PREPARED, False, 1.0, 0.0),  # give the list of 5 that the model sees: day_month_sin, day_month_cos, day_hour_sin, day_hour_cos, day_days
    ("vec", PREPARED, False, 1.0, 0.0),  # give the list of 2 that the model sees: vec_0, vec_1
    ("note", PREPARED, False, 1.0, 0.0),  # give the list of 6 that the model sees: note_[UNK], note_fine, note_good, note_fast, note_bad, note_slow
]
CLASSES = ["no", "yes"]


def features(rows):
    """Rows of raw cells as the network's input."""
    numbers = []
    for row in rows:
        numbers.append([])
        for name, classes, one_hot, factor, offset in COLUMNS:
            if classes == PREPARED:
                numbers[-1] += torch.as_tensor(row[name], dtype=torch.float32).flatten().tolist()
                continue
            cell = str(row[name]).strip()
            if classes is None:
                numbers[-1].append(float(cell) * factor + offset)
                continue
            label = label_of(classes, cell, name)
            if one_hot:
                numbers[-1] += [float(label == i) for i in range(len(classes))]
            else:
                numbers[-1].append(label * factor + offset)
    x = torch.tensor(numbers).reshape(-1, 29)
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
