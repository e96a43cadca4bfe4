"""What a person opens in a browser: the front page, GraphiQL and the guide for Neo4j Browser."""
