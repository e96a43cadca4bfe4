"""Declared policies, experiments and users' own rules, and what they say of a request."""
