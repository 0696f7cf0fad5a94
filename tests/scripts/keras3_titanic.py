# expect: score: > 0.55
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
import keras
from keras.models import Sequential
from keras.layers import Dense, Dropout

train = pd.read_csv("titanic.csv")
train["Age"] = train["Age"].fillna(train["Age"].median())
train = pd.get_dummies(train, columns=["Sex", "Pclass"], drop_first=True)
X = train.drop(["Survived", "Name"], axis=1)
y = train["Survived"]
scale = StandardScaler()
X[["Age", "Fare"]] = scale.fit_transform(X[["Age", "Fare"]])
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0)
model = Sequential()
model.add(Dense(18, activation="relu", input_dim=X_train.shape[1]))
model.add(Dropout(0.1))
model.add(Dense(1, activation="sigmoid"))
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
history = model.fit(X_train, y_train, epochs=20, batch_size=16, validation_split=0.2, verbose=0)
score = model.evaluate(X_test, y_test, verbose=0)
print("score:", score[1])
y_pred = (model.predict(X_test, verbose=0) > 0.5).astype(int).reshape(X_test.shape[0])
output = pd.DataFrame({"Survived": y_pred, "real": y_test})
print(output.shape)
print(pd.DataFrame(history.history).tail(1).shape)
