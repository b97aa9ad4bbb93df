"""What an observer sends: choices, ratings and replies, checked before they count."""
