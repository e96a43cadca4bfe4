// Which budgets did tenants define for a part of their requests, as known at an instant?
MATCH (e:Budget) USING INDEX e:Budget(tenant, id)
WHERE e.tenant >= '' AND e.id >= '' AND ($tenants IS NULL OR e.tenant IN $tenants)
CALL (e) {
  MATCH (e)-[:HAS_REVISION]->(v:BudgetRevision)
  WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt)
  RETURN v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
}
RETURN e.tenant AS tenant, e.id AS id, v.limitUsd AS limitUsd, v.period AS period, v.where AS where
ORDER BY tenant, id
