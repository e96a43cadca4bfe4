"""The door to Neo4j, the written reads and the exactly-once ledger of facts."""
