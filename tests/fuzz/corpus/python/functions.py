import keras
from keras import layers
import numpy as np

def block(units, rate=0.1):
    return [layers.Dense(units, activation="relu"), layers.Dropout(rate)]

sizes = [2 ** n for n in range(3, 6)]
model = keras.Sequential([keras.Input((4,)), *block(8), *[layers.Dense(s) for s in sizes if s > 8]])
for i in range(3):
    model.add(layers.Dense(i + 1, name=f"dense_{i}"))
model.layers[0].trainable = False
model.compile(optimizer=keras.optimizers.Adam(learning_rate=1e-3 if len(sizes) > 2 else 0.1),
              loss="mse", metrics=["mae"])
model.fit(x, y, batch_size=-(-33 // 2), epochs=10, validation_split=0.2, callbacks=[
    keras.callbacks.EarlyStopping(patience=3, monitor="val_loss")])
