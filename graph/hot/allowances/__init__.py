"""Budgets and quotas: what was used, what is booked, what is left."""
