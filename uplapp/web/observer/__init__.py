"""The observer's page: plain HTML and a small API, neither of which reveals the condition on show."""
