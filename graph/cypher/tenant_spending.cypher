// What did tenants spend in each of these hours, in 1e-9 US dollars?
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(hour)
WHERE b.hour IN [hour IN $hours | datetime({epochSeconds: hour})]
  AND ($tenants IS NULL OR b.tenant IN $tenants)
RETURN b.tenant AS tenant, b.hour.epochSeconds AS hour, sum(b.costSumNanoUsd) AS nanoUsd
