// How did the requests of the last minutes go, deployment by deployment and minute by minute?
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(hour)
WHERE b.hour IN [hour IN $hours | datetime({epochSeconds: hour})]
MATCH (b)-[:OF_CELL]->(c)
WHERE $deployments IS NULL OR c.deployment IN $deployments OR c.displacedFrom IS NOT NULL
MATCH (b)<-[:IN_BUCKET]-(r)
WHERE r.at >= datetime($start) AND r.at <= datetime($at) AND r.recordedAt <= datetime($knownAt)
OPTIONAL MATCH (r)-[:ROUTED_BY]->(d) WHERE c.displacedFrom IS NOT NULL
RETURN c.deployment AS deployment, collect([
    r.at.epochMillis * 1000 + r.at.microsecond % 1000, d.fallbackFrom,
    r.status, r.errorType, r.latencyMs, r.promptTokens, r.completionTokens, r.cacheHit
  ]) AS outcomes
