"""What spoils an image: noise now, sampling later."""
