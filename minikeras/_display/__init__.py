"""Text for people, summaries and progress bars; and files for TensorBoard."""
