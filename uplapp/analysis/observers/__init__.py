"""How each observer answered, and whose answers deserve a look."""
