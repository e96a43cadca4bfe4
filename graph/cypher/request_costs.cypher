// What did the requests of these hours cost, second by second, as known at an instant?
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(hour)
WHERE b.hour IN [hour IN $hours | datetime({epochSeconds: hour})]
  AND ($tenants IS NULL OR b.tenant IN $tenants)
MATCH (b)<-[:IN_BUCKET]-(r)
WHERE r.at >= datetime($start) AND r.at < datetime($end) AND r.recordedAt <= datetime($knownAt)
WITH b.cell AS cell, r.at.epochSeconds AS at,
  sum(toInteger(round(coalesce(r.costUsd, 0.0) * 1e9, 0, 'HALF_EVEN'))) AS nanoUsd
RETURN collect(cell) AS cell, collect(at) AS at, collect(nanoUsd) AS nanoUsd
