"""Records the first epochs of an autoencoder in Keras, from weights that are written beside them.

    KERAS_BACKEND=jax python make.py   # writes keras.json; Keras 3.15
"""

import json
from pathlib import Path

import keras
import numpy as np

EPOCHS = 6
random = np.random.default_rng(14)
t = random.uniform(-1, 1, 60)
columns = {
    "u": 3 * t + 10,
    "v": t**2,
    "w": -t + random.normal(0, 0.1, 60),
    "kind": np.where(t > 0, "a", "b"),
}
for name in "uvw":
    columns[name] = np.round(columns[name], 4)
scaled = [(columns[name] - columns[name].mean()) / columns[name].std() for name in "uvw"]
one_hot = [(columns["kind"] == kind).astype(float) for kind in "ab"]
x = np.stack(scaled + one_hot, axis=1).astype("float32")

model = keras.Sequential([
    keras.Input((5,)),
    keras.layers.Dense(3, activation="tanh"),
    keras.layers.Dense(5),
])
weights = [np.round(random.normal(0, 0.5, w.shape), 3).astype("float32") for w in model.get_weights()]
model.set_weights(weights)
model.compile(keras.optimizers.Adam(0.02), "mse", metrics=["mae"])
history = model.fit(x, x, batch_size=16, epochs=EPOCHS, shuffle=False, verbose=0)
errors = np.mean((x - model.predict(x, verbose=0)) ** 2, axis=1)
recording = {
    "keras": keras.__version__,
    "columns": {name: cells.tolist() for name, cells in columns.items()},
    "weights": [w.tolist() for w in weights],
    "history": history.history,
    "errors": errors.tolist(),
}
Path(__file__).with_name("keras.json").write_text(json.dumps(recording) + "\n")
