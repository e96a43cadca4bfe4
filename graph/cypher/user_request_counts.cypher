// How many requests did these users send in each hour of a window?
MATCH (r:Request)
WHERE r.user IN $users AND r.at >= datetime($start) AND r.at < datetime($end)
  AND ($tenants IS NULL OR r.tenant IN $tenants)
RETURN r.tenant AS tenant, r.user AS user, r.at.epochSeconds / 3600 AS hour, count(*) AS requests
