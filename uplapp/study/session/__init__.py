"""An observer's way through a study, from the link to the last answer."""
