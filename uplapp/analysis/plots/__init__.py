"""Pictures of an analysis, one kind of chart per file."""
