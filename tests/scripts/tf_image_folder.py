# expect: Label:  < 3
# needs: PIL
import os
import pathlib
import matplotlib
matplotlib.use('agg')
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
from tensorflow.keras.models import Sequential
rng = np.random.RandomState(0)
for k, name in enumerate(('daisy', 'rose', 'tulip')):
    os.makedirs(f'flowers/{name}', exist_ok=True)
    for i in range(10):
        tf.keras.utils.save_img(f'flowers/{name}/{i}.jpg', rng.rand(20, 24, 3) * 80 + 80 * k, scale=False)
data_dir = pathlib.Path('flowers')
image_count = len(list(data_dir.glob('*/*.jpg')))
print(image_count)
batch_size, img_height, img_width = 8, 18, 18
train_ds = tf.keras.utils.image_dataset_from_directory(data_dir, validation_split=0.2, subset="training", seed=123, image_size=(img_height, img_width), batch_size=batch_size)
val_ds = tf.keras.preprocessing.image_dataset_from_directory(data_dir, validation_split=0.2, subset="validation", seed=123, image_size=(img_height, img_width), batch_size=batch_size)
class_names = train_ds.class_names
print(class_names)
plt.figure(figsize=(10, 10))
for images, labels in train_ds.take(1):
    for i in range(8):
        ax = plt.subplot(3, 3, i + 1)
        plt.imshow(images[i].numpy().astype("uint8"))
        plt.title(class_names[labels[i]])
        plt.axis("off")
for image_batch, labels_batch in train_ds:
    print(image_batch.shape)
    print(labels_batch.shape)
    break
AUTOTUNE = tf.data.AUTOTUNE
train_ds = train_ds.cache().shuffle(1000).prefetch(buffer_size=AUTOTUNE)
val_ds = val_ds.cache().prefetch(buffer_size=AUTOTUNE)
normalization_layer = layers.Rescaling(1. / 255)
normalized_ds = train_ds.map(lambda x, y: (normalization_layer(x), y))
image_batch, labels_batch = next(iter(normalized_ds))
print(np.min(image_batch[0]) >= 0, np.max(image_batch[0]) <= 1)
data_augmentation = keras.Sequential([
    layers.RandomFlip("horizontal", input_shape=(img_height, img_width, 3)),
    layers.RandomRotation(0.1),
    layers.RandomZoom(0.1), layers.RandomContrast(0.1)])
model = Sequential([
    data_augmentation,
    layers.Rescaling(1. / 255),
    layers.Conv2D(4, 3, padding='same', activation='relu'),
    layers.MaxPooling2D(),
    layers.Dropout(0.2),
    layers.Flatten(),
    layers.Dense(8, activation='relu'),
    layers.Dense(len(class_names), name="outputs")])
model.compile(optimizer='adam', loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=['accuracy'])
model.summary()
epochs = 2
history = model.fit(train_ds, validation_data=val_ds, epochs=epochs, verbose=0)
acc, val_acc = history.history['accuracy'], history.history['val_accuracy']
plt.figure(figsize=(8, 8))
plt.subplot(1, 2, 1)
plt.plot(range(epochs), acc, label='Training Accuracy')
plt.plot(range(epochs), val_acc, label='Validation Accuracy')
plt.legend(loc='lower right')
plt.savefig('acc.png')
img = tf.keras.utils.load_img('flowers/rose/3.jpg', target_size=(img_height, img_width))
img_array = tf.keras.utils.img_to_array(img)
img_array = tf.expand_dims(img_array, 0)
predictions = model.predict(img_array, verbose=0)
score = tf.nn.softmax(predictions[0])
print(len(class_names[np.argmax(score)]) > 3, float(100 * np.max(score)) > 30)
# tf.data from file names
list_ds = tf.data.Dataset.list_files(str(data_dir / '*/*'), shuffle=False)
for f in list_ds.take(2):
    print(f.numpy())
names = np.array(sorted([item.name for item in data_dir.glob('*') if item.name != "LICENSE.txt"]))
def get_label(file_path):
    parts = tf.strings.split(file_path, os.path.sep)
    one_hot = parts[-2] == names
    return tf.argmax(one_hot)
def decode_img(img):
    img = tf.io.decode_jpeg(img, channels=3)
    return tf.image.resize(img, [img_height, img_width])
def process_path(file_path):
    label = get_label(file_path)
    img = tf.io.read_file(file_path)
    img = decode_img(img)
    return img, label
ds = list_ds.map(process_path, num_parallel_calls=AUTOTUNE)
for image, label in ds.take(1):
    print("Image shape: ", image.numpy().shape)
    print("Label: ", label.numpy())
im = tf.image.decode_jpeg(tf.io.read_file('flowers/rose/3.jpg'))
print(im.shape, im.dtype, tf.io.decode_image(tf.io.read_file('flowers/rose/3.jpg'), channels=1).shape)
png = tf.io.encode_png(im); print(tf.io.decode_png(png).shape, bool(tf.reduce_all(tf.image.decode_png(png) == im)))
im = tf.image.convert_image_dtype(im, tf.float32)
for f in (lambda: tf.image.adjust_saturation(im, 3), lambda: tf.image.adjust_hue(im, 0.1), lambda: tf.image.adjust_gamma(im, 2), lambda: tf.image.rgb_to_hsv(im), lambda: tf.image.hsv_to_rgb(tf.image.rgb_to_hsv(im)), lambda: tf.image.resize_with_pad(im, 10, 20), lambda: tf.image.stateless_random_flip_left_right(im, seed=(1, 2)), lambda: tf.image.stateless_random_brightness(im, 0.9, seed=(1, 2)), lambda: tf.image.stateless_random_contrast(im, 0.1, 0.9, seed=(1, 2)), lambda: tf.image.stateless_random_saturation(im, 0.1, 0.9, seed=(1, 2)), lambda: tf.image.stateless_random_hue(im, 0.3, seed=(1, 2)), lambda: tf.image.stateless_random_crop(im, [10, 10, 3], seed=(1, 2)), lambda: tf.image.random_saturation(im, 0.5, 1.5), lambda: tf.image.random_hue(im, 0.2), lambda: tf.image.transpose(im), lambda: tf.image.sobel_edges(im[None])[..., 0], lambda: tf.image.rgb_to_yuv(im), lambda: tf.image.extract_patches(im[None], [1, 5, 5, 1], [1, 5, 5, 1], [1, 1, 1, 1], 'VALID'), lambda: tf.image.crop_and_resize(im[None], [[0.1, 0.1, 0.8, 0.9]], [0], [6, 6])):
    r = f(); print(r.shape, '%.2f' % float(tf.reduce_mean(r)))
