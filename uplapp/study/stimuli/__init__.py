"""The pictures of a study: folders, packages, seals, previews, and what browsers get of them."""
