"""What a person opens in a browser: the console, GraphiQL and the guide for Neo4j Browser."""
