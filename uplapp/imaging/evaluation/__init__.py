"""Restorations measured: single cases with their files, and tables over folders."""
