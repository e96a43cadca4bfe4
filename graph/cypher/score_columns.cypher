// What do the score buckets of these hours hold, one column per measure?
MATCH (s:ScoreBucket) USING INDEX SEEK s:ScoreBucket(hour)
WHERE s.hour IN [hour IN $hours | datetime({epochSeconds: hour})]
  AND ($tenants IS NULL OR s.tenant IN $tenants)
RETURN collect(s.cell) AS cell, collect(s.hour.epochSeconds) AS hour,
  collect(s.recordedHour.epochSeconds) AS recordedHour, collect(s.evaluator) AS evaluator,
  collect(s.evaluatorVersion) AS evaluatorVersion,
  collect(s.count) AS count, collect(s.sumNano) AS sumNano, collect(s.squaresNano) AS squaresNano
