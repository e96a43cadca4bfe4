// With what probability was each request of these hours sent where it went, and how did it go?
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(hour)
WHERE b.hour IN [hour IN $hours | datetime({epochSeconds: hour})]
  AND b.cell IN $cells AND ($tenants IS NULL OR b.tenant IN $tenants)
MATCH (b)<-[:IN_BUCKET]-(r)-[:ROUTED_BY]->(d)
WHERE r.at >= datetime($start) AND r.at < datetime($end) AND d.propensity IS NOT NULL
RETURN collect(b.cell) AS cell, collect(r.at.epochSeconds) AS at,
  collect(d.propensity) AS propensity, collect(r.status) AS status,
  collect(r.latencyMs) AS latencyMs, collect(coalesce(r.costUsd, -1.0)) AS costUsd,
  collect(r.promptTokens) AS promptTokens,
  collect([(q:QualityScore)-[:SCORES]->(r) |
    [q.recordedAt.epochMillis, q.evaluator, q.evaluatorVersion, q.score]]) AS scores
