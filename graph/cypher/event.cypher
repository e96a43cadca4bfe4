// What was told of an incident, or of a change, policy version or experiment of that name?
CALL () {
  MATCH (x:Incident {id: $incident})
  RETURN 'incident' AS node, x.id AS id, x
  UNION
  MATCH (x:Change {id: $change})
  RETURN 'change' AS node, x.id AS id, x
  UNION
  MATCH (x:PolicyVersion {policy: $policy, version: $version})
  RETURN 'policy_version' AS node, x.policy + '@' + x.version AS id, x
  UNION
  MATCH (x:Experiment {id: $change})
  RETURN 'experiment' AS node, x.id AS id, x
}
MATCH (x)-[:HAS_REVISION]->(v) WHERE v.recordedAt <= datetime($knownAt)
WITH node, id, v ORDER BY v.at, v.recordedAt, v.key
WITH node, id, collect(v {
  .at, .recordedAt, .kind, .title, .summary, .status, .phase, .author, .policy, .targets, .arms,
  .taskTypes, .tiers, .tenants, .scopeKind, .scopeId, .endedAt, .startsAt, .endsAt
}) AS told
RETURN node, id, told
