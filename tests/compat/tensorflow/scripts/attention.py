"""Translation with Bahdanau's attention and beams, and PPO's two losses: steps of one's own in `tf.function`."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(1)
source = np.array([[1, 3, 4, 2, 0], [1, 5, 6, 7, 2], [1, 8, 7, 2, 0], [1, 3, 2, 0, 0], [1, 5, 3, 2, 0], [1, 7, 8, 3, 2]])
target = np.array([[1, 3, 4, 5, 2], [1, 6, 7, 8, 2], [1, 9, 7, 8, 2], [1, 3, 2, 0, 0], [1, 6, 10, 2, 0], [1, 8, 9, 3, 2]])
batches = tf.data.Dataset.from_tensor_slices((source, target)).shuffle(6, seed=4).batch(3, drop_remainder=True)
print(batches.element_spec)


class Encoder(tf.keras.Model):
    def __init__(self, words, units):
        super().__init__()
        self.embedding = tf.keras.layers.Embedding(words, 8)
        self.gru = tf.keras.layers.GRU(units, return_sequences=True, return_state=True)

    def call(self, x, hidden):
        return self.gru(self.embedding(x), initial_state=hidden)


class Attention(tf.keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.query, self.key = tf.keras.layers.Dense(units), tf.keras.layers.Dense(units)
        self.score = tf.keras.layers.Dense(1)

    def call(self, query, values):
        score = self.score(tf.nn.tanh(self.query(tf.expand_dims(query, 1)) + self.key(values)))
        weights = tf.nn.softmax(score, axis=1)
        return tf.reduce_sum(weights * values, axis=1), weights


class Decoder(tf.keras.Model):
    def __init__(self, words, units):
        super().__init__()
        self.embedding = tf.keras.layers.Embedding(words, 8)
        self.gru = tf.keras.layers.GRU(units, return_sequences=True, return_state=True)
        self.out, self.attention = tf.keras.layers.Dense(words), Attention(units)

    def call(self, x, hidden, encoded):
        context, weights = self.attention(hidden, encoded)
        x = tf.concat([tf.expand_dims(context, 1), self.embedding(x)], axis=-1)
        output, state = self.gru(x)
        return self.out(tf.reshape(output, (-1, output.shape[2]))), state, weights


encoder, decoder = Encoder(9, 16), Decoder(11, 16)
optimizer = tf.keras.optimizers.Adam(0.02)
cross_entropy = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")


@tf.function
def train_step(words, wanted, hidden):
    loss = 0
    with tf.GradientTape() as tape:
        encoded, hidden = encoder(words, hidden)
        given = tf.expand_dims([1] * 3, 1)
        for t in range(1, wanted.shape[1]):
            logits, hidden, _ = decoder(given, hidden, encoded)
            real = wanted[:, t]
            losses = cross_entropy(real, logits)
            loss += tf.reduce_mean(losses * tf.cast(tf.math.logical_not(tf.math.equal(real, 0)), losses.dtype))
            given = tf.expand_dims(wanted[:, t], 1)
    variables = encoder.trainable_variables + decoder.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return loss / int(wanted.shape[1])


for epoch in range(6):
    total = sum(train_step(words, wanted, tf.zeros((3, 16))) for words, wanted in batches)
    print(f"Epoch {epoch + 1} Loss {total / 2:.4f}")

encoded, hidden = encoder(tf.constant(source[:1]), [tf.zeros((1, 16))])
beams = [([1], 0.0, hidden)]
for _ in range(4):
    found = []
    for words, score, state in beams:
        logits, state, weights = decoder(tf.constant([words[-1:]]), state, encoded)
        best = tf.math.top_k(tf.nn.log_softmax(logits[0]), k=2)
        for value, index in zip(best.values.numpy(), best.indices.numpy()):
            found.append(([*words, int(index)], score + float(value), state))
    beams = sorted(found, key=lambda beam: -beam[1])[:2]
for words, score, _ in beams:
    print(words, f"{score:.3f}")
print(tf.reshape(weights, (-1,)).numpy().round(3))
encoder.summary()

state = tf.random.normal((32, 4), seed=1)
actor = tf.keras.Sequential([tf.keras.layers.Dense(8, activation="tanh"), tf.keras.layers.Dense(3)])
critic = tf.keras.Sequential([tf.keras.layers.Dense(8, activation="tanh"), tf.keras.layers.Dense(1)])
actions = tf.squeeze(tf.random.categorical(actor(state), 1, seed=2), axis=1)
advantage, returns = tf.random.normal((32,), seed=3), tf.random.normal((32,), seed=4)
optimizers = tf.keras.optimizers.Adam(3e-2), tf.keras.optimizers.Adam(1e-2)


def log_probabilities(logits):
    return tf.reduce_sum(tf.one_hot(actions, 3) * tf.nn.log_softmax(logits), axis=1)


@tf.function
def improve(before):
    with tf.GradientTape() as tape, tf.GradientTape() as other:
        ratio = tf.exp(log_probabilities(actor(state)) - before)
        least = tf.where(advantage > 0, 1.2 * advantage, 0.8 * advantage)
        policy_loss = -tf.reduce_mean(tf.minimum(ratio * advantage, least))
        value_loss = tf.reduce_mean((returns - tf.squeeze(critic(state), axis=1)) ** 2)
    for model, tape_of, loss, update in zip((actor, critic), (tape, other), (policy_loss, value_loss), optimizers):
        gradients, norm = tf.clip_by_global_norm(tape_of.gradient(loss, model.trainable_variables), 0.5)
        update.apply_gradients(zip(gradients, model.trainable_variables))
    return policy_loss, value_loss, tf.reduce_mean(before - log_probabilities(actor(state))), norm


before = log_probabilities(actor(state))
for _ in range(6):
    print(" ".join(f"{number:.4f}" for number in improve(before)))
