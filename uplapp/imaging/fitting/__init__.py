"""Networks fitted to one measurement: their random inputs, what they are fitted to, and the loop."""
