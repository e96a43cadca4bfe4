// Which requests of these hours of cells have the lowest mean of their scores in force?
UNWIND $places AS place
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(cell, hour, recordedHour)
WHERE b.cell = place[0] AND b.hour = datetime({epochSeconds: place[1]})
  AND b.recordedHour IS NOT NULL AND ($tenants IS NULL OR b.tenant IN $tenants)
MATCH (b)<-[:IN_BUCKET]-(r)
WHERE r.at >= datetime($start) AND r.at < datetime($end) AND r.recordedAt <= datetime($knownAt)
  AND (NOT $failed OR r.status <> 'ok')
MATCH (r)<-[:SCORES]-(q)
WHERE q.recordedAt <= datetime($knownAt)
WITH r, q ORDER BY q.recordedAt, q.at, q.key
WITH r, q.evaluator AS evaluator, collect(q.score)[-1] AS score
WITH r, sum(toInteger(round(score * 1000000000))) / 1e9 / count(*) AS rank
RETURN rank, r.id AS id, r.tenant AS tenant
ORDER BY rank, id, tenant
LIMIT $first
