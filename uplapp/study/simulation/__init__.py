"""Simulated observers with known scores."""
