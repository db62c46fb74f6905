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


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def build():
    """The network; its input is (batch, 1, 8, 8)."""
    return nn.Sequential(OrderedDict([
        ("conv2d", nn.Conv2d(1, 3, (3, 3,), stride=(1, 1,), dilation=(1, 1,), groups=1, bias=True)),
        ("conv2d_activation", nn.ReLU()),
        ("max_pooling2d", nn.MaxPool2d((2, 2,), (2, 2,))),
        ("separable_conv2d_pad", Function(lambda x: F.pad(x, (0, 1, 0, 1)))),
        ("separable_conv2d", nn.Sequential(OrderedDict(depthwise=nn.Conv2d(3, 3, (2, 2,), stride=(1, 1,), dilation=(1, 1,), groups=3, bias=False), pointwise=nn.Conv2d(3, 4, 1, bias=True)))),
        ("conv2d_transpose", nn.ConvTranspose2d(4, 2, (2, 2,), stride=(1, 1,), dilation=(1, 1,), bias=True, output_padding=(0, 0,))),
        ("average_pooling2d", nn.AvgPool2d((2, 2,), (2, 2,))),
        ("flatten", nn.Flatten()),
        ("dense", nn.Linear(8, 10, bias=True)),
        ("dense_activation", nn.Softmax(dim=-1)),
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
    ("p00", None, False, [("number",), ("affine", 1.0, 0.0)]),
    ("p01", None, False, [("number",), ("affine", 0.3333333333333333, 0.0)]),
    ("p02", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p03", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p04", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p05", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p06", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p07", None, False, [("number",), ("affine", 0.1111111111111111, 0.0)]),
    ("p10", None, False, [("number",), ("affine", 1.0, 0.0)]),
    ("p11", None, False, [("number",), ("affine", 0.08333333333333333, 0.0)]),
    ("p12", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p13", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p14", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p15", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p16", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p17", None, False, [("number",), ("affine", 0.1, 0.0)]),
    ("p20", None, False, [("number",), ("affine", 1.0, 0.0)]),
    ("p21", None, False, [("number",), ("affine", 0.06666666666666667, 0.0)]),
    ("p22", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p23", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p24", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p25", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p26", None, False, [("number",), ("affine", 0.06666666666666667, 0.0)]),
    ("p27", None, False, [("number",), ("affine", 0.25, 0.0)]),
    ("p30", None, False, [("number",), ("affine", 1.0, 0.0)]),
    ("p31", None, False, [("number",), ("affine", 0.07692307692307693, 0.0)]),
    ("p32", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p33", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p34", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p35", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p36", None, False, [("number",), ("affine", 0.06666666666666667, 0.0)]),
    ("p37", None, False, [("number",), ("affine", 1.0, 0.0)]),
    ("p40", None, False, [("number",), ("affine", 1.0, 0.0)]),
    ("p41", None, False, [("number",), ("affine", 0.07142857142857142, 0.0)]),
    ("p42", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p43", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p44", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p45", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p46", None, False, [("number",), ("affine", 0.07692307692307693, 0.0)]),
    ("p47", None, False, [("number",), ("affine", 1.0, 0.0)]),
    ("p50", None, False, [("number",), ("affine", 1.0, 0.0)]),
    ("p51", None, False, [("number",), ("affine", 0.07142857142857142, 0.0)]),
    ("p52", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p53", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p54", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p55", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p56", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p57", None, False, [("number",), ("affine", 1.0, 0.0)]),
    ("p60", None, False, [("number",), ("affine", 0.3333333333333333, 0.0)]),
    ("p61", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p62", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p63", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p64", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p65", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p66", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p67", None, False, [("number",), ("affine", 0.25, 0.0)]),
    ("p70", None, False, [("number",), ("affine", 1.0, 0.0)]),
    ("p71", None, False, [("number",), ("affine", 0.25, 0.0)]),
    ("p72", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p73", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p74", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p75", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p76", None, False, [("number",), ("affine", 0.0625, 0.0)]),
    ("p77", None, False, [("number",), ("affine", 0.1111111111111111, 0.0)]),
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
    x = torch.tensor(numbers).reshape(-1, 8, 8, 1)
    return x.permute(0, 3, 1, 2)  # channels first


CLASSES = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]


@torch.no_grad()
def predict(rows, network=None):
    """The probability of each of CLASSES, for every row."""
    y = (network or load())(features(rows))
    return y
