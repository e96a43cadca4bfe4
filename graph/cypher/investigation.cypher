// What did an investigation find: what it blames, where the change lies, and the way between?
MATCH (n:Investigation {id: $investigation})
WHERE $tenants IS NULL OR all(tenant IN coalesce(n.tenants, ['']) WHERE tenant IN $tenants)
OPTIONAL MATCH located = (n)-[:LOCATES]->(place)
WITH n, collect(located) AS located, collect(place) AS places
OPTIONAL MATCH blamed = (n)-[b:BLAMES]->(x)
OPTIONAL MATCH named = (x)-[:TARGETS|AFFECTS|HAS_ARM]->()
OPTIONAL CALL (x, b) {
  MATCH (c:Cell) WHERE c.id IN b.cells
  RETURN c
}
OPTIONAL CALL (x, c) {
  MATCH way = (c)-[:SERVED_BY|DISPLACED_FROM|OF_TASK|OF_TIER|OF_TENANT|UNDER|IN_ARM|ROUTED_WITH|SCORED_BY]->()
    -[:RUNS_MODEL|RUNS_ON|PART_OF|VERSION_OF]->{0,2}()<-[:TARGETS|AFFECTS|HAS_ARM]-{0,1}(y)
  WHERE y = x
  RETURN way
}
OPTIONAL MATCH there = (c)-[:SERVED_BY|OF_TASK|OF_TIER|OF_TENANT|UNDER|IN_ARM|ROUTED_WITH|SCORED_BY]->(end)
WHERE end IN places
RETURN n, located, blamed, named, way, there
LIMIT 100
