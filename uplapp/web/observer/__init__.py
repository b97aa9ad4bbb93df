"""The observer's page: plain HTML and a small API; no byte of it tells which condition is shown."""
