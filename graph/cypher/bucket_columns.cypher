// What do the buckets of these hours hold, one column per measure?
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(hour)
WHERE b.hour IN [hour IN $hours | datetime({epochSeconds: hour})]
  AND ($tenants IS NULL OR b.tenant IN $tenants)
RETURN collect(b.cell) AS cell, collect(b.hour.epochSeconds) AS hour,
  collect(b.recordedHour.epochSeconds) AS recordedHour,
  collect(b.count) AS count,
  collect(b.okCount) AS okCount,
  collect(b.errorCount) AS errorCount,
  collect(b.timeoutCount) AS timeoutCount,
  collect(b.rateLimitedCount) AS rateLimitedCount,
  collect(b.latencySumUs) AS latencySumUs,
  collect(b.latencySquaresMs2) AS latencySquaresMs2,
  collect(b.ttftCount) AS ttftCount,
  collect(b.ttftSumUs) AS ttftSumUs,
  collect(b.costCount) AS costCount,
  collect(b.costSumNanoUsd) AS costSumNanoUsd,
  collect(b.costSquaresMicroUsd2) AS costSquaresMicroUsd2,
  collect(b.promptTokens) AS promptTokens,
  collect(b.completionTokens) AS completionTokens,
  collect(b.cacheHits) AS cacheHits,
  collect(b.retries) AS retries,
  collect(coalesce(b.arrivals00, 0)) AS arrivals00, collect(coalesce(b.arrivals10, 0)) AS arrivals10,
  collect(coalesce(b.arrivals20, 0)) AS arrivals20, collect(coalesce(b.arrivals30, 0)) AS arrivals30,
  collect(coalesce(b.arrivals40, 0)) AS arrivals40, collect(coalesce(b.arrivals50, 0)) AS arrivals50,
  collect(b.latencySketch) AS latencySketch, collect(b.ttftSketch) AS ttftSketch
