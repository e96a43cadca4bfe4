"""Whether an answer says only what the results of its calls say. Pure."""
