"""The project's own benchmarks: each prints a peer or a floor beside its figure, in one run."""
