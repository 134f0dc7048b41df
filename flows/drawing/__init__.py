"""A draw around the pure computation: rounds, documents, large lists, and the platform's own draws."""
