// What happened to these requests, and why did they go where they went?
UNWIND $requests AS id
MATCH (r:Request)-[:ROUTED_BY]->(d:RoutingDecision)
WHERE r.id = id AND r.tenant >= '' AND ($tenants IS NULL OR r.tenant IN $tenants)
  AND r.recordedAt <= datetime($knownAt)
RETURN r AS request, d AS decision,
  [(q:QualityScore)-[:SCORES]->(r) WHERE q.recordedAt <= datetime($knownAt) | q] AS scores
ORDER BY r.tenant
