"""The database of answers, its journal, and how one is rebuilt from the other."""
