// What does one version of a policy say and for whom, and which arms did experiments on it have?
MATCH (x:PolicyVersion)
WHERE x.policy = $policy AND x.version = $version
OPTIONAL MATCH (x)-[:HAS_REVISION]->(v)
WITH x, v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC
WITH x, collect(v)[0] AS told
RETURN told.rules AS rules, told.taskTypes AS taskTypes, told.tiers AS tiers,
  told.tenants AS tenants, told.at AS publishedAt,
  COLLECT {
    MATCH (x)-[:VERSION_OF]->(:Policy)<-[:TESTS]-(e:Experiment)-[:HAS_REVISION]->(s)
    WHERE s.arms IS NOT NULL
    RETURN [e.id, s.arms]
  } AS experiments
