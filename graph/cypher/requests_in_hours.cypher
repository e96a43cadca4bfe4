// How many requests arrived in these hours?
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(hour)
WHERE b.hour IN [hour IN $hours | datetime({epochSeconds: hour})]
  AND ($tenants IS NULL OR b.tenant IN $tenants)
RETURN sum(b.count) AS requests
