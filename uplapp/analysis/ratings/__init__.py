"""Ratings of single images: means, screening of raters, report."""
