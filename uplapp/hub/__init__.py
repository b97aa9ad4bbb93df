"""The Hugging Face Hub: answers out and back, and the Space. The only home of huggingface_hub."""
