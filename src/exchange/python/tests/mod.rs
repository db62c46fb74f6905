mod follow;

use proptest::prelude::*;
use serde_json::json;

use super::{CodeNote, convert};

#[test]
fn a_tutorial_becomes_a_configuration() {
    let code = r"
# first neural network with keras tutorial
from numpy import loadtxt
from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Dense, Dropout as Drop
from tensorflow import keras
dataset = loadtxt('pima.csv', delimiter=',')
X = dataset[:,0:8]
y = dataset[:,8]
units = 4 * 3
model = Sequential()
model.add(Dense(units, input_shape=(8,), activation='relu'))
model.add(Drop(0.5)); model.add(keras.layers.Dense(1, 'sigmoid',
    kernel_regularizer=keras.regularizers.l2(1e-4)))
opt = keras.optimizers.Adam(learning_rate=1e-3)
model.compile(loss='binary_crossentropy', optimizer=opt, metrics=['accuracy'])
model.fit(X, y, epochs=150, batch_size=10, verbose=0,
          callbacks=[keras.callbacks.EarlyStopping(patience=3)])
_, accuracy = model.evaluate(X, y)
print('Accuracy: %.2f' % (accuracy*100))
";
    let code = convert(code).unwrap();
    assert_eq!(
        code.config,
        json!({
            "model": {
                "input_shape": [8],
                "layers": [
                    { "dense": { "units": 12, "activation": "relu" } },
                    { "dropout": { "rate": 0.5 } },
                    { "dense": {
                        "units": 1,
                        "activation": "sigmoid",
                        "kernel_regularizer": { "l2": { "l2": 1e-4 } },
                    } },
                ],
            },
            "compile": {
                "optimizer": { "adam": { "learning_rate": 1e-3 } },
                "loss": "binary_crossentropy",
                "metrics": ["accuracy"],
            },
            "fit": {
                "epochs": 150,
                "batch_size": 10,
                "verbose": 0,
                "callbacks": [{ "early_stopping": { "patience": 3 } }],
            },
        })
    );
    let lines: Vec<usize> = code.notes.iter().map(|note| note.line).collect();
    assert_eq!(lines, [17]);
}

#[test]
fn a_list_of_layers_with_an_input_is_read() {
    let code = "
import keras
from keras import layers
input_shape = (28, 28, 1)
def build():
    return keras.Sequential(
        [
            keras.Input(shape=input_shape),
            layers.Conv2D(32, kernel_size=(3, 3), activation='relu'),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Lambda(lambda x: x * 2),
            layers.Flatten(),
            layers.Dense(10, activation=keras.activations.softmax),
        ]
    )
";
    let code = convert(code).unwrap();
    assert_eq!(
        code.config["model"],
        json!({
            "input_shape": [28, 28, 1],
            "layers": [
                { "conv2d": { "filters": 32, "kernel_size": [3, 3], "activation": "relu" } },
                { "max_pooling2d": { "pool_size": [2, 2] } },
                "flatten",
                { "dense": { "units": 10, "activation": "softmax" } },
            ],
        })
    );
    assert_eq!(code.notes.len(), 1);
    assert_eq!(code.notes[0].layer, Some(2));
}

#[test]
fn a_chain_of_the_functional_api_is_read() {
    let code = "
inputs = keras.Input(shape=(5, 3))
x = layers.Bidirectional(layers.LSTM(4, return_sequences=True))(inputs)
x = layers.GlobalAveragePooling1D()(x)
outputs = layers.Dense(-(-2), name='out')(x)
model = keras.Model(inputs, outputs, name='chain')
";
    let code = convert(code).unwrap();
    assert_eq!(
        code.config["model"],
        json!({
            "name": "chain",
            "input_shape": [5, 3],
            "layers": [
                { "bidirectional": { "layer": { "lstm": { "units": 4, "return_sequences": true } } } },
                "global_average_pooling1d",
                { "dense": { "units": 2, "name": "out" } },
            ],
        })
    );
}

#[test]
fn code_without_a_model_is_an_error() {
    assert!(convert("print('hello')").is_err());
    assert!(convert("").is_err());
}

#[test]
fn deep_nesting_is_not_followed() {
    for (open, close) in [("(", ")"), ("[", "]"), ("f(", ")"), ("-", ""), ("{1:", "}"), ("2**", "")]
    {
        let code = format!("model.add({}1{})", open.repeat(100_000), close.repeat(100_000));
        assert!(convert(&code).is_err());
    }
    assert!(convert(&"f()".repeat(10_000)).is_err());
    let doubling: String = (0..60).map(|i| format!("a{} = [a{i}, a{i}]\n", i + 1)).collect();
    assert!(convert(&format!("a0 = 1\n{doubling}")).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}") {
        drop(convert(&text));
    }

    #[test]
    fn no_sequence_of_tokens_makes_it_panic(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "model", "=", "keras", ".", "Sequential", "(", ")", "[", "]", "{", "}", ",", ":",
                "Dense", "layers", "add", "compile", "fit", "1", "-", "2.5", "'relu'", "\"", "\n",
                "import", "from", "as", "for", "lambda", "**", "*", "Input", "Model", "x", "None",
                "in", "if", "else", "elif", "while", "def", "return", "try", "class", "\n    ", "0",
                "append", "trainable", "not", "f'{x}'", "range", "self", ";",
            ]),
            0..80,
        ),
    ) {
        drop(convert(&parts.join(" ")));
        drop(convert(&parts.concat()));
    }
}

#[test]
fn parameters_tuples_and_lists_are_followed_and_models_in_models_unfolded() {
    let code = convert(
        "\
import keras
from keras import layers
SIZE: int = 4
units, rate = 16, 0.5
n = m = 3
n += 1
augmentation = keras.Sequential([layers.RandomFlip('horizontal')])
rest = [layers.Dropout(rate), layers.Dense(m)]
callbacks = [keras.callbacks.EarlyStopping(patience=2), keras.callbacks.TensorBoard('logs')]
def build(hidden: int = 8, shape=(SIZE, 2), other=None):
    return keras.Sequential([keras.Input(shape), augmentation, layers.Dense(hidden), layers.Dense(n, name='a')])
model = build()
model = keras.Sequential(rest)
model.compile('adam', 'mse', ['mae'])
model.fit(x, y, epochs=units, callbacks=callbacks)
",
    )
    .unwrap();
    let expected = json!({
        "model": { "layers": [{ "dropout": { "rate": 0.5 } }, { "dense": { "units": 3 } }] },
        "compile": { "optimizer": "adam", "loss": "mse", "metrics": ["mae"] },
        "fit": { "epochs": 16, "callbacks": [{ "early_stopping": { "patience": 2 } }] },
    });
    assert_eq!(code.config, expected);
    let texts: Vec<String> = code.notes.iter().map(CodeNote::text).collect();
    assert!(texts.iter().any(|text| text.contains("TensorBoard")), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("makes 2 models")), "{texts:?}");
}
