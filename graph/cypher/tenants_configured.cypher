// What was configured for each tenant, as known at an instant: its budgets, where it may be served?
MATCH (e:Tenant) USING INDEX e:Tenant(id)
WHERE e.id >= '' AND ($tenants IS NULL OR e.id IN $tenants)
CALL (e) {
  MATCH (e)-[:HAS_REVISION]->(v:TenantRevision)
  WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt)
  RETURN v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
}
RETURN e.id AS tenant, v.dailyBudgetUsd AS dailyBudgetUsd, v.monthlyBudgetUsd AS monthlyBudgetUsd,
  v.allowedBackends AS allowedBackends, v.requiredCompliance AS requiredCompliance
ORDER BY tenant
