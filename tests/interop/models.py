"""The models that the interoperability check trains: between them they use every exchangeable layer.

Each is (name, input shape, layers, kind of target). Kinds: "classes" (3 of them), "two" (one
sigmoid), "number", "numbers" (2 of them), "ids" (the inputs are ids below 20, 3 classes).
"""


def classes(*layers):
    return list(layers) + [{"dense": {"units": 3, "activation": "softmax"}}]


FIRST = {"data_format": "channels_first"}

MODELS = [
    ("mlp", [5], classes(
        {"dense": {"units": 8, "activation": "relu"}},
        {"dense": {"units": 6, "activation": "gelu", "kernel_regularizer": {"l2": {"l2": 0.001}}}},
    ), "classes"),
    ("sigmoid", [4], [
        {"dense": {"units": 6, "activation": "tanh", "kernel_initializer": "he_normal"}},
        {"dense": {"units": 1, "activation": "sigmoid"}},
    ], "two"),
    ("regression", [4], [
        {"dense": {"units": 7, "activation": {"leaky_relu": {"negative_slope": 0.1}}, "use_bias": False,
                   "kernel_constraint": {"max_norm": {"max_value": 2.0}}}},
        {"dense": {"units": 1}},
    ], "number"),
    ("activations", [6], [
        {"dense": {"units": 8, "activation": name}}
        for name in ["elu", "selu", "celu", "silu", "softplus", "softsign", "hard_sigmoid",
                     "hard_silu", "mish", "relu6", "log_sigmoid", "tanh_shrink", "hard_tanh",
                     "exponential", "soft_shrink", "squareplus", "sparse_plus", "sparse_sigmoid",
                     "hard_shrink", "log_softmax", "sparsemax", "sigmoid"]
    ] + [{"dense": {"units": 2}}], "numbers"),
    ("glu", [6], [{"dense": {"units": 8, "activation": "glu"}}, {"dense": {"units": 1}}], "number"),
    ("cnn", [8, 8, 2], classes(
        {"conv2d": {"filters": 4, "kernel_size": 3, "activation": "relu", "padding": "same"}},
        {"max_pooling2d": {"pool_size": 2}},
        {"conv2d": {"filters": 5, "kernel_size": [3, 2], "strides": 2, "padding": "same", "activation": "tanh"}},
        "flatten",
        {"dropout": {"rate": 0.2}},
    ), "classes"),
    ("cnn_norm", [7, 7, 3], classes(
        {"conv2d": {"filters": 6, "kernel_size": 3, "use_bias": False}},
        "batch_normalization",
        {"activation": {"activation": "relu"}},
        {"average_pooling2d": {"pool_size": 2, "padding": "same"}},
        {"batch_normalization": {"center": False}},  # a beta would meet the next normalization's mean
        "flatten",
        "batch_normalization",
    ), "classes"),
    ("separable", [9, 8, 2], classes(
        {"separable_conv2d": {"filters": 5, "kernel_size": 3, "activation": "relu", "depth_multiplier": 2}},
        {"depthwise_conv2d": {"kernel_size": 3, "depth_multiplier": 2, "padding": "same", "strides": 2}},
        "global_average_pooling2d",
    ), "classes"),
    ("groups", [9, 6, 4], classes(
        {"zero_padding2d": {"padding": [[1, 2], [0, 1]]}},
        {"conv2d": {"filters": 4, "kernel_size": 3, "groups": 2, "dilation_rate": 2}},
        {"cropping2d": {"cropping": [[1, 0], [0, 1]]}},
        {"up_sampling2d": {"size": [2, 1]}},
        {"up_sampling2d": {"size": 2, "interpolation": "bilinear"}},
        "global_max_pooling2d",
    ), "classes"),
    ("transposed", [4, 5, 2], classes(
        {"conv2d_transpose": {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}},
        {"conv2d_transpose": {"filters": 2, "kernel_size": [2, 4], "strides": [3, 2], "activation": "relu"}},
        {"conv2d_transpose": {"filters": 2, "kernel_size": 4, "strides": 1, "padding": "same"}},
        "global_average_pooling2d",
    ), "classes"),
    ("conv1d", [12, 3], classes(
        {"conv1d": {"filters": 4, "kernel_size": 3, "padding": "causal", "dilation_rate": 2, "activation": "relu"}},
        {"max_pooling1d": {"pool_size": 3, "strides": 2, "padding": "same"}},
        {"separable_conv1d": {"filters": 4, "kernel_size": 2}},
        {"depthwise_conv1d": {"kernel_size": 2}},
        {"conv1d_transpose": {"filters": 3, "kernel_size": 3, "strides": 2}},
        {"average_pooling1d": {"pool_size": 2}},
        {"up_sampling1d": {"size": 2}},
        {"zero_padding1d": {"padding": 1}},
        {"cropping1d": {"cropping": [1, 1]}},
        "flatten",
    ), "classes"),
    ("conv3d", [4, 4, 4, 1], classes(
        {"conv3d": {"filters": 3, "kernel_size": 2, "activation": "relu"}},
        {"max_pooling3d": {"pool_size": 2, "strides": 1}},
        {"conv3d_transpose": {"filters": 2, "kernel_size": 2}},
        {"average_pooling3d": {"pool_size": 2, "strides": 1}},
        {"up_sampling3d": {"size": 2}},
        {"zero_padding3d": {"padding": 1}},
        {"cropping3d": {"cropping": 1}},
        "flatten",
    ), "classes"),
    ("channels_first", [2, 7, 9], classes(
        {"conv2d": {"filters": 4, "kernel_size": [3, 2], "strides": [2, 1], "use_bias": False, **FIRST}},
        {"batch_normalization": {"axis": 1}},
        {"depthwise_conv2d": {"kernel_size": 2, "depth_multiplier": 2, **FIRST}},
        {"separable_conv2d": {"filters": 5, "kernel_size": 2, "padding": "same", **FIRST}},
        {"conv2d_transpose": {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same", **FIRST}},
        {"zero_padding2d": {"padding": [[1, 0], [2, 1]], **FIRST}},
        {"cropping2d": {"cropping": [[0, 1], [1, 0]], **FIRST}},
        {"up_sampling2d": {"size": [2, 1], "interpolation": "lanczos3", **FIRST}},
        {"average_pooling2d": {"pool_size": [3, 2], "strides": 2, "padding": "same", **FIRST}},
        {"flatten": FIRST},
    ), "classes"),
    ("adaptive", [7, 5, 2], classes(
        {"adaptive_average_pooling2d": {"output_size": [3, 2]}},
        {"adaptive_max_pooling2d": {"output_size": [2, 2]}},
        "flatten",
    ), "classes"),
    ("lstm", [6, 3], classes(
        {"lstm": {"units": 5, "return_sequences": True}},
        {"lstm": {"units": 4}},
    ), "classes"),
    ("gru", [6, 3], classes(
        {"gru": {"units": 5, "return_sequences": True}},
        {"gru": {"units": 4, "go_backwards": True}},
    ), "classes"),
    ("gru_before", [6, 3], classes(
        {"gru": {"units": 5, "return_sequences": True, "reset_after": False}},
        {"gru": {"units": 4, "reset_after": False, "use_bias": False}},
    ), "classes"),
    ("rnn", [6, 3], classes(
        {"simple_rnn": {"units": 5, "return_sequences": True, "go_backwards": True}},
        {"simple_rnn": {"units": 4, "activation": "relu"}},
    ), "classes"),
    ("rnn_odd", [6, 3], classes(
        {"simple_rnn": {"units": 5, "return_sequences": True, "activation": "softsign"}},
        {"lstm": {"units": 4, "recurrent_activation": "hard_sigmoid"}},
    ), "classes"),
    ("bidirectional", [6, 3], classes(
        {"bidirectional": {"layer": {"lstm": {"units": 4, "return_sequences": True}}}},
        {"bidirectional": {"layer": {"gru": {"units": 3, "return_sequences": True}}, "merge_mode": "sum"}},
        {"bidirectional": {"layer": {"simple_rnn": {"units": 3}}, "merge_mode": "ave"}},
    ), "classes"),
    ("bidirectional_layers", [6, 3], classes(
        {"bidirectional": {"layer": {"lstm": {"units": 4, "return_sequences": True}},
                           "backward_layer": {"gru": {"units": 4, "return_sequences": True,
                                                      "go_backwards": True, "use_bias": False}}}},
        {"bidirectional": {"layer": {"gru": {"units": 4, "go_backwards": True}}}},
    ), "classes"),
    ("time_distributed", [5, 3], classes(
        {"time_distributed": {"layer": {"dense": {"units": 4, "activation": "relu"}}}},
        {"global_average_pooling1d": {}},
    ), "classes"),
    ("time_distributed_rnn", [3, 4, 2], classes(
        {"time_distributed": {"layer": {"bidirectional": {"layer": {"gru": {"units": 3}}}}}},
        "flatten",
    ), "classes"),
    ("slopes", [6, 5, 2], classes(
        {"conv2d": {"filters": 3, "kernel_size": 2}},
        {"p_re_lu": {"shared_axes": [1, 2]}},
        "flatten",
    ), "classes"),
    ("embedding", [7], classes(
        {"embedding": {"input_dim": 20, "output_dim": 4}},
        {"lstm": {"units": 4}},
    ), "ids"),
    ("masked", [7], classes(
        {"embedding": {"input_dim": 20, "output_dim": 4, "mask_zero": True}},
        {"gru": {"units": 4, "return_sequences": True}},
        {"lstm": {"units": 4}},
    ), "ids"),
    ("masked_bidirectional", [7], classes(
        {"embedding": {"input_dim": 20, "output_dim": 4, "mask_zero": True}},
        {"bidirectional": {"layer": {"simple_rnn": {"units": 4, "return_sequences": True}}}},
        {"global_average_pooling1d": {}},
    ), "ids"),
    ("masking", [6, 2], classes(
        {"masking": {"mask_value": 0.0}},
        {"lstm": {"units": 4}},
    ), "classes"),
    ("norms", [6, 8], classes(
        "layer_normalization",
        {"group_normalization": {"groups": 4}},
        {"group_normalization": {"groups": 3, "axis": 1}},
        "rms_normalization",
        "unit_normalization",
        {"batch_normalization": {"momentum": 0.8}},
        "flatten",
        {"layer_normalization": {"epsilon": 0.01}},
    ), "classes"),
    ("shapes", [12], classes(
        {"reshape": {"target_shape": [3, 4]}},
        {"permute": {"dims": [2, 1]}},
        "flatten",
        {"repeat_vector": {"n": 3}},
        "flatten",
        {"rescaling": {"scale": 0.5, "offset": 0.1}},
        "identity",
    ), "classes"),
    ("noise", [6], classes(
        {"dense": {"units": 8}},
        {"re_lu": {"max_value": 6.0, "negative_slope": 0.1, "threshold": 0.2}},
        {"dense": {"units": 8}},
        "leaky_re_lu", {"dense": {"units": 8}}, "elu", {"dense": {"units": 8}}, "p_re_lu",
        {"gaussian_noise": {"stddev": 0.1}},
        {"gaussian_dropout": {"rate": 0.1}},
        {"alpha_dropout": {"rate": 0.1}},
        {"dense": {"units": 4}},
        "softmax",
        {"reshape": {"target_shape": [2, 2]}},
        {"softmax": {"axis": [1, 2]}},
        "flatten",
    ), "classes"),
    ("spatial_dropout", [6, 6, 2], classes(
        {"conv2d": {"filters": 3, "kernel_size": 2}},
        {"spatial_dropout2d": {"rate": 0.2}},
        "p_re_lu",
        {"permute": {"dims": [3, 1, 2]}},
        "flatten",
    ), "classes"),
    ("normalization", [5], classes("normalization"), "classes"),
    ("einsum", [4, 6], classes(
        {"einsum_dense": {"equation": "abc,cd->abd", "output_shape": [None, 5], "bias_axes": "d", "activation": "relu"}},
        {"einsum_dense": {"equation": "...x,xy->...y", "output_shape": 3}},
        "flatten",
    ), "classes"),
    ("augmented", [6, 6, 1], classes(
        "random_flip",
        {"random_rotation": {"factor": 0.1}},
        {"random_translation": {"height_factor": 0.1, "width_factor": 0.1}},
        {"random_zoom": {"height_factor": 0.1}},
        {"random_contrast": {"factor": 0.1}},
        {"conv2d": {"filters": 3, "kernel_size": 3}},
        "flatten",
    ), "classes"),
    ("residual", [7, 6, 3], classes(
        {"conv2d": {"filters": 5, "kernel_size": 3, "padding": "same", "activation": "relu"}},
        {"residual": {
            "layers": [
                {"conv2d": {"filters": 8, "kernel_size": 3, "padding": "same", "strides": 2}},
                {"residual": {"layers": ["batch_normalization", {"conv2d": {"filters": 8, "kernel_size": 1}}]}},
            ],
            "shortcut": [
                {"average_pooling2d": {"pool_size": 2, "padding": "same"}},
                {"conv2d": {"filters": 8, "kernel_size": 1}},
            ],
        }},
        "flatten",
        {"residual": {"layers": [{"dense": {"units": 96, "activation": "tanh"}}]}},
    ), "classes"),
]
