"""Tables that people bring: votes, matrices, ratings and metric values, checked and named."""
