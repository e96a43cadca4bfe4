// What was told of an incident, oldest first, as known at an instant, and which deployments does it reach?
MATCH (i:Incident {id: $incident})-[:HAS_REVISION]->(v:IncidentRevision)
WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt)
WITH i, v ORDER BY v.at, v.recordedAt, v.key
WITH i, collect(v) AS told
WITH told, told[-1] AS last
RETURN [v IN told | v {.at, .recordedAt, .phase, .title, .severity, .scopeKind, .scopeId,
    .rootCause, .contributingFactors, .postmortem, .url, .statusSource, .costUsd}] AS told,
  COLLECT { MATCH (d:Deployment)-[:RUNS_MODEL]->(m:Model), (d)-[:RUNS_ON]->(k:Backend)
    USING INDEX d:Deployment(id)
    WHERE d.id >= '' AND (last.scopeKind = 'global'
      OR (last.scopeKind = 'deployment' AND d.id = last.scopeId)
      OR (last.scopeKind = 'model' AND m.id = last.scopeId)
      OR (last.scopeKind = 'backend' AND k.id = last.scopeId))
    RETURN d.id ORDER BY d.id } AS affectedDeployments
