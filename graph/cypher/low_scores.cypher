// How many scores in force of these hours lie under which thresholds, by hour of recording?
MATCH (s:ScoreBucket) USING INDEX SEEK s:ScoreBucket(hour)
WHERE s.hour IN [hour IN $hours | datetime({epochSeconds: hour})]
  AND ($tenants IS NULL OR s.tenant IN $tenants) AND s.cell IN $cells
WITH DISTINCT s.cell AS cell, s.hour AS hour
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(cell, hour, recordedHour)
WHERE b.cell = cell AND b.hour = hour AND b.recordedHour IS NOT NULL
MATCH (b)<-[:IN_BUCKET]-(r)<-[:SCORES]-(q)
WITH cell, hour, r, q ORDER BY q.recordedAt, q.at, q.key
WITH cell, hour, r, q.evaluator AS evaluator,
  collect([q.recordedAt.epochSeconds / 3600 * 3600,
    size([threshold IN $thresholds WHERE q.score < threshold])]) AS told
UNWIND range(0, size(told) - 1) AS i
UNWIND CASE WHEN i + 1 < size(told)
  THEN [[told[i][0], told[i][1], 1], [told[i + 1][0], told[i][1], -1]]
  ELSE [[told[i][0], told[i][1], 1]] END AS change
WITH cell, hour.epochSeconds AS hour, change[0] AS recordedHour, change[1] AS under,
  sum(change[2]) AS count
WHERE count <> 0
RETURN collect(cell) AS cell, collect(hour) AS hour, collect(recordedHour) AS recordedHour,
  collect(under) AS what, collect(count) AS count
