"""The Hugging Face Hub: answers out and back, and the Space; the only home of huggingface_hub."""
