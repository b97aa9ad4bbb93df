"""A running study: its board, people, links, data and ranking."""
