import tensorflow as tf
import numpy as np
img = tf.constant(np.arange(24).reshape(2, 4, 3), dtype=tf.uint8)
print(tf.image.resize(img, [4, 2])); print(tf.image.resize(img, (3, 5), method="nearest")[..., 0]); print(tf.image.convert_image_dtype(img, tf.float32)[0, 1]); print(tf.image.flip_left_right(img)[0, :, 0], tf.image.flip_up_down(img)[:, 0, 0])
print(tf.image.rgb_to_grayscale(img)[..., 0], tf.image.grayscale_to_rgb(img[..., :1]).shape, tf.image.rot90(img).shape, tf.image.rot90(img)[..., 0])
f = tf.cast(img, tf.float32) / 255.; print(tf.image.adjust_brightness(f, 0.1)[0, 0], tf.image.adjust_contrast(f, 2.)[0, 0], tf.image.per_image_standardization(f)[0])
print(tf.image.central_crop(tf.ones((8, 8, 3)), 0.5).shape, tf.image.crop_to_bounding_box(img, 0, 1, 2, 2)[..., 0], tf.image.resize_with_crop_or_pad(img, 4, 2)[..., 0], tf.image.pad_to_bounding_box(img, 1, 0, 3, 4)[..., 0])
print(tf.image.total_variation(f), tf.image.psnr(f, f + 0.1, 1.0), tf.image.random_crop(img, [2, 2, 3]).shape, tf.image.random_flip_left_right(img).shape, tf.image.random_brightness(f, 0.1).shape)
print(tf.image.convert_image_dtype(f, tf.uint8)[1, 1], tf.image.resize(tf.ones((2, 3, 3, 1)), [6, 6]).shape)
x = tf.Variable(tf.ones((1, 4, 4, 1)))
with tf.GradientTape() as t: l = tf.reduce_sum(tf.image.resize(x, [2, 2]) ** 2)
print(t.gradient(l, x)[0, :, :, 0])
for size in ((1, 2), (3, 5), (4, 3)): print(tf.image.resize(img, size, method=tf.image.ResizeMethod.AREA)[..., 1].numpy().round(3))
print(tf.image.resize(np.array([[[2**53 + 1]]]), (1, 2), "nearest"), tf.image.resize(tf.ones((2, 4, 4, 1)), (2, 2), "area").dtype)
