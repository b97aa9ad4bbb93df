"""Image restoration: images, degradations, losses, networks, training, metrics."""
