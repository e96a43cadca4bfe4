"""Loads to come against what deployments can carry: ramps, limits, who takes over, in words."""
