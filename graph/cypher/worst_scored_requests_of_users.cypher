// Which requests of these users have the lowest mean of their scores in force?
MATCH (r:Request) USING INDEX SEEK r:Request(user, at)
WHERE r.user IN $users AND r.at >= datetime($start) AND r.at < datetime($end)
  AND r.recordedAt <= datetime($knownAt) AND ($tenants IS NULL OR r.tenant IN $tenants)
  AND (NOT $failed OR r.status <> 'ok')
MATCH (r)-[:IN_BUCKET]->(b)
WHERE $cells IS NULL OR b.cell IN $cells
MATCH (r)<-[:SCORES]-(q)
WHERE q.recordedAt <= datetime($knownAt)
WITH r, q ORDER BY q.recordedAt, q.at, q.key
WITH r, q.evaluator AS evaluator, collect(q.score)[-1] AS score
WITH r, sum(toInteger(round(score * 1000000000))) / 1e9 / count(*) AS rank
RETURN rank, r.id AS id, r.tenant AS tenant
ORDER BY rank, id, tenant
LIMIT $first
