"""Your own training loop with a GradientTape: what `fit` does, written out."""

import numpy as np

import minikeras as keras
from minikeras import GradientTape, ops


def main() -> None:
    """Fit a sine with the loop, then check that `fit` gives the same weights."""
    x = np.linspace(-3, 3, 128, dtype="float32").reshape(-1, 1)
    y = np.sin(x)

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(32, activation="tanh"), keras.layers.Dense(1)])
    twin = keras.Sequential.from_config(model.get_config())
    twin.set_weights(model.get_weights())

    optimizer = keras.optimizers.Adam(learning_rate=0.01)
    loss_fn = keras.losses.MeanSquaredError()
    mean_loss = keras.metrics.Mean()
    for epoch in range(200):
        mean_loss.reset_state()
        for start in range(0, len(x), 32):
            x_batch, y_batch = x[start : start + 32], y[start : start + 32]
            with GradientTape() as tape:
                loss = loss_fn(y_batch, model(x_batch, training=True))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            mean_loss.update_state(loss)
        if epoch % 50 == 0 or epoch == 199:
            print(f"epoch {epoch:3d}: loss {mean_loss.result():0.6f}")
    assert float(mean_loss.result()) < 1e-2

    twin.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01), loss="mse")
    twin.fit(x, y, epochs=200, batch_size=32, shuffle=False, verbose=0)
    differences = [ops.max(ops.abs(a - b)) for a, b in zip(model.weights, twin.weights, strict=True)]
    print(f"largest difference from fit: {float(max(differences)):0.0e}")
    assert float(max(differences)) < 1e-6


if __name__ == "__main__":
    main()
