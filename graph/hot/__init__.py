"""The hot view: what a router needs per request, projected into Redis and held in memory."""
