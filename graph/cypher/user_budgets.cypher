// Which users of these tenants had a budget for the day, as known at an instant?
MATCH (e:User) USING INDEX e:User(tenant, id)
WHERE e.tenant >= '' AND e.id >= '' AND ($tenants IS NULL OR e.tenant IN $tenants)
CALL (e) {
  MATCH (e)-[:HAS_REVISION]->(v:UserRevision)
  WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt)
  RETURN v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
}
WITH e, v WHERE v.dailyBudgetUsd IS NOT NULL
RETURN e.tenant AS tenant, e.id AS user, v.dailyBudgetUsd AS dailyBudgetUsd
ORDER BY tenant, user
