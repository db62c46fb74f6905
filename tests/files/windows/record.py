"""Records how Keras trains an LSTM on windows, from weights that both begin with.

    python record.py     # numpy, keras, tensorflow, safetensors

writes table.csv, weights.safetensors (as PyTorch lays them out) and keras.json beside this file.
"""

import json
from pathlib import Path

import keras
import numpy as np
from keras.utils import timeseries_dataset_from_array
from safetensors.numpy import save_file

FOLDER = Path(__file__).parent
ROWS, BOUNDARY = 80, 60
LENGTH, HORIZON, STRIDE, RATE = 6, 2, 1, 2
EPOCHS, BATCH = 3, 8

rng = np.random.default_rng(5)
t = np.arange(ROWS)
a = np.round(10 * np.sin(t / 5) + rng.normal(size=ROWS), 3)
b = np.round(t / 10 + rng.normal(size=ROWS), 3)
c = np.round(np.roll(a, 1) / 5 + b / 4, 3)
c[0] = 0.0
lines = ["a,b,c", *(f"{x},{y},{z}" for x, y, z in zip(a, b, c))]
(FOLDER / "table.csv").write_text("\n".join(lines) + "\n")

raw = np.stack([a, b], axis=1)
before = raw[:BOUNDARY]
x = ((raw - before.mean(axis=0)) / before.std(axis=0)).astype("float32")
y = c.astype("float32")
reach = (LENGTH - 1) * RATE


def windows(first, end):
    """Those whose targets are the rows from `first` to before `end`."""
    return timeseries_dataset_from_array(
        x[first - reach - HORIZON : end - HORIZON],
        y[first:end],
        sequence_length=LENGTH,
        sequence_stride=STRIDE,
        sampling_rate=RATE,
        batch_size=BATCH,
        shuffle=False,
    )


keras.utils.set_random_seed(1)
model = keras.Sequential(
    [keras.Input((LENGTH, 2)), keras.layers.LSTM(5), keras.layers.Dense(1)]
)
kernel, recurrent, bias, dense, dense_bias = model.get_weights()
save_file(
    {
        "lstm.weight_ih_l0": np.ascontiguousarray(kernel.T),
        "lstm.weight_hh_l0": np.ascontiguousarray(recurrent.T),
        "lstm.bias_ih_l0": bias,
        "lstm.bias_hh_l0": np.zeros_like(bias),
        "dense.weight": np.ascontiguousarray(dense.T),
        "dense.bias": dense_bias,
    },
    FOLDER / "weights.safetensors",
)
model.compile(keras.optimizers.Adam(0.01), loss="mse", metrics=["mae"])
train, validation = windows(reach + HORIZON, BOUNDARY), windows(BOUNDARY, ROWS)
count = lambda dataset: sum(len(targets) for _, targets in dataset)
history = model.fit(train, validation_data=validation, epochs=EPOCHS, shuffle=False, verbose=0)
seen = np.lib.stride_tricks.sliding_window_view(x, reach + 1, axis=0)[:, :, ::RATE]
predictions = model.predict(seen.transpose(0, 2, 1), verbose=0)[:, 0]
recorded = {
    "keras": keras.__version__,
    "windows": [count(train), count(validation)],
    "history": {key: [float(v) for v in values] for key, values in history.history.items()},
    "predictions": [float(v) for v in predictions],
}
(FOLDER / "keras.json").write_text(json.dumps(recorded, indent=1) + "\n")
