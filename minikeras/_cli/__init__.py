"""What the command line does with files of models, and with tables."""
