// What did an even sample of the requests of these hours ask for?
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(hour)
WHERE b.hour IN [hour IN $hours | datetime({epochSeconds: hour})]
  AND ($tenants IS NULL OR b.tenant IN $tenants)
MATCH (b)<-[:IN_BUCKET]-(r)
WHERE r.at.epochMillis % $step = 0
RETURN r.tenant AS tenant, r.user AS user, r.tier AS tier, r.taskType AS taskType,
  r.promptTokens AS promptTokens, r.labels AS labels, r.requirements AS requirements
ORDER BY r.at, r.id
LIMIT $most
