"""Verbs that bring a study to its observers: invitations, and a host of its own."""
