// Which changes, policies, experiments, incidents and maintenance may reach into a period?
CALL () {
  MATCH (v:ChangeRevision) USING INDEX v:ChangeRevision(at)
  WHERE v.at >= datetime($start) AND v.at < datetime($end) AND v.recordedAt <= datetime($knownAt)
  MATCH (x:Change)-[:HAS_REVISION]->(v)
  RETURN 'change' AS node, x.id AS id, x
  UNION
  MATCH (v:ChangeRevision) USING INDEX v:ChangeRevision(endedAt)
  WHERE v.endedAt > datetime($start) AND v.at < datetime($end)
    AND v.recordedAt <= datetime($knownAt)
  MATCH (x:Change)-[:HAS_REVISION]->(v)
  RETURN 'change' AS node, x.id AS id, x
  UNION
  MATCH (v:PolicyVersionRevision) USING INDEX v:PolicyVersionRevision(at)
  WHERE v.at >= datetime($start) AND v.at < datetime($end) AND v.recordedAt <= datetime($knownAt)
  MATCH (x:PolicyVersion)-[:HAS_REVISION]->(v)
  RETURN 'policy_version' AS node, x.policy + '@' + x.version AS id, x
  UNION
  MATCH (v:ExperimentRevision) USING INDEX v:ExperimentRevision(at)
  WHERE v.at >= datetime($start) AND v.at < datetime($end) AND v.recordedAt <= datetime($knownAt)
  MATCH (x:Experiment)-[:HAS_REVISION]->(v)
  RETURN 'experiment' AS node, x.id AS id, x
  UNION
  MATCH (v:IncidentRevision) USING INDEX v:IncidentRevision(at)
  WHERE v.at >= datetime($start) - duration({days: 30}) AND v.at < datetime($end)
    AND v.recordedAt <= datetime($knownAt)
  MATCH (x:Incident)-[:HAS_REVISION]->(v)
  RETURN 'incident' AS node, x.id AS id, x
  UNION
  MATCH (v:MaintenanceRevision) USING INDEX v:MaintenanceRevision(endsAt)
  WHERE v.endsAt > datetime($start) AND v.startsAt < datetime($end)
    AND v.recordedAt <= datetime($knownAt)
  MATCH (x:Maintenance)-[:HAS_REVISION]->(v)
  RETURN 'maintenance' AS node, x.id AS id, x
}
MATCH (x)-[:HAS_REVISION]->(v) WHERE v.recordedAt <= datetime($knownAt)
WITH node, id, v ORDER BY v.at, v.recordedAt, v.key
RETURN node, id, collect(v {
  .at, .recordedAt, .kind, .title, .summary, .status, .phase, .author, .policy, .targets, .arms,
  .taskTypes, .tiers, .tenants, .scopeKind, .scopeId, .endedAt, .startsAt, .endsAt
}) AS told
ORDER BY node, id
