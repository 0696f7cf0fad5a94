import collections
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers
from typing import Any, List, Sequence, Tuple
tf.random.set_seed(42); np.random.seed(42); eps = np.finfo(np.float32).eps.item()
class ActorCritic(tf.keras.Model):
    def __init__(self, num_actions: int, num_hidden_units: int):
        super().__init__(); self.common = layers.Dense(num_hidden_units, activation="relu", kernel_initializer=tf.keras.initializers.Constant(.1)); self.actor = layers.Dense(num_actions, kernel_initializer="zeros"); self.critic = layers.Dense(1, kernel_initializer="zeros")
    def call(self, inputs: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]: x = self.common(inputs); return self.actor(x), self.critic(x)
model = ActorCritic(2, 8)
class Env:
    def __init__(self): self.t = 0
    def step(self, a): self.t += 1; return np.array([self.t, 1, 0, -1], np.float32), 1.0, self.t >= 5, False, {}
env = Env()
@tf.numpy_function(Tout=[tf.float32, tf.int32, tf.int32])
def env_step(action: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    state, reward, done, truncated, info = env.step(action); return (state.astype(np.float32), np.array(reward, np.int32), np.array(done, np.int32))
def run_episode(initial_state: tf.Tensor, model: tf.keras.Model, max_steps: int) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    action_probs = tf.TensorArray(dtype=tf.float32, size=0, dynamic_size=True); values = tf.TensorArray(dtype=tf.float32, size=0, dynamic_size=True); rewards = tf.TensorArray(dtype=tf.int32, size=0, dynamic_size=True)
    initial_state_shape = initial_state.shape; state = initial_state
    for t in tf.range(max_steps):
        state = tf.expand_dims(state, 0); action_logits_t, value = model(state)
        action = tf.constant(1, tf.int64); action_probs_t = tf.nn.softmax(action_logits_t); values = values.write(t, tf.squeeze(value)); action_probs = action_probs.write(t, action_probs_t[0, action])
        state, reward, done = env_step(action); state.set_shape(initial_state_shape); rewards = rewards.write(t, reward)
        if tf.cast(done, tf.bool): break
    return action_probs.stack(), values.stack(), rewards.stack()
def get_expected_return(rewards: tf.Tensor, gamma: float, standardize: bool = True) -> tf.Tensor:
    n = tf.shape(rewards)[0]; returns = tf.TensorArray(dtype=tf.float32, size=n); rewards = tf.cast(rewards[::-1], dtype=tf.float32); discounted_sum = tf.constant(0.0); discounted_sum_shape = discounted_sum.shape
    for i in tf.range(n):
        reward = rewards[i]; discounted_sum = reward + gamma * discounted_sum; discounted_sum.set_shape(discounted_sum_shape); returns = returns.write(i, discounted_sum)
    returns = returns.stack()[::-1]
    if standardize: returns = ((returns - tf.math.reduce_mean(returns)) / (tf.math.reduce_std(returns) + eps))
    return returns
huber_loss = tf.keras.losses.Huber(reduction="sum")
def compute_loss(action_probs, values, returns):
    advantage = returns - values; action_log_probs = tf.math.log(action_probs); actor_loss = -tf.math.reduce_sum(action_log_probs * advantage); return actor_loss + huber_loss(values, returns)
optimizer = tf.keras.optimizers.Adam(learning_rate=0.01)
def train_step(initial_state, model, optimizer, gamma, max_steps):
    with tf.GradientTape() as tape:
        action_probs, values, rewards = run_episode(initial_state, model, max_steps); returns = get_expected_return(rewards, gamma); action_probs, values, returns = [tf.expand_dims(x, 1) for x in [action_probs, values, returns]]; loss = compute_loss(action_probs, values, returns)
    grads = tape.gradient(loss, model.trainable_variables); optimizer.apply_gradients(zip(grads, model.trainable_variables)); return tf.math.reduce_sum(rewards), loss
episodes_reward: collections.deque = collections.deque(maxlen=10)
for i in range(3):
    env.t = 0; r, l = train_step(tf.constant([0., 1., 0., -1.], dtype=tf.float32), model, optimizer, 0.99, 20); episodes_reward.append(int(r)); print(i, r, f"{l:.3f}")
print(np.mean(episodes_reward), [v.shape for v in model.trainable_variables])
a = tf.random.categorical(tf.constant([[0., 100.]]), 1); print(a, a[0, 0], int(a[0, 0]))
noise = tf.random.normal([1, 4], seed=3); print(noise)
x = tf.Variable(tf.zeros((1, 4))); opt = tf.keras.optimizers.SGD(0.1, momentum=0.9)
for step in range(3):
    with tf.GradientTape() as tape: loss = tf.reduce_mean((x - noise) ** 2) + 0.01 * tf.nn.l2_loss(x)
    grad = tape.gradient(loss, x); opt.apply_gradients([(grad, x)]); x.assign(tf.clip_by_value(x, -1., 1.))
print(x, loss)
image = tf.random.uniform((1, 4, 4, 3), seed=9); gram = tf.linalg.einsum('bijc,bijd->bcd', image, image); print(gram / tf.cast(16, tf.float32))
with tf.GradientTape() as tape: tape.watch(image); loss = tf.keras.losses.MSE(tf.zeros((1, 3)), tf.reduce_mean(image, axis=[1, 2]))
print(tf.sign(tape.gradient(loss, image))[0, 0, 0], loss)
