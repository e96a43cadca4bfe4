// Which requests of these users come first: the newest, the slowest or the dearest?
MATCH (r:Request) USING INDEX SEEK r:Request(user, at)
WHERE r.user IN $users AND r.at >= datetime($start) AND r.at < datetime($end)
  AND r.recordedAt <= datetime($knownAt) AND ($tenants IS NULL OR r.tenant IN $tenants)
  AND (NOT $failed OR r.status <> 'ok')
MATCH (r)-[:IN_BUCKET]->(b)
WHERE $cells IS NULL OR b.cell IN $cells
WITH r, CASE $order
  WHEN 'NEWEST' THEN -(r.at.epochSeconds * 1000000 + r.at.microsecond)
  WHEN 'SLOWEST' THEN -r.latencyMs
  WHEN 'DEAREST' THEN -r.costUsd END AS rank
WHERE rank IS NOT NULL
RETURN rank, r.id AS id, r.tenant AS tenant
ORDER BY rank, id, tenant
LIMIT $first
