// What did these users spend in a window, in 1e-9 US dollars?
MATCH (r:Request)
WHERE r.user IN $users AND r.at >= datetime($start) AND r.at < datetime($end)
  AND ($tenants IS NULL OR r.tenant IN $tenants)
RETURN r.tenant AS tenant, r.user AS user,
  sum(toInteger(round(coalesce(r.costUsd, 0.0) * 1e9, 0, 'HALF_EVEN'))) AS nanoUsd
