// Which maintenance was planned for an instant, or for the time from it to another, as known then?
MATCH (v:MaintenanceRevision)
WHERE v.at <= datetime($knownAt) AND v.recordedAt <= datetime($knownAt)
MATCH (w:Maintenance)-[:HAS_REVISION]->(v)
WITH w, v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC
WITH w, collect(v)[0] AS last
WHERE (last.startsAt <= datetime($at) OR last.startsAt < datetime($until))
  AND last.endsAt > datetime($at)
RETURN w.id AS id, last.title AS title, last.scopeKind AS scopeKind, last.scopeId AS scopeId,
  last.startsAt AS startsAt, last.endsAt AS endsAt
ORDER BY startsAt, id
