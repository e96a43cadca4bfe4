// What did the requests of these users cost in each step of a window, as known at an instant?
MATCH (r:Request) USING INDEX SEEK r:Request(user, at)
WHERE r.user IN $users AND r.at >= datetime($start) AND r.at < datetime($end)
  AND r.recordedAt <= datetime($knownAt) AND ($tenants IS NULL OR r.tenant IN $tenants)
RETURN r.user AS user, r.at.epochSeconds / $step * $step AS at, count(*) AS requests,
  sum(toInteger(round(coalesce(r.costUsd, 0.0) * 1e9, 0, 'HALF_EVEN'))) AS nanoUsd
ORDER BY user, at
