"""Answers in words: what the graph returned, said in sentences whose figures are all the graph's."""
