// What did each user get from each arm of an experiment, day by day, as known at an instant?
UNWIND $arms AS arm
MATCH (a:Arm {experiment: $experiment, arm: arm})
MATCH (a)<-[:IN_ARM]-(c:Cell)<-[:OF_CELL]-(b:Bucket)
WHERE ($tenants IS NULL OR c.tenant IN $tenants)
  AND b.hour > datetime($start) - duration({hours: 1}) AND b.hour < datetime($end)
MATCH (b)<-[:IN_BUCKET]-(r:Request)
WHERE r.at >= datetime($start) AND r.at < datetime($end) AND r.recordedAt <= datetime($knownAt)
CALL (r) {
  MATCH (q:QualityScore)-[:SCORES]->(r)
  WHERE r.at < datetime($ripe) AND q.recordedAt <= datetime($knownAt)
  WITH q.evaluator AS evaluator, q ORDER BY q.recordedAt, q.at, q.key
  WITH evaluator, collect(q.score)[-1] AS score
  RETURN count(score) AS scores, sum(score) AS scoreSum, sum(score * score) AS scoreSquares
}
WITH arm, r.tenant AS tenant, coalesce(r.user, r.id) AS user,
  r.at.epochSeconds / 86400 AS day,
  size([edge IN $edges WHERE edge <= r.at.epochSeconds]) AS step,
  count(*) AS count,
  sum(CASE WHEN r.status = 'ok' THEN 0 ELSE 1 END) AS failed,
  sum(r.latencyMs) AS latencySum, sum(r.latencyMs * r.latencyMs) AS latencySquares,
  count(r.costUsd) AS costs,
  sum(r.costUsd) AS costSum, sum(r.costUsd * r.costUsd) AS costSquares,
  sum(CASE WHEN r.at < datetime($ripe) THEN 1 ELSE 0 END) AS matured,
  sum(CASE WHEN scores > 0 THEN 1 ELSE 0 END) AS scored,
  sum(scores) AS scores, sum(scoreSum) AS scoreSum, sum(scoreSquares) AS scoreSquares
ORDER BY tenant, user, day, step, arm
RETURN collect(arm) AS arm, collect([tenant, user]) AS user, collect(day) AS day,
  collect(step) AS step, collect(count) AS count, collect(failed) AS failed,
  collect(latencySum) AS latencySum, collect(latencySquares) AS latencySquares,
  collect(costs) AS costs, collect(costSum) AS costSum, collect(costSquares) AS costSquares,
  collect(matured) AS matured, collect(scored) AS scored, collect(scores) AS scores,
  collect(scoreSum) AS scoreSum, collect(scoreSquares) AS scoreSquares
