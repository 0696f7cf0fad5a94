# expect: losses: > 2
# parity
import numpy as np
import keras
from keras import layers

keras.utils.set_random_seed(1)
num_tags, num_words, num_departments = 6, 20, 4
title_input = keras.Input(shape=(num_words,), name="title")
body_input = keras.Input(shape=(num_words,), name="body")
tags_input = keras.Input(shape=(num_tags,), name="tags")
title_features = layers.Dense(8, activation="relu")(title_input)
body_features = layers.Dense(8, activation="relu")(body_input)
x = layers.concatenate([title_features, body_features, tags_input])
priority_pred = layers.Dense(1, name="priority")(x)
department_pred = layers.Dense(num_departments, name="department")(x)
model = keras.Model(inputs=[title_input, body_input, tags_input], outputs={"priority": priority_pred, "department": department_pred})
model.compile(
    optimizer=keras.optimizers.RMSprop(1e-3),
    loss={"priority": keras.losses.BinaryCrossentropy(from_logits=True), "department": keras.losses.CategoricalCrossentropy(from_logits=True)},
    loss_weights={"priority": 1.0, "department": 0.2},
)
rng = np.random.RandomState(0)
title_data, body_data = rng.randint(2, size=(64, num_words)).astype("float32"), rng.randint(2, size=(64, num_words)).astype("float32")
tags_data = rng.randint(2, size=(64, num_tags)).astype("float32")
priority_targets = rng.randint(2, size=(64, 1)).astype("float32")
dept_targets = keras.utils.to_categorical(rng.randint(num_departments, size=64), num_departments)
history = model.fit(
    {"title": title_data, "body": body_data, "tags": tags_data},
    {"priority": priority_targets, "department": dept_targets},
    epochs=2, batch_size=32, verbose=0, shuffle=False,
)
print("losses:", len(history.history))
for name in sorted(history.history):
    print(name, "%.4f" % history.history[name][-1])
out = model.predict({"title": title_data, "body": body_data, "tags": tags_data}, verbose=0)
print(out["priority"].shape, out["department"].shape)
