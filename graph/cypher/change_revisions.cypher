// What was told of a change, oldest first, as it was known at an instant?
MATCH (c:Change {id: $change})-[:HAS_REVISION]->(v:ChangeRevision)
WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt)
RETURN v.at AS at, v.recordedAt AS recordedAt, v.kind AS kind, v.title AS title,
  v.targets AS targets, v.percent AS percent, v.endedAt AS endedAt
ORDER BY v.at, v.recordedAt, v.key
