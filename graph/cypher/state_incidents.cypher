// Which incidents were not over before a period, and what was told of each up to its end?
MATCH (v:IncidentRevision)
WHERE v.at <= datetime($end) AND v.recordedAt <= datetime($knownAt)
MATCH (i:Incident)-[:HAS_REVISION]->(v)
WITH i, v ORDER BY v.at, v.recordedAt, v.key
WITH i, collect(v) AS told
WITH i, told, [v IN told WHERE v.phase <> 'updated'][-1] AS turn
WHERE turn IS NULL OR turn.phase <> 'resolved' OR turn.at > datetime($start)
RETURN i.id AS id, [v IN told | {at: v.at, phase: v.phase, title: v.title, severity: v.severity,
  scopeKind: v.scopeKind, scopeId: v.scopeId}] AS told
ORDER BY id
