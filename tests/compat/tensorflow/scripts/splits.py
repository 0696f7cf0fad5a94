import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow import keras

path = Path(tempfile.mkdtemp()) / "table.csv"
path.write_text("x,y,z\n1,2,5\n3,,6\n")
for options in ({"column_defaults": [0.0, 99, ""]}, {"column_defaults": [0.0, 99], "select_columns": ["z", "x"]}):
    for batch in tf.data.experimental.make_csv_dataset(str(path), 2, num_epochs=1, shuffle=False, **options):
        print({name: (v.dtype.name, v.numpy().tolist()) for name, v in batch.items()})
pairs = tf.data.Dataset.from_tensor_slices((np.ones((4, 3), "float32"), np.arange(4.0)))
print(next(iter(pairs.map(lambda x, y: [x, y]).batch(2))))
left, right = keras.utils.split_dataset((np.ones((10, 2)), np.arange(10.0)), left_size=0.8)
print(left.batch(4).element_spec, len(list(left)), len(list(right)))
for part in keras.utils.split_dataset(tf.data.Dataset.range(6), left_size=0.5):
    print([int(x) for x in part])
for part in keras.utils.split_dataset(tf.data.Dataset.range(6).map(lambda x: ((x, x + 1), x * 2)), left_size=2):
    print(part.element_spec, len(list(part)))
