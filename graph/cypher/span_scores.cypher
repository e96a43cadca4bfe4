// How many scores in force do the requests of these spans of time have, under which thresholds?
UNWIND $spans AS span
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(hour)
WHERE b.hour = datetime({epochSeconds: span.hour})
  AND ($tenants IS NULL OR b.tenant IN $tenants)
MATCH (b)<-[:IN_BUCKET]-(r)
WHERE r.at >= datetime(span.start) AND r.at < datetime(span.end)
  AND r.recordedAt <= datetime($knownAt)
MATCH (r)<-[:SCORES]-(q)
WHERE q.recordedAt <= datetime($knownAt)
WITH span, b.cell AS cell, r, q ORDER BY q.recordedAt, q.at, q.key
WITH span, cell, r, q.evaluator AS evaluator, collect(q) AS told
WITH span, cell, told[-1] AS newest,
  [q IN told WHERE q.recordedAt < datetime(span.toldFrom)][-1] AS before
UNWIND CASE WHEN before IS NULL THEN [[newest, 1]] WHEN before = newest THEN []
  ELSE [[newest, 1], [before, -1]] END AS change
WITH span.index AS span, cell, change[0].score AS score, change[1] AS sign
WITH span, cell, size([threshold IN $thresholds WHERE score < threshold]) AS under,
  sum(sign) AS count, sum(sign * toInteger(round(score * 1000000000))) AS sumNano
RETURN collect(span) AS span, collect(cell) AS cell, collect(under) AS under,
  collect(count) AS count, collect(sumNano) AS sumNano
