"""One request to a ranking of the deployments: who may serve it, in what order, and why."""
