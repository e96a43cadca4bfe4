"""Words about time: how they are written, what calendar they mean, how they read together."""
