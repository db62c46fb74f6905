#!/usr/bin/env python3
"""The peers' side of W7 to W9, as workloads.py is of W1 to W6: one (peer, workload) a process; prints
one JSON line.

    PEERS_DATA=DIR python shapes.py --peer torch|keras-jax|keras-tf|keras-torch --workload w7|w8|w9

PyTorch has no masks: its W9 computes every step, in its favour.
"""
import argparse
import json
import os
import statistics
import time

parser = argparse.ArgumentParser()
parser.add_argument("--peer", required=True)
parser.add_argument("--workload", required=True)
ARGS = parser.parse_args()
BATCH = {"w7": 100, "w8": 64, "w9": 32}[ARGS.workload]
EPOCHS = {"w7": 3, "w8": 2, "w9": 2}[ARGS.workload]  # as many as ours, by w7.yaml to w9.yaml

import numpy as np


def data():
    folder = os.environ["PEERS_DATA"]
    stem = os.path.join(folder, {"w7": "w2", "w8": "w3", "w9": "w4"}[ARGS.workload])
    x, y = np.load(stem + "_x.npy").astype(np.float32), np.load(stem + "_y.npy")
    if ARGS.workload == "w9":
        return x, y.astype(np.float32)
    x /= 255
    return (x.reshape(-1, 28, 28, 1) if ARGS.workload == "w8" else x), y.astype(np.int64)


def keras_run(x, y):
    os.environ["KERAS_BACKEND"] = {"jax": "jax", "tf": "tensorflow", "torch": "torch"}[ARGS.peer[6:]]
    import keras
    from keras import layers as L

    if ARGS.workload == "w7":
        layers = [L.Dense(301, activation="gelu"), L.Dropout(0.2), L.Dense(77, activation="tanh")]
        layers += [L.Dense(53, activation="sigmoid"), L.Dense(10, activation="softmax")]
        optimizer, loss = keras.optimizers.RMSprop(1e-3), "sparse_categorical_crossentropy"
    elif ARGS.workload == "w8":
        layers = []
        for filters, size, strides in [(24, 5, 2), (48, 3, 1), (64, 3, 2)]:
            bias = filters != 24
            layers.append(L.Conv2D(filters, size, strides=strides, padding="same", use_bias=bias))
            layers += [L.BatchNormalization(), L.ReLU()]
        layers += [L.GlobalAveragePooling2D(), L.Dense(10, activation="softmax")]
        optimizer, loss = keras.optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy"
    else:
        layers = [L.Masking(0.0), L.GRU(48, return_sequences=True), L.GRU(32)]
        layers += [L.Dense(1, activation="sigmoid")]
        optimizer, loss = keras.optimizers.Adam(), "binary_crossentropy"
    model = keras.Sequential([keras.Input(x.shape[1:]), *layers])
    model.compile(optimizer, loss, metrics=["accuracy"])
    seconds = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            seconds.append(time.perf_counter() - self.start)

    history = model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0, callbacks=[Clock()])
    return seconds, history.history["loss"][-1]


def torch_run(x, y):
    import torch
    from torch import nn

    torch.manual_seed(0)
    if ARGS.workload == "w7":
        model = nn.Sequential(
            nn.Linear(784, 301), nn.GELU(), nn.Dropout(0.2), nn.Linear(301, 77), nn.Tanh(),
            nn.Linear(77, 53), nn.Sigmoid(), nn.Linear(53, 10),
        )
        optimizer = torch.optim.RMSprop(model.parameters(), 1e-3)
    elif ARGS.workload == "w8":
        x = x.transpose(0, 3, 1, 2).copy()
        modules, channels = [], 1
        for filters, size, stride in [(24, 5, 2), (48, 3, 1), (64, 3, 2)]:
            modules.append(nn.Conv2d(channels, filters, size, stride, size // 2, bias=filters != 24))
            modules += [nn.BatchNorm2d(filters), nn.ReLU()]
            channels = filters
        model = nn.Sequential(*modules, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
        optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    else:

        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.GRU(16, 48, batch_first=True)
                self.second = nn.GRU(48, 32, batch_first=True)
                self.head = nn.Linear(32, 1)

            def forward(self, x):
                return self.head(self.second(self.first(x)[0])[1][-1])[:, 0]

        model = Model()
        optimizer = torch.optim.Adam(model.parameters())
    loss_of = nn.BCEWithLogitsLoss() if ARGS.workload == "w9" else nn.CrossEntropyLoss()
    x, y = torch.tensor(x), torch.tensor(y)
    seconds = []
    for _ in range(EPOCHS):
        start, total = time.perf_counter(), 0.0
        order = torch.randperm(len(x))
        for first in range(0, len(x), BATCH):
            rows = order[first : first + BATCH]
            loss = loss_of(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        seconds.append(time.perf_counter() - start)
    return seconds, total / len(x)


x, y = data()
seconds, loss = (torch_run if ARGS.peer == "torch" else keras_run)(x, y)
steps = -(-len(x) // BATCH)
print(json.dumps({"us_per_step": 1e6 * statistics.median(seconds[1:]) / steps, "final_loss": loss}))
