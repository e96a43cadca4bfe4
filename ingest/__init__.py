"""Events in: validation, the durable log, and its consumers (graph writer, hot-view projector)."""
