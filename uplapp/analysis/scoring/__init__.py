"""From comparisons to scores with intervals, tests and cautions."""
