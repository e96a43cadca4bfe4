"""Answers in words: what the graph returned, in sentences whose figures are all its own."""
