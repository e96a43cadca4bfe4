"""The GraphQL API: the served schema, its limits, and the two ways to subscribe."""
