"""What was spent, what was to be expected, and what it could have been. By part."""
