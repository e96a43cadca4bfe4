"""What surrounds every request over HTTP: limits, headers, log, metrics, health and the end."""
