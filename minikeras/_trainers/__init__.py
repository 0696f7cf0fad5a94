"""Training: data in batches, losses and metrics by output, and `compile`, `fit`, `evaluate`, `predict`."""
