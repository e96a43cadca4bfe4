// How did the requests of these spans of time go that these deployments may have had a part in?
UNWIND $spans AS span
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(hour)
WHERE b.hour = datetime({epochSeconds: span.hour})
MATCH (b)-[:OF_CELL]->(c)
WHERE c.deployment IN $deployments OR c.displacedFrom IS NOT NULL
MATCH (b)<-[:IN_BUCKET]-(r)
WHERE r.at >= datetime(span.start) AND r.at <= datetime(span.end)
  AND r.recordedAt <= datetime($knownAt)
OPTIONAL MATCH (r)-[:ROUTED_BY]->(d) WHERE c.displacedFrom IS NOT NULL
RETURN c.deployment AS deployment, collect([
    r.at.epochMillis * 1000 + r.at.microsecond % 1000, d.fallbackFrom,
    r.status, r.errorType, r.latencyMs, r.promptTokens, r.completionTokens, r.cacheHit
  ]) AS outcomes
