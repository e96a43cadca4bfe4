"""The composition root: GraphQL, routing endpoint, console, command line and the server processes."""
