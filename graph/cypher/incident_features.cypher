// What is known of these incidents: what they reached, how they went, and what was laid to them?
UNWIND $incidents AS id
MATCH (i:Incident {id: id})-[:HAS_REVISION]->(v)
WHERE v.recordedAt <= datetime($knownAt)
WITH i, v ORDER BY v.at, v.recordedAt, v.key
WITH i, collect(v) AS told
WITH i, told, told[-1] AS last, [v IN told WHERE v.phase <> 'updated'][-1] AS turn
RETURN i.id AS id, last.title AS title, last.severity AS severity, last.scopeKind AS scopeKind,
  last.scopeId AS scopeId, told[0].at AS openedAt,
  CASE WHEN turn.phase = 'resolved' THEN turn.at END AS resolvedAt,
  [v IN told WHERE v.rootCause IS NOT NULL | v.rootCause][-1] AS rootCause,
  [v IN told WHERE v.url IS NOT NULL | v.url][-1] AS url,
  [v IN told WHERE v.statusSource IS NOT NULL | v.statusSource][-1] AS statusSource,
  [v IN told WHERE v.contributingFactors IS NOT NULL | v.contributingFactors][-1] AS factors,
  [v IN told WHERE v.postmortem IS NOT NULL | v.postmortem][-1] AS postmortem,
  COLLECT { MATCH (d:Deployment)-[:RUNS_MODEL]->(m:Model), (d)-[:RUNS_ON]->(k:Backend)
    USING INDEX d:Deployment(id)
    WHERE d.id >= '' AND (last.scopeKind = 'global'
      OR (last.scopeKind = 'deployment' AND d.id = last.scopeId)
      OR (last.scopeKind = 'model' AND m.id = last.scopeId)
      OR (last.scopeKind = 'backend' AND k.id = last.scopeId))
    RETURN d.id ORDER BY d.id } AS affectedDeployments,
  COLLECT { MATCH (i)<-[b:BLAMES]-(n:Investigation)
    WHERE n.askedAt <= datetime($knownAt)
    AND ($tenants IS NULL OR all(tenant IN coalesce(n.tenants, ['']) WHERE tenant IN $tenants))
    RETURN DISTINCT [n.metric, b.mechanism, COLLECT { MATCH (n)-[:LOCATES]->(place)
      RETURN labels(place)[0] + ' ' + coalesce(place.id,
        place.policy + '@' + place.version, place.experiment + '/' + place.arm) }]
    LIMIT 50 } AS blamed
