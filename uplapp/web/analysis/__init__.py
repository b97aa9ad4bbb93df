"""The parts of the Analysis tab: one file a view."""
