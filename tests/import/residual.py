"""Records residual.keras, residual.csv and residual_want.csv with Keras: a functional model whose
branches end in `Add`s, one inside another, trained for some steps."""

import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np

here = Path(__file__).parent
keras.utils.set_random_seed(7)
layers = keras.layers
start = keras.Input((6, 5, 2))
x = layers.Conv2D(4, 3, padding="same", activation="relu")(start)
inner = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x))
y = layers.Add()([inner, x])
y = layers.Conv2D(6, 3, strides=2, padding="same", activation="tanh")(y)
other = layers.Conv2D(6, 1, strides=2, name="projection")(x)
y = layers.ReLU()(layers.Add(name="joined")([y, other]))
y = layers.GlobalAveragePooling2D()(y)
y = layers.Add()([y, layers.Dense(6, activation="sigmoid")(y)])
y = layers.Dense(3, activation="softmax")(y)
model = keras.Model(start, y)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
draw = np.random.default_rng(3)
rows = draw.normal(size=(40, 60)).round(3).astype("float32")
labels = draw.integers(0, 3, 40)
model.fit(rows.reshape(-1, 6, 5, 2), labels, epochs=4, batch_size=8, verbose=0)
model.save(here / "residual.keras")
rows = rows[:8]
np.savetxt(here / "residual.csv", rows, "%.3f", ",", header=",".join(f"x{i}" for i in range(60)), comments="")
want = model.predict(rows.reshape(-1, 6, 5, 2), verbose=0)
np.savetxt(here / "residual_want.csv", want, "%.9f", ",", header="0,1,2", comments="")
