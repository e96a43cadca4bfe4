// What was changed in a period: rollouts, prices, flags, policies, experiments?
CALL () {
  MATCH (v:ChangeRevision)
  WHERE v.at >= datetime($start) AND v.at < datetime($end) AND v.recordedAt <= datetime($knownAt)
  MATCH (x:Change)-[:HAS_REVISION]->(v)
  WITH x, v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC
  WITH x, collect(v)[0] AS v
  RETURN x.id AS id, v.kind AS kind, v.title AS title, v AS told, v.targets AS targets
  UNION ALL
  MATCH (v:PolicyVersionRevision)
  WHERE v.at >= datetime($start) AND v.at < datetime($end) AND v.recordedAt <= datetime($knownAt)
  MATCH (x:PolicyVersion)-[:HAS_REVISION]->(v)
  RETURN x.policy + '@' + x.version AS id, 'policy' AS kind,
    coalesce(v.summary, 'policy ' + x.policy + ' ' + x.version + ' published') AS title,
    v AS told, null AS targets
  UNION ALL
  MATCH (v:ExperimentRevision)
  WHERE v.at >= datetime($start) AND v.at < datetime($end) AND v.recordedAt <= datetime($knownAt)
  MATCH (x:Experiment)-[:HAS_REVISION]->(v)
  RETURN x.id AS id, 'experiment' AS kind, 'experiment ' + x.id + ' ' + v.status AS title,
    v AS told, null AS targets
}
RETURN id, kind, title, targets, told.at AS at, told.recordedAt AS recordedAt,
  told.author AS author, told.url AS url, told.policy AS policy, told.arms AS arms,
  told.taskTypes AS taskTypes, told.tiers AS tiers, told.tenants AS tenants
ORDER BY at, id
