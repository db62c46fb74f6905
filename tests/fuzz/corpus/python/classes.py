class M(keras.Model):
    def __init__(self, units=4):
        super().__init__()
        self.a = layers.LSTM(units, return_sequences=True)
        self.b = layers.Bidirectional(layers.GRU(units))
    def call(self, x, training=False):
        return self.b(self.a(x))
inputs = Input(shape=(28, 28, 1))
x = Conv2D(32, (3, 3), padding='same')(inputs)
x = MaxPooling2D()(x)
model = Model(inputs, Dense(10)(Flatten()(x)))
if __name__ == "__main__":
    while False: pass
    x = {"a": 1, **b}["a"] if not None in (1, 2.5e-3, 'é\n') else lambda q: q
