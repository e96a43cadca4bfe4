"""Claude with tools: the last step of the cascade, bounded in turns, seconds and dollars."""
