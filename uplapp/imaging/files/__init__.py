"""Files of images, scans and k-space, read into tensors with known ranges."""
