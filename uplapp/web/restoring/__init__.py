"""The parts of the Restore tab: a panel for each task, and what comes out."""
