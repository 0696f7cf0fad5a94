import tensorflow as tf
class SimpleModule(tf.Module):
    def __init__(self, name=None):
        super().__init__(name=name)
        self.a_variable = tf.Variable(5.0, name="train_me")
        self.non_trainable_variable = tf.Variable(5.0, trainable=False, name="do_not_train_me")
    def __call__(self, x):
        return self.a_variable * x + self.non_trainable_variable
simple_module = SimpleModule(name="simple"); print(simple_module(tf.constant(5.0)))
print("trainable variables:", simple_module.trainable_variables); print("all variables:", simple_module.variables)
class Dense(tf.Module):
    def __init__(self, in_features, out_features, name=None):
        super().__init__(name=name)
        self.w = tf.Variable(tf.ones([in_features, out_features]), name='w')
        self.b = tf.Variable(tf.zeros([out_features]), name='b')
    def __call__(self, x):
        y = tf.matmul(x, self.w) + self.b
        return tf.nn.relu(y)
class SequentialModule(tf.Module):
    def __init__(self, name=None):
        super().__init__(name=name)
        self.dense_1 = Dense(in_features=3, out_features=3); self.dense_2 = Dense(in_features=3, out_features=2)
    def __call__(self, x):
        return self.dense_2(self.dense_1(x))
my_model = SequentialModule(name="the_model"); print("Model results:", my_model(tf.constant([[2.0, 2.0, 2.0]])))
print("Submodules:", [m.name for m in my_model.submodules])
for var in my_model.variables: print(var, "\n")
class FlexibleDenseModule(tf.Module):
    def __init__(self, out_features, name=None):
        super().__init__(name=name); self.is_built = False; self.out_features = out_features
    def __call__(self, x):
        if not self.is_built:
            self.w = tf.Variable(tf.ones([x.shape[-1], self.out_features]), name='w'); self.b = tf.Variable(tf.zeros([self.out_features]), name='b'); self.is_built = True
        return tf.nn.relu(tf.matmul(x, self.w) + self.b)
class MySequentialModule(tf.Module):
    def __init__(self, name=None):
        super().__init__(name=name); self.layers = [FlexibleDenseModule(out_features=3), FlexibleDenseModule(out_features=2)]
    @tf.function
    def __call__(self, x):
        for l in self.layers: x = l(x)
        return x
my_model = MySequentialModule(name="the_model"); print("Model results:", my_model(tf.constant([[2.0, 2.0, 2.0]])))
print(len(my_model.variables), [tuple(v.shape) for v in my_model.trainable_variables], [type(m).__name__ for m in my_model.submodules])
import tempfile, os
chkp_path = os.path.join(tempfile.mkdtemp(), "my_checkpoint")
checkpoint = tf.train.Checkpoint(model=my_model); checkpoint.write(chkp_path)
before = my_model(tf.constant([[1., 2., 3.]]))
for v in my_model.variables: v.assign(v * 0)
print(my_model(tf.constant([[1., 2., 3.]])))
checkpoint.restore(chkp_path); print(my_model(tf.constant([[1., 2., 3.]])), before)
path = os.path.join(tempfile.mkdtemp(), "the_saved_model")
tf.saved_model.save(my_model, path); new_model = tf.saved_model.load(path)
print(new_model(tf.constant([[2.0, 2.0, 2.0]])), isinstance(new_model, SequentialModule))
class MyDense(tf.keras.layers.Layer):
    def __init__(self, in_features, out_features, **kwargs):
        super().__init__(**kwargs); self.w = self.add_weight(shape=(in_features, out_features), initializer="ones"); self.b = self.add_weight(shape=(out_features,), initializer="zeros")
    def call(self, x):
        return tf.nn.relu(tf.matmul(x, self.w) + self.b)
simple_layer = MyDense(name="simple", in_features=3, out_features=3); print(simple_layer(tf.constant([[2.0, 2.0, 2.0]])))
