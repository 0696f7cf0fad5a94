"""`tf.print` with its options and all kinds of values."""

import sys
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf


def show(*values, **options):
    tf.print(*values, output_stream=sys.stdout, **options)


show("hello")
show("hello", "world", sep=", ")
show("x:", tf.range(10))
show(tf.range(10), summarize=2)
show(tf.range(10), summarize=-1)
show(tf.reshape(tf.range(64), (8, 8)))
show(tf.reshape(tf.range(70), (2, 5, 7)), summarize=1)
show("loss", tf.constant(0.123456789), tf.constant(1e10), tf.constant([1.0, 1e-5, 1e6, 123456.789]))
show([tf.constant(1), 2, "s"], (1, "a"), (tf.constant(3),), ["a", ["b", tf.constant("c")]])
show({"k": tf.constant([1.0]), "a": "b", "c": ["q"]})
show(tf.constant([True, False]), tf.constant(["a", "b"]), True, None, 2.5)
show(tf.constant("a"))
show("a", tf.constant("b"))
show(tf.ragged.constant([[1, 2], [], [3]]), tf.ragged.constant([[1.5, 2], [3]]), tf.ragged.constant([["a"], ["b", "c"]]))
show(tf.ragged.constant([[[1], [2, 3]], [[4]]]), tf.ragged.constant([list(range(9)), [1]]))
show(tf.ragged.constant([[0] * 9] * 9), [tf.ragged.constant([[1]])])
show(tf.ragged.constant([list(range(9)), [1]]), summarize=-1)
show(np.array([1.5, 2]), np.float32(1.5), [np.int64(3)])
show(tf.float32, tf.ones((2, 3)).shape, [tf.ones(2).shape], tf.shape(tf.ones((2, 3))))
show(tf.Variable(2), tf.Variable([1, 2]), tf.constant([0.1, 1 / 3], tf.float64), tf.constant(255, tf.uint8))
show(tf.constant(float("nan")), tf.constant([float("inf"), -float("inf"), -0.0]), tf.zeros((0,)))
show("no newline", end="")
show("!", end="\n\n")
show()
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "log.txt"
    for epoch in range(2):
        tf.print("epoch", epoch, output_stream=f"file://{path}")
    print(path.read_text())
for stream in ("stdout", "log.txt", print):
    try:
        tf.print("nowhere", output_stream=stream)
    except ValueError as error:
        print(type(error).__name__)
