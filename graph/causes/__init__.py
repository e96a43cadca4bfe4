"""Why a metric changed: where, when, what happened, and whether that did it, step by step."""
