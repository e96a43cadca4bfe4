// Which requests of these hours of cells come first: the newest, the slowest or the dearest?
UNWIND $places AS place
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(cell, hour, recordedHour)
WHERE b.cell = place[0] AND b.hour = datetime({epochSeconds: place[1]})
  AND b.recordedHour IS NOT NULL AND ($tenants IS NULL OR b.tenant IN $tenants)
MATCH (b)<-[:IN_BUCKET]-(r)
WHERE r.at >= datetime($start) AND r.at < datetime($end) AND r.recordedAt <= datetime($knownAt)
  AND (NOT $failed OR r.status <> 'ok')
WITH r, CASE $order
  WHEN 'NEWEST' THEN -(r.at.epochSeconds * 1000000 + r.at.microsecond)
  WHEN 'SLOWEST' THEN -r.latencyMs
  WHEN 'DEAREST' THEN -r.costUsd END AS rank
WHERE rank IS NOT NULL
RETURN rank, r.id AS id, r.tenant AS tenant
ORDER BY rank, id, tenant
LIMIT $first
