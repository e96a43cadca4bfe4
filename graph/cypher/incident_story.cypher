// What was told of an incident, oldest first, as known at an instant?
MATCH (i:Incident {id: $incident})-[:HAS_REVISION]->(v:IncidentRevision)
WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt)
WITH i, v ORDER BY v.at, v.recordedAt, v.key
WITH i, collect(v {.at, .recordedAt, .phase, .title, .severity, .scopeKind, .scopeId,
  .rootCause, .contributingFactors, .postmortem, .url, .statusSource, .costUsd}) AS told
RETURN told
