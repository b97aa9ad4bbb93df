"""Answers as tables and as a dashboard."""
