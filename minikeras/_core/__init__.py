"""Tensors, ops and their gradients: read tensor, op, tape, variable, keras_tensor."""
