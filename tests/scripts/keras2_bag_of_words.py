# expect: Accuracy: > 70
from numpy import array
from keras.preprocessing.text import Tokenizer, one_hot, text_to_word_sequence
from keras.preprocessing.sequence import pad_sequences
from keras.models import Sequential
from keras.layers import Dense
from keras.layers import Flatten
from keras.layers.embeddings import Embedding
docs = ['Well done!', 'Good work', 'Great effort', 'nice work', 'Excellent!',
        'Weak', 'Poor effort!', 'not good', 'poor work', 'Could have done better.']
labels = array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
vocab_size = 50
encoded_docs = [one_hot(d, vocab_size) for d in docs]
t = Tokenizer()
t.fit_on_texts(docs)
print(t.word_counts['work'], t.document_count, t.word_index['work'])
sequences = t.texts_to_sequences(docs)
max_length = 4
padded_docs = pad_sequences(sequences, maxlen=max_length, padding='post')
print(padded_docs[:3])
model = Sequential()
model.add(Embedding(len(t.word_index) + 1, 8, input_length=max_length))
model.add(Flatten())
model.add(Dense(1, activation='sigmoid'))
model.compile(optimizer='adam', loss='binary_crossentropy', metrics=['accuracy'])
model.summary()
model.fit(padded_docs, labels, epochs=150, verbose=0)
loss, accuracy = model.evaluate(padded_docs, labels, verbose=0)
print('Accuracy: %f' % (accuracy * 100))
matrix = t.texts_to_matrix(docs, mode='count')
print(matrix.shape)
