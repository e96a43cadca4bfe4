// By which relationships do causes reach cells of traffic, and what do the cells lead on to?
UNWIND $rows AS row
CALL (row) {
  MATCH (x:Change {id: row.key[0]}) WHERE row.node = 'change' RETURN x
  UNION
  MATCH (x:PolicyVersion {policy: row.key[0], version: row.key[1]})
  WHERE row.node = 'policy_version' RETURN x
  UNION
  MATCH (x:Experiment {id: row.key[0]}) WHERE row.node = 'experiment' RETURN x
  UNION
  MATCH (x:Incident {id: row.key[0]}) WHERE row.node = 'incident' RETURN x
  UNION
  MATCH (x:Maintenance {id: row.key[0]}) WHERE row.node = 'maintenance' RETURN x
}
MATCH (c:Cell) WHERE c.id IN row.cells AND ($tenants IS NULL OR c.tenant IN $tenants)
RETURN row.index AS index, c.id AS cell,
  COLLECT {
    MATCH way = (c)-[:SERVED_BY|DISPLACED_FROM|OF_TASK|OF_TIER|OF_TENANT|UNDER|IN_ARM|ROUTED_WITH|SCORED_BY]->()
      -[:RUNS_MODEL|RUNS_ON|PART_OF|VERSION_OF]->{0,2}()<-[:TARGETS|AFFECTS|HAS_ARM]-{0,1}(y)
    WHERE y = x
    RETURN [[r IN relationships(way) | type(r)], [n IN nodes(way) |
      [labels(n)[0], n {.id, .policy, .version, .experiment, .arm}]]]
  } AS ways,
  COLLECT {
    MATCH tail = (c)-[:SERVED_BY|DISPLACED_FROM|OF_TASK|OF_TIER|OF_TENANT|UNDER|IN_ARM|ROUTED_WITH|SCORED_BY]->()
      -[:RUNS_MODEL|RUNS_ON]->{0,1}()
    RETURN [[r IN relationships(tail) | type(r)], [n IN nodes(tail) |
      [labels(n)[0], n {.id, .policy, .version, .experiment, .arm}]]]
  } AS tails
