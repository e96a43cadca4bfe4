"""Arms and rollouts compared: who took part, what matured, which limits hold at every look."""
