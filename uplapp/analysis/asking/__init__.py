"""What to ask next, and how many observers a study needs."""
