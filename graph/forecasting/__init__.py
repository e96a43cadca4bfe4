"""What comes next, from what was: histories by step, and forecasts with their scenarios. Pure."""
