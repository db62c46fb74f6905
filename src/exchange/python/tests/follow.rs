//! Code that is followed: attributes, functions, loops, branches, classes.

use serde_json::json;

use super::super::{CodeNote, convert};

/// The layers, and the notes in words.
fn read(code: &str) -> (serde_json::Value, Vec<String>) {
    let code = convert(code).unwrap();
    (code.config, code.notes.iter().map(CodeNote::text).collect())
}

#[test]
fn attributes_are_carried_or_noted_and_never_forget_the_model() {
    let (config, notes) = read(
        "\
model = Sequential([Dense(8, input_shape=(4,)), BatchNormalization(), Dense(4, name='a'), Dense(2)])
for layer in model.layers[-2:]:
    layer.trainable = False
model.get_layer('dense').trainable = False
model.get_layer('a').trainable = True
for layer in model.layers:
    if isinstance(layer, layers.BatchNormalization):
        layer.trainable = False
model.layers[0].activation = keras.activations.relu
model._name = 'mine'
model.compile('adam', 'mse')
model.optimizer.learning_rate = 0.25
K.set_value(model.optimizer.learning_rate, 0.5)
model.optimizer.learning_rate.assign(0.125)
model.layers[0].trainable = flag
",
    );
    assert_eq!(
        config["model"],
        json!({ "name": "mine", "input_shape": [4], "layers": [
            { "dense": { "units": 8, "trainable": false } },
            { "batch_normalization": { "trainable": false } },
            { "dense": { "units": 4, "name": "a" } },
            { "dense": { "units": 2, "trainable": false } },
        ] })
    );
    assert_eq!(config["compile"]["optimizer"], json!({ "adam": { "learning_rate": 0.125 } }));
    assert_eq!(
        notes,
        [
            "line 9: setting `activation` of a `Dense` is not carried",
            "line 15: setting `trainable` of a `Dense` is not carried: it is not literal",
        ]
    );
}

#[test]
fn functions_loops_texts_and_comprehensions_are_followed() {
    let (config, notes) = read(
        "\
SIZES = {'small': [8, 4], 'large': [64]}
def block(units, *, rate=0.5, **options):
    stack = []
    stack.append(Dense(units, **options))
    if rate > 0 and rate is not None:
        stack += [Dropout(rate)]
    return stack
def build(size='large', outputs=1):
    model = Sequential()
    model.add(Input(shape=(3,)))
    for i, units in enumerate(SIZES[size]):
        for layer in block(units, rate=0.1 * i, name=f'hidden_{i}', activation='relu'):
            model.add(layer)
    [model.add(Dense(n)) for n in range(2, 4)]
    i = 0
    while i < 2:
        model.add(ReLU())
        i += 1
    model.add(Dense(outputs, name='out_%d' % outputs))
    return model
build(outputs=2, size='small')
",
    );
    assert_eq!(
        config["model"]["layers"],
        json!([
            { "dense": { "units": 8, "name": "hidden_0", "activation": "relu" } },
            { "dense": { "units": 4, "name": "hidden_1", "activation": "relu" } },
            { "dropout": { "rate": 0.1 } },
            { "dense": { "units": 2 } },
            { "dense": { "units": 3 } },
            "re_lu",
            "re_lu",
            { "dense": { "units": 2, "name": "out_2" } },
        ])
    );
    assert_eq!(notes, [] as [&str; 0]);
}

#[test]
fn what_is_not_literal_is_noted_at_its_line() {
    let (config, notes) = read(
        "\
from data import load, sizes
model = Sequential()
model.add(Dense(16, input_shape=(4,)))
if args.deep:
    model.add(Dense(8))
elif args.wide:
    model.add(Dense(128))
else:
    model.add(Dense(2))
if args.verbose:
    print('building')
for units in sizes:
    model.add(Dense(4))
try:
    model.add(Dense(3))
except ValueError:
    model.add(Dense(5))
model.add(custom())
model.compile('adam', my_loss)
search = GridSearchCV(model, grid)
train(model)
other = load()
other.fit(x, y)
model.load_weights('w.h5')
model.fit(x, y, epochs=n, callbacks=[Mine()])
model.add(Dense(1))
model.compile('sgd', 'mse')
",
    );
    let units = config["model"]["layers"].as_array().unwrap().iter();
    let units: Vec<i64> = units.map(|layer| layer["dense"]["units"].as_i64().unwrap()).collect();
    assert_eq!(units, [16, 8, 4, 3]);
    let of_loss = |note: &&String| note.contains("the model was compiled without a loss");
    let (no_loss, others): (Vec<&String>, Vec<&String>) = notes.iter().partition(of_loss);
    assert!(no_loss[0].starts_with("line 19: "), "{no_loss:?}");
    let lines = others.iter().map(|note| note.split(':').next().unwrap());
    let lines: Vec<&str> = lines.collect();
    let expected = [4, 6, 8, 12, 16, 18, 19, 20, 21, 23, 24, 25, 25, 25, 26, 27];
    assert_eq!(lines, expected.map(|line| format!("line {line}")), "{notes:#?}");
}

#[test]
fn classes_of_the_code_are_followed() {
    let (config, notes) = read(
        "\
class Net(tf.keras.Model):
    def __init__(self, units=4):
        super(Net, self).__init__()
        self.hidden = layers.Dense(units)
        self.drop = layers.Dropout(0.5)
        self.out = layers.Dense(1)
    def call(self, x, training=False):
        x = self.hidden(x)
        x = self.drop(x, training=training)
        return self.out(x)
class Trainer:
    def __init__(self, epochs):
        self.net = Net(units=3)
        self.epochs = epochs
    def train(self):
        self.net.compile(optimizer='adam', loss='mse')
        self.net.fit(x, y, epochs=self.epochs)
if __name__ == '__main__':
    Trainer(7).train()
",
    );
    assert_eq!(
        config["model"]["layers"],
        json!([{ "dense": { "units": 3 } }, { "dropout": { "rate": 0.5 } }, { "dense": { "units": 1 } }])
    );
    assert_eq!(config["fit"], json!({ "epochs": 7 }));
    assert_eq!(notes.len(), 2, "{notes:?}"); // the data, and the shape of the input
}

#[test]
fn images_that_flow_bring_their_layers_and_their_batch_size() {
    let (config, notes) = read(
        "\
train = ImageDataGenerator(rescale=0.5, rotation_range=36, width_shift_range=0.1,
    zoom_range=[0.8, 1.4], vertical_flip=True, fill_mode='wrap', brightness_range=(0.1, 0.2))
test = ImageDataGenerator(rescale=0.5)
model = Sequential([Input((8, 8, 3)), Flatten(), Dense(2)])
model.compile('adam', 'mse')
model.fit(train.flow_from_directory('d', batch_size=16), epochs=2)
",
    );
    assert_eq!(
        config["model"]["layers"],
        json!([
            { "random_flip": { "mode": "vertical" } },
            { "random_rotation": { "factor": 0.1, "fill_mode": "wrap" } },
            { "random_translation":
                { "height_factor": 0.0, "width_factor": 0.1, "fill_mode": "wrap" } },
            { "random_zoom": { "height_factor": [-0.2, 0.4], "width_factor": [-0.2, 0.4],
                "fill_mode": "wrap" } },
            { "rescaling": { "scale": 0.5 } },
            "flatten",
            { "dense": { "units": 2 } },
        ])
    );
    assert_eq!(config["fit"], json!({ "epochs": 2, "batch_size": 16 }));
    assert!(notes[0].starts_with("line 1: `brightness_range`"), "{notes:?}");
}

#[test]
fn scikeras_gives_the_function_its_arguments_and_compiles() {
    let (config, _) = read(
        "\
def create(hidden=4, meta=None):
    return Sequential([Input((3,)), Dense(hidden), Dense(1)])
est = KerasRegressor(create, loss='mse', optimizer='sgd', model__hidden=9, epochs=5, verbose=0)
est.fit(X, y, epochs=6)
",
    );
    assert_eq!(config["model"]["layers"][0], json!({ "dense": { "units": 9 } }));
    assert_eq!(config["compile"], json!({ "optimizer": "sgd", "loss": "mse" }));
    assert_eq!(config["fit"], json!({ "epochs": 6, "verbose": 0 }));
}

#[test]
fn code_that_never_ends_is_followed_so_far_only() {
    for code in [
        "def f():\n  f()\nf()\nm = Sequential([Dense(1, input_shape=(2,))])",
        "m = Sequential([Dense(1)])\nx = 1\nwhile x > 0:\n  x += 1\n",
        "m = Sequential([Dense(1)])\nfor i in range(3000):\n for j in range(3000):\n  m.add(m)\n",
        "m = Sequential([Dense(1)])\no = Adam()\no.lr = o\nm.compile(o, 'mse')\n",
        "m = Sequential([Dense(1)])\na = []\nfor i in range(4000):\n  a = [a, a]\n",
    ] {
        drop(convert(code));
    }
}

#[test]
fn a_name_of_half_a_million_parts_takes_no_time() {
    let start = std::time::Instant::now();
    assert!(convert(&format!("x = a{}", ".b".repeat(500_000))).is_err());
    // it took minutes, when each part copied those before it
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}

#[test]
fn numbers_at_the_edge_of_what_is_held_are_not_known_and_never_wrap() {
    let (most, least) = (i64::MAX, i64::MIN + 1);
    for line in [
        format!("x = [i for i, _ in enumerate([1, 2], {most})][1]"),
        format!("x = {most} + 1"),
        format!("x = {most} * 2"),
        format!("x = ({least} - 1) - 1"),
        format!("x = abs({least} - 1)"),
        format!("x = list(range({least}, {most}))[0]"),
        format!("x = list(range(0, {most}, {most} - 1))[1]"),
        format!("x = [1, 2][{least}]"),
        format!("x = [1, 2][{most}:{least}:{least} - 1]"),
        format!("x = [1, 2]\nx.insert({least} - 1, 3)"),
        format!("x = [0] * {most}"),
        format!("x = 2 ** {most}"),
        format!("x = sum([{most}, {most}])"),
    ] {
        let model = "model = Sequential([Input((2,)), Dense(4)])\n";
        let (config, _) = read(&format!("{line}\n{model}"));
        assert_eq!(config["model"]["layers"][0], json!({ "dense": { "units": 4 } }), "{line}");
    }
    let (config, notes) = read(&format!(
        "model = Sequential([Input((2,))])\n\
         for i, n in enumerate([4, 8], {most}):\n    model.add(Dense(n, name=f'd_{{i}}'))\n"
    ));
    assert!(!config.to_string().contains("-92233"), "{config}\n{notes:?}");
}

#[test]
fn an_expression_without_an_end_is_passed_over() {
    let chain = format!("x = a{}\n", ".b".repeat(200_000));
    let (config, _) = read(&(chain + "model = Sequential([Input((2,)), Dense(4)])\n"));
    assert_eq!(config["model"]["layers"][0], json!({ "dense": { "units": 4 } }));
}
