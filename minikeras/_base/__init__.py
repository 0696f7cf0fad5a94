"""Types, settings, lazy imports and checks, for all other parts."""
