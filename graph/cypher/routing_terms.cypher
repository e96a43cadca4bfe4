// Which policies, demands of tenants and planned work decide in a time who may serve?
CALL () {
  MATCH (v:PolicyVersionRevision)
  WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt)
  MATCH (x:PolicyVersion)-[:HAS_REVISION]->(v)
  WITH x, v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC
  WITH x.policy AS policy, collect([x.version, v])[0] AS newest
  RETURN 'policy' AS kind, policy AS id, newest[1].at AS at, {version: newest[0],
    rules: newest[1].rules, taskTypes: newest[1].taskTypes, tiers: newest[1].tiers,
    tenants: newest[1].tenants} AS told
  UNION ALL
  MATCH (t:Tenant) USING INDEX t:Tenant(id)
  WHERE t.id >= '' AND ($tenants IS NULL OR t.id IN $tenants)
  CALL (t) {
    MATCH (t)-[:HAS_REVISION]->(v:TenantRevision)
    WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt)
    RETURN v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
  }
  RETURN 'tenant' AS kind, t.id AS id, v.at AS at,
    {allowedBackends: v.allowedBackends, requiredCompliance: v.requiredCompliance} AS told
  UNION ALL
  MATCH (v:MaintenanceRevision)
  WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt)
  MATCH (w:Maintenance)-[:HAS_REVISION]->(v)
  WITH w, v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC
  WITH w, collect(v)[0] AS last
  WHERE last.startsAt < datetime($end) AND last.endsAt > datetime($at)
  RETURN 'maintenance' AS kind, w.id AS id, last.startsAt AS at, {title: last.title,
    scopeKind: last.scopeKind, scopeId: last.scopeId, endsAt: last.endsAt} AS told
}
RETURN kind, id, at, told
ORDER BY kind, at, id
