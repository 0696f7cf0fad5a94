# expect: right: > 40
from keras.models import Sequential
from keras.layers import Dense
from sklearn.datasets import make_blobs
from sklearn.preprocessing import MinMaxScaler
from keras.utils.np_utils import to_categorical
# generate a classification data set
X, y = make_blobs(n_samples=60, centers=3, n_features=2, random_state=1)
scalar = MinMaxScaler()
scalar.fit(X)
X = scalar.transform(X)
model = Sequential()
model.add(Dense(16, input_dim=2, activation='relu'))
model.add(Dense(3, activation='softmax'))
model.compile(loss='categorical_crossentropy', optimizer='adam')
model.fit(X, to_categorical(y), epochs=150, verbose=0)
ynew = model.predict_classes(X)
proba = model.predict_proba(X)
for i in range(3):
	print("X=%s, Predicted=%s" % (X[i], ynew[i]))
print("right:", int((ynew == y).sum()), proba.shape)
