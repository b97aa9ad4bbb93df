"""The parts of the Analysis tab: one file per view."""
