# expect: epochs run: < 30
import tensorflow as tf
print(tf.__version__.split(".")[0])
class myCallback(tf.keras.callbacks.Callback):
  def on_epoch_end(self, epoch, logs={}):
    if(logs.get('acc')>0.6):
      print("\nReached 60% accuracy so cancelling training!")
      self.model.stop_training = True

mnist = tf.keras.datasets.fashion_mnist
(training_images, training_labels), (test_images, test_labels) = mnist.load_data()
training_images=training_images/255.0
test_images=test_images/255.0
callbacks = myCallback()
model = tf.keras.models.Sequential([
  tf.keras.layers.Flatten(),
  tf.keras.layers.Dense(64, activation=tf.nn.relu),
  tf.keras.layers.Dense(10, activation=tf.nn.softmax)
])
model.compile(optimizer=tf.optimizers.Adam(), loss='sparse_categorical_crossentropy', metrics=['accuracy'])
history = model.fit(training_images, training_labels, epochs=30, callbacks=[callbacks], verbose=0)
print("epochs run:", len(history.epoch))
model.evaluate(test_images, test_labels)
classifications = model.predict(test_images)
print(classifications[0].argmax() == test_labels[0])
from tensorflow.python.keras.utils import np_utils
from tensorflow.python.keras.layers import Dense
xs = [-1.0, 0.0, 1.0, 2.0, 3.0, 4.0]
tf.model = tf.keras.Sequential([tf.keras.layers.Dense(units=1, input_shape=[1])])
tf.model.compile(optimizer='sgd', loss='mean_squared_error')
tf.model.fit(xs, [-3.0, -1.0, 1.0, 3.0, 5.0, 7.0], epochs=200, verbose=0)
print(tf.model.predict([10.0]))
