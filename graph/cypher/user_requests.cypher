// Which requests did these users send in a window, as known at an instant?
MATCH (r:Request) USING INDEX SEEK r:Request(user, at)
WHERE r.user IN $users AND r.at >= datetime($start) AND r.at < datetime($end)
  AND r.recordedAt <= datetime($knownAt) AND ($tenants IS NULL OR r.tenant IN $tenants)
MATCH (r)-[:IN_BUCKET]->(b)
RETURN collect(b.cell) AS cell, collect(r.at.epochSeconds) AS at,
  collect(r.recordedAt.epochSeconds) AS recordedAt,
  collect(r.status) AS status, collect(r.latencyMs) AS latencyMs,
  collect(coalesce(r.ttftMs, -1.0)) AS ttftMs, collect(coalesce(r.costUsd, -1.0)) AS costUsd,
  collect([r.promptTokens, r.completionTokens, r.retries, toInteger(r.cacheHit)]) AS counts,
  collect([(q:QualityScore)-[:SCORES]->(r) WHERE q.recordedAt <= datetime($knownAt) |
    [q.key, q.at.epochSeconds * 1000000 + q.at.microsecond,
     q.recordedAt.epochSeconds * 1000000 + q.recordedAt.microsecond,
     q.evaluator, q.evaluatorVersion, q.score]]) AS scores
