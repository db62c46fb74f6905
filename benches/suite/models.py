"""The models of both suites, and a generator of random ones: (name, input, batch, layers, target).

Layers are written as in a configuration. The target is "classes" (how many the last layer says),
"binary", "number", "same" (the input again) or ids in front of an embedding ("ids N" classes of words).
"""
import random


def conv(filters, strides=1, kernel=3, **more):
    return {"conv2d": {"filters": filters, "kernel_size": kernel, "strides": strides, "padding": "same", **more}}


def dense(units, activation="linear"):
    return {"dense": {"units": units, "activation": activation}}


NORM = "batch_normalization"


def separable(filters, strides=1):
    depthwise = {"kernel_size": 3, "strides": strides, "padding": "same", "use_bias": False}
    return [{"depthwise_conv2d": depthwise}, NORM, "re_lu", conv(filters, kernel=1, use_bias=False), NORM, "re_lu"]


def autoencoder(sizes):
    layers = [layer for units in sizes for layer in (dense(units), NORM, "re_lu")]
    return [*layers, dense(640)]


def residual(filters, strides):
    layers = [conv(filters, strides), NORM, "re_lu", conv(filters), NORM]
    shortcut = [conv(filters, strides, kernel=1)] if strides > 1 else []
    return [{"residual": {"layers": layers, "shortcut": shortcut}}, "re_lu"]


def ds_cnn():
    first = {"conv2d": {"filters": 64, "kernel_size": [10, 4], "strides": 2, "padding": "same"}}
    return [first, NORM, "re_lu", *separable(64) * 4, "global_average_pooling2d", dense(12, "softmax")]


def mobilenet():
    widths = [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1)]
    layers = [layer for filters, strides in widths for layer in separable(filters, strides)]
    return [conv(8, 2, use_bias=False), NORM, "re_lu", *layers, "global_average_pooling2d", dense(2, "softmax")]


def vgg():
    blocks = [[conv(f, activation="relu"), conv(f, activation="relu"), "max_pooling2d"] for f in (32, 64, 128)]
    return [*sum(blocks, []), "flatten", dense(128, "relu"), dense(10, "softmax")]


def conv1d(filters, strides=1, kind="conv1d", kernel=7):
    arguments = {"filters": filters, "kernel_size": kernel, "strides": strides, "padding": "same"}
    return {kind: {**arguments, "activation": "relu"}}


def both_ways(**more):
    return {"bidirectional": {"layer": {"lstm": {"units": 64, **more}}}}


def drop(rate):
    return {"dropout": {"rate": rate}}


def picture_cnn():
    blocks = [{"conv2d": {"filters": f, "kernel_size": 3, "activation": "relu"}} for f in (32, 64)]
    return [*blocks, "max_pooling2d", "flatten", dense(128, "relu"), dense(10, "softmax")]


def strided_cnn():
    first = conv(24, 2, kernel=5, use_bias=False)
    return [first, NORM, "re_lu", conv(48), NORM, "re_lu", conv(64, 2), NORM, "re_lu", "global_average_pooling2d",
            dense(10, "softmax")]


# The shapes of the first suite, all with Adam.
FIRST = [
    ("W1 loan 2-8-16-2", [2], 10, [dense(8, "relu"), dense(16, "relu"), dense(2, "softmax")], "classes 2"),
    ("W2 MLP 784-512-256-10", [784], 128, [dense(512, "relu"), dense(256, "relu"), dense(10, "softmax")], "classes 10"),
    ("W3 CNN 28 x 28", [28, 28, 1], 128, picture_cnn(), "classes 10"),
    ("W4 LSTM 64 over 50 x 16", [50, 16], 64, [{"lstm": {"units": 64}}, dense(1, "sigmoid")], "binary"),
    ("W5 table of 50, batch norm", [50], 256, [dense(128, "relu"), NORM, dense(128, "relu"), dense(1)], "number"),
    ("W7 MLP 784-301-77-53-10", [784], 100, [dense(301, "gelu"), drop(0.2), dense(77, "tanh"), dense(53, "sigmoid"),
     dense(10, "softmax")], "classes 10"),
    ("W8 CNN of strides, batch norm", [28, 28, 1], 64, strided_cnn(), "classes 10"),
    ("W9 masking, two GRUs", [50, 16], 32, [{"masking": {"mask_value": 0.0}}, {"gru": {"units": 48,
     "return_sequences": True}}, {"gru": {"units": 32}}, dense(1, "sigmoid")], "binary"),
]

SECOND = [
    ("N1 anomaly autoencoder", [640], 512, autoencoder([128] * 4 + [8] + [128] * 4), "same"),
    ("N2 keyword DS-CNN", [49, 10, 1], 64, ds_cnn(), "classes 12"),
    ("N3 MobileNetV1 0.25", [96, 96, 3], 32, mobilenet(), "classes 2"),
    ("N4 ResNet-8", [32, 32, 3], 32, [conv(16), NORM, "re_lu", *residual(16, 1), *residual(32, 2), *residual(64, 2),
     "global_average_pooling2d", dense(10, "softmax")], "classes 10"),
    ("N5 fraud", [30], 2048, [dense(256, "relu"), dense(256, "relu"), drop(0.3), dense(256, "relu"), drop(0.3),
     dense(1, "sigmoid")], "binary"),
    ("N6 autoencoder over 288 steps", [288, 1], 128, [conv1d(32, 2), drop(0.2), conv1d(16, 2),
     conv1d(16, 2, "conv1d_transpose"), drop(0.2), conv1d(32, 2, "conv1d_transpose"),
     {"conv1d_transpose": {"filters": 1, "kernel_size": 7, "padding": "same"}}], "same"),
    ("N7 LSTM 32 over 120 x 7", [120, 7], 256, [{"lstm": {"units": 32}}, dense(1, "sigmoid")], "binary"),
    ("N8 two bidirectional LSTM 64", [200], 32, [{"embedding": {"input_dim": 20000, "output_dim": 128}},
     both_ways(return_sequences=True), both_ways(), dense(1, "sigmoid")], "ids 20000"),
    ("S1 embedding, GRU 128, 200 steps", [200], 32, [{"embedding": {"input_dim": 20000, "output_dim": 128}},
     {"gru": {"units": 128}}, dense(1, "sigmoid")], "ids 20000"),
    ("S3 MLP 1024-2048-2048-10", [1024], 256, [dense(2048, "relu"), dense(2048, "relu"), dense(10, "softmax")],
     "classes 10"),
    ("S4 autoencoder, batch norm", [640], 512, autoencoder([128, 128, 8, 128, 128]), "same"),
    ("S5 VGG", [32, 32, 3], 32, vgg(), "classes 10"),
    ("S7 LSTM 256 over 100 x 32", [100, 32], 32, [{"lstm": {"units": 256}}, dense(1, "sigmoid")], "binary"),
    ("S8 conv1d 64-64-128, 512 x 6", [512, 6], 32, [conv1d(64, kernel=5), conv1d(64, kernel=5),
     conv1d(128, kernel=5), "global_average_pooling1d", dense(10, "softmax")], "classes 10"),
]

MODELS = FIRST + SECOND


def random_model(seed):
    """One model drawn from a seed: its kind, widths, batch size and length."""
    draw = random.Random(seed)
    batch = draw.choice([8, 20, 32, 50, 64, 128, 200, 256])
    activation = draw.choice(["relu", "tanh", "gelu", "elu", "sigmoid"])
    classes = draw.randint(2, 20)
    end = [dense(classes, "softmax")]

    def norm():
        return [draw.choice([NORM, "layer_normalization", drop(0.2), "identity"])]

    kind = draw.choice(["mlp", "cnn", "separable", "conv1d", "recurrent", "residual"])
    if kind == "mlp":
        shape = [draw.randint(4, 900)]
        layers = sum(([dense(draw.randint(5, 700), activation), *norm()] for _ in range(draw.randint(1, 4))), [])
    elif kind == "conv1d":
        shape = [draw.randint(20, 300), draw.randint(1, 12)]
        layers = [conv1d(draw.randint(4, 96), draw.choice([1, 1, 2]), kernel=draw.randint(1, 7))
                  for _ in range(draw.randint(1, 3))] + ["global_average_pooling1d"]
    elif kind == "recurrent":
        shape = [draw.randint(5, 120), draw.randint(1, 40)]
        cell = draw.choice(["lstm", "gru", "simple_rnn"])
        layers = [{cell: {"units": draw.randint(4, 96), "return_sequences": True}}] * draw.randint(0, 1)
        layers += [{cell: {"units": draw.randint(4, 160)}}]
    else:
        size = draw.randint(8, 40)
        shape = [size, size, draw.choice([1, 3, 8])]
        layers = []
        for _ in range(draw.randint(1, 3)):
            filters, strides = draw.randint(4, 72), draw.choice([1, 1, 2])
            if kind == "separable":
                layers += separable(filters, strides)
            elif kind == "residual":
                layers += [conv(filters, strides), *residual(filters, draw.choice([1, 2]))]
            else:
                layers += [conv(filters, strides, kernel=draw.choice([1, 3, 5]), activation=activation), *norm()]
        layers += ["global_average_pooling2d"]
    return (f"random {seed} {kind}", shape, batch, layers + end, f"classes {classes}")
