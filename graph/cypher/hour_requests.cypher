// Which requests of these hours arrived in a window, told or scored between two instants?
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(hour)
WHERE b.hour IN [hour IN $hours | datetime({epochSeconds: hour})]
  AND ($tenants IS NULL OR b.tenant IN $tenants)
MATCH (b)<-[:IN_BUCKET]-(r)
WHERE r.at >= datetime($start) AND r.at < datetime($end) AND r.recordedAt <= datetime($knownAt)
  AND (r.recordedAt >= datetime($toldFrom)
    OR EXISTS { (q:QualityScore)-[:SCORES]->(r) WHERE q.recordedAt >= datetime($toldFrom)
      AND q.recordedAt <= datetime($knownAt) })
RETURN collect(b.cell) AS cell, collect(r.at.epochSeconds) AS at,
  collect(r.recordedAt.epochSeconds) AS recordedAt,
  collect(r.status) AS status, collect(r.latencyMs) AS latencyMs,
  collect(coalesce(r.ttftMs, -1.0)) AS ttftMs, collect(coalesce(r.costUsd, -1.0)) AS costUsd,
  collect([r.promptTokens, r.completionTokens, r.retries, toInteger(r.cacheHit)]) AS counts,
  collect([(q:QualityScore)-[:SCORES]->(r) WHERE q.recordedAt <= datetime($knownAt) |
    [q.key, q.at.epochSeconds * 1000000 + q.at.microsecond,
     q.recordedAt.epochSeconds * 1000000 + q.recordedAt.microsecond,
     q.evaluator, q.evaluatorVersion, q.score]]) AS scores
