// Which kinds of errors did the requests of these hours end with?
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(hour)
WHERE b.hour IN [hour IN $hours | datetime({epochSeconds: hour})]
  AND ($tenants IS NULL OR b.tenant IN $tenants) AND b.errorCount > 0
MATCH (b)<-[:IN_BUCKET]-(r)
WHERE r.status = 'error' AND r.errorType IS NOT NULL
WITH b.cell AS cell, b.hour.epochSeconds AS hour, b.recordedHour.epochSeconds AS recordedHour,
  r.errorType AS errorType, count(*) AS count
RETURN collect(cell) AS cell, collect(hour) AS hour, collect(recordedHour) AS recordedHour,
  collect(errorType) AS what, collect(count) AS count
