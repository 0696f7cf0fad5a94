# expect: Restored model, accuracy: > 10
# needs: h5py
import os
import tensorflow as tf
from tensorflow import keras
(train_images, train_labels), (test_images, test_labels) = tf.keras.datasets.mnist.load_data()
train_labels = train_labels[:200]
test_labels = test_labels[:100]
train_images = train_images[:200].reshape(-1, 28 * 28) / 255.0
test_images = test_images[:100].reshape(-1, 28 * 28) / 255.0

def create_model():
    model = tf.keras.Sequential([
        keras.layers.Dense(32, activation='relu', input_shape=(784,)),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(10)
    ])
    model.compile(optimizer='adam', loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=[tf.keras.metrics.SparseCategoricalAccuracy()])
    return model

model = create_model()
model.summary()
checkpoint_path = "training_1/cp.ckpt"
checkpoint_dir = os.path.dirname(checkpoint_path)
cp_callback = tf.keras.callbacks.ModelCheckpoint(filepath=checkpoint_path, save_weights_only=True, verbose=1)
model.fit(train_images, train_labels, epochs=4, validation_data=(test_images, test_labels), callbacks=[cp_callback], verbose=0)
print(len(os.listdir(checkpoint_dir)) > 0)
model = create_model()
model.load_weights(checkpoint_path)
loss, acc = model.evaluate(test_images, test_labels, verbose=2)
latest = tf.train.latest_checkpoint(checkpoint_dir)
model.load_weights(latest).expect_partial()
model.save_weights('./checkpoints/my_checkpoint')
model.load_weights('./checkpoints/my_checkpoint')
model.save('saved_model/my_model')
new_model = tf.keras.models.load_model('saved_model/my_model')
new_model.summary()
loss, acc = new_model.evaluate(test_images, test_labels, verbose=2)
print('Restored model, accuracy: {:5.2f}%'.format(100 * acc))
model.save('my_model.h5')
new_model = tf.keras.models.load_model('my_model.h5')
print(new_model.predict(test_images).shape)
