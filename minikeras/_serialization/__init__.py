"""Objects <-> configurations, and the tables of names that these may use."""
