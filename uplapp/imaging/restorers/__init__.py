"""What restores an image: networks, classical methods, fits to one image."""
