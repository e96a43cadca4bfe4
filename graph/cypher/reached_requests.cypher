// Whose requests lie in these hours of cells, and what did those cost that failed?
UNWIND $places AS place
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(cell, hour, recordedHour)
WHERE b.cell = place[0] AND b.hour = datetime({epochSeconds: place[1]})
  AND b.recordedHour IS NOT NULL AND ($tenants IS NULL OR b.tenant IN $tenants)
MATCH (b)<-[:IN_BUCKET]-(r)
WHERE r.at >= datetime($start) AND r.at < datetime($end) AND r.recordedAt <= datetime($knownAt)
WITH r.tenant AS tenant, r.user AS user,
  count(CASE WHEN r.status <> 'ok' THEN r.costUsd END) AS failedWithCost,
  sum(CASE WHEN r.status <> 'ok' AND r.costUsd IS NOT NULL
    THEN toInteger(round(r.costUsd * 1e9, 0, 'HALF_EVEN')) ELSE 0 END) AS failedNanoUsd
RETURN count(*) AS users, sum(failedWithCost) AS failedWithCost,
  sum(failedNanoUsd) AS failedNanoUsd
