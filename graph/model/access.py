"""Who may come in: the keys of the API."""

from graph.model.declare import Kind, Node, Property

API_KEY = Node(
    "ApiKey",
    "A key of the API; only its hash is kept.",
    key=(Property("id", Kind.TEXT, "the public part of the key"),),
    properties=(
        Property("hash", Kind.TEXT, "SHA-256 of the secret"),
        Property("name", Kind.TEXT, "what people call it"),
        Property("scopes", Kind.TEXTS, "read, route, ingest, backfill, admin"),
        Property("tenant", Kind.TEXT, "the only tenant it is for; absent for all"),
        Property("createdAt", Kind.INSTANT, "when it was made"),
        Property("revokedAt", Kind.INSTANT, "when it was taken back"),
    ),
    grows="with keys",
)
