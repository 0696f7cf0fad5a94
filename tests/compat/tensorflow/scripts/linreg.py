import tensorflow as tf
TRUE_W = 3.0; TRUE_B = 2.0; NUM_EXAMPLES = 201
tf.random.set_seed(7)
x = tf.linspace(-2, 2, NUM_EXAMPLES); x = tf.cast(x, tf.float32)
def f(x): return x * TRUE_W + TRUE_B
noise = tf.random.normal(shape=[NUM_EXAMPLES]); y = f(x) + noise
class MyModel(tf.Module):
    def __init__(self, **kwargs):
        super().__init__(**kwargs); self.w = tf.Variable(5.0); self.b = tf.Variable(0.0)
    def __call__(self, x): return self.w * x + self.b
model = MyModel(); print("Variables:", model.variables); assert model(3.0).numpy() == 15.0
def loss(target_y, predicted_y): return tf.reduce_mean(tf.square(target_y - predicted_y))
print("Untrained model loss: %1.6f" % loss(y, model(x)).numpy())
def train(model, x, y, learning_rate):
    with tf.GradientTape() as t: current_loss = loss(y, model(x))
    dw, db = t.gradient(current_loss, [model.w, model.b])
    model.w.assign_sub(learning_rate * dw); model.b.assign_sub(learning_rate * db)
weights = []; biases = []
def report(model, loss): return f"W = {model.w.numpy():1.2f}, b = {model.b.numpy():1.2f}, loss={loss:2.5f}"
def training_loop(model, x, y):
    for epoch in range(10):
        train(model, x, y, learning_rate=0.1); weights.append(model.w.numpy()); biases.append(model.b.numpy()); current_loss = loss(y, model(x))
        print(f"Epoch {epoch:2d}:"); print("    ", report(model, current_loss))
training_loop(model, x, y)
print(weights[-1], [TRUE_W] * 2)
class MyModelKeras(tf.keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs); self.w = self.add_weight(shape=(), initializer=tf.keras.initializers.Constant(5.0)); self.b = self.add_weight(shape=(), initializer='zeros')
    def call(self, x): return self.w * x + self.b
keras_model = MyModelKeras(); print(keras_model(tf.constant([1., 2.])))
keras_model.compile(run_eagerly=False, optimizer=tf.keras.optimizers.SGD(learning_rate=0.1), loss="mse")
h = keras_model.fit(x, y, epochs=10, batch_size=1000, verbose=0, shuffle=False)
print([round(v, 4) for v in h.history["loss"]], keras_model.w.numpy(), keras_model.b.numpy())
