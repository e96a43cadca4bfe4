// What is configured now: the newest telling of each model, backend, deployment, tier and so on?
CALL () {
  MATCH (e:Model) USING INDEX e:Model(id) WHERE e.id >= ''
  CALL (e) {
    MATCH (e)-[:HAS_REVISION]->(v:ModelRevision)
    RETURN v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
  }
  RETURN 'model' AS kind, e.id AS id, v, false AS first, {model: e.id,
    capabilities: v.capabilities, context_window: v.contextWindow,
    input_usd_per_1k: v.inputUsdPer1k, output_usd_per_1k: v.outputUsdPer1k,
    deprecated_at: toString(v.deprecatedAt)} AS told
  UNION ALL
  MATCH (e:Backend) USING INDEX e:Backend(id) WHERE e.id >= ''
  CALL (e) {
    MATCH (e)-[:HAS_REVISION]->(v:BackendRevision)
    RETURN v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
  }
  RETURN 'backend' AS kind, e.id AS id, v, false AS first,
    {backend: e.id, compliance: v.compliance, spot: v.spot} AS told
  UNION ALL
  MATCH (e:Deployment) USING INDEX e:Deployment(id) WHERE e.id >= ''
  CALL (e) {
    MATCH (e)-[:HAS_REVISION]->(v:DeploymentRevision)
    RETURN v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
  }
  RETURN 'deployment' AS kind, e.id AS id, v, false AS first,
    {deployment: e.id, version: v.version, max_rps: v.maxRps} AS told
  UNION ALL
  MATCH (e:Tier) USING INDEX e:Tier(id) WHERE e.id >= ''
  CALL (e) {
    MATCH (e)-[:HAS_REVISION]->(v:TierRevision)
    RETURN v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
  }
  RETURN 'tier' AS kind, e.id AS id, v, false AS first, {tier: e.id, weight: v.weight,
    latency_p95_ms: v.latencyP95Ms, quality_floor: v.qualityFloor,
    max_cost_per_request_usd: v.maxCostPerRequestUsd} AS told
  UNION ALL
  MATCH (e:Tenant) USING INDEX e:Tenant(id) WHERE e.id >= ''
  CALL (e) {
    MATCH (e)-[:HAS_REVISION]->(v:TenantRevision)
    RETURN v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
  }
  RETURN 'tenant' AS kind, e.id AS id, v, false AS first,
    {cost_ceiling_per_request_usd: v.costCeilingPerRequestUsd, quality_floor: v.qualityFloor,
     allowed_backends: v.allowedBackends, required_compliance: v.requiredCompliance,
     daily_budget_usd: v.dailyBudgetUsd, monthly_budget_usd: v.monthlyBudgetUsd,
     requests_per_second: v.requestsPerSecond, tokens_per_minute: v.tokensPerMinute} AS told
  UNION ALL
  MATCH (e:User) USING INDEX e:User(tenant, id) WHERE e.tenant >= '' AND e.id >= ''
  CALL (e) {
    MATCH (e)-[:HAS_REVISION]->(v:UserRevision)
    RETURN v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
  }
  RETURN 'user' AS kind, [e.tenant, e.id] AS id, v, false AS first,
    {user: e.id, tier: v.tier, preferences: v.preferences, rules: v.rules,
     requests_per_day: v.requestsPerDay, daily_budget_usd: v.dailyBudgetUsd} AS told
  UNION ALL
  MATCH (e:PolicyVersion) USING INDEX e:PolicyVersion(policy, version)
  WHERE e.policy >= '' AND e.version >= ''
  CALL (e) {
    MATCH (e)-[:HAS_REVISION]->(v:PolicyVersionRevision)
    RETURN v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
  }
  RETURN 'policy' AS kind, e.policy AS id, v, false AS first, {policy: e.policy,
    version: e.version, task_types: v.taskTypes, tiers: v.tiers, tenants: v.tenants,
    rules: v.rules} AS told
  UNION ALL
  MATCH (e:Experiment) USING INDEX e:Experiment(id) WHERE e.id >= ''
  CALL (e) {
    MATCH (e)-[:HAS_REVISION]->(v:ExperimentRevision)
    RETURN v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
  }
  RETURN 'experiment' AS kind, e.id AS id, v, false AS first, {experiment: e.id,
    policy: v.policy, status: v.status, arms: v.arms} AS told
  UNION ALL
  MATCH (e:Maintenance) USING INDEX e:Maintenance(id) WHERE e.id >= ''
  CALL (e) {
    MATCH (e)-[:HAS_REVISION]->(v:MaintenanceRevision)
    RETURN v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
  }
  RETURN 'maintenance' AS kind, e.id AS id, v, false AS first, {maintenance: e.id,
    title: v.title, scope: {kind: v.scopeKind, id: v.scopeId},
    starts_at: toString(v.startsAt), ends_at: toString(v.endsAt)} AS told
  UNION ALL
  MATCH (e:Incident) USING INDEX e:Incident(id) WHERE e.id >= ''
  CALL (e) {
    MATCH (e)-[:HAS_REVISION]->(v:IncidentRevision)
    WITH v ORDER BY v.at, v.recordedAt, v.key
    WITH collect(v) AS all
    UNWIND [
      {kind: 'incident.first', v: all[0]},
      {kind: 'incident.turn', v: [v IN all WHERE v.phase <> 'updated'][-1]},
      {kind: 'incident', v: all[-1]}
    ] AS one
    WITH one WHERE one.v IS NOT NULL
    RETURN one.kind AS kind, one.v AS v
  }
  RETURN kind, e.id AS id, v, kind = 'incident.first' AS first,
    {incident: e.id, title: v.title, severity: v.severity, phase: v.phase, url: v.url,
     scope: {kind: v.scopeKind, id: v.scopeId}, root_cause: v.rootCause,
     status_source: v.statusSource} AS told
}
RETURN kind, id, v.at AS at, v.recordedAt AS recordedAt, v.key AS key, first, told
ORDER BY kind, id
