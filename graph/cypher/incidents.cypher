// Which incidents had begun by an instant, and what was known of them?
MATCH (v:IncidentRevision)
WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt)
MATCH (i:Incident)-[:HAS_REVISION]->(v)
WITH i, v ORDER BY v.at, v.recordedAt, v.key
WITH i, collect(v) AS told
WITH i, told[0] AS first, told[-1] AS last,
  [v IN told WHERE v.phase <> 'updated'][-1] AS turn,
  [v IN told WHERE v.rootCause IS NOT NULL | v.rootCause][-1] AS rootCause,
  [v IN told WHERE v.url IS NOT NULL | v.url][-1] AS url,
  [v IN told WHERE v.statusSource IS NOT NULL | v.statusSource][-1] AS statusSource
WITH i, first, last, rootCause, url, statusSource,
  CASE WHEN turn.phase = 'resolved' THEN turn.at END AS resolvedAt
WHERE first.at < datetime($end) AND (resolvedAt IS NULL OR resolvedAt > datetime($start))
RETURN i.id AS id, last.title AS title, last.severity AS severity, last.scopeKind AS scopeKind,
  last.scopeId AS scopeId, first.at AS openedAt, resolvedAt, rootCause, url, statusSource,
  COLLECT { MATCH (d:Deployment)-[:RUNS_MODEL]->(m:Model), (d)-[:RUNS_ON]->(k:Backend)
    USING INDEX d:Deployment(id)
    WHERE d.id >= '' AND (last.scopeKind = 'global'
      OR (last.scopeKind = 'deployment' AND d.id = last.scopeId)
      OR (last.scopeKind = 'model' AND m.id = last.scopeId)
      OR (last.scopeKind = 'backend' AND k.id = last.scopeId))
    RETURN d.id ORDER BY d.id } AS affectedDeployments
ORDER BY openedAt, id
