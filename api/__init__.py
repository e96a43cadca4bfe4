"""The composition root: GraphQL, routing endpoint, console, command line, server processes."""
