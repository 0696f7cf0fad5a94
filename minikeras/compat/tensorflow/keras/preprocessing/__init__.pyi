from . import image as image, sequence as sequence, text as text
from minikeras.preprocessing import image_dataset_from_directory as image_dataset_from_directory
from minikeras.preprocessing import text_dataset_from_directory as text_dataset_from_directory
from minikeras.preprocessing import timeseries_dataset_from_array as timeseries_dataset_from_array
