"""How well metrics agree with the people who voted."""
