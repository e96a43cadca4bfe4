// How many requests of these spans of time ended how, and took longer than which of these limits?
UNWIND $spans AS span
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(hour)
WHERE b.hour = datetime({epochSeconds: span.hour})
  AND ($tenants IS NULL OR b.tenant IN $tenants)
MATCH (b)<-[:IN_BUCKET]-(r)
WHERE r.at >= datetime(span.start) AND r.at < datetime(span.end)
  AND r.recordedAt >= datetime(span.toldFrom) AND r.recordedAt <= datetime($knownAt)
WITH span.index AS span, b.cell AS cell, r.status AS status,
  CASE r.status WHEN 'error' THEN coalesce(r.errorType, '') ELSE '' END AS errorType,
  size([limit IN $limitsMs WHERE r.latencyMs > limit]) AS over, count(*) AS count
RETURN collect(span) AS span, collect(cell) AS cell, collect(status) AS status,
  collect(errorType) AS errorType, collect(over) AS over, collect(count) AS count
