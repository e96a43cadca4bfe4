"""The project's own scored evaluations."""
