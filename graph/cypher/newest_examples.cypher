// Which values let every question answer something: the newest of each kind?
WITH datetime() AS now
OPTIONAL CALL (now) {
  MATCH (bucket:Bucket) WHERE bucket.hour <= now
  WITH bucket ORDER BY bucket.hour DESC LIMIT 20
  MATCH (bucket)<-[:IN_BUCKET]-(request:Request)
  RETURN request, bucket, EXISTS { (request)<-[:SCORES]-(:QualityScore) } AS scored
  ORDER BY scored DESC, request.at DESC LIMIT 1
}
OPTIONAL CALL (bucket) {
  MATCH (bucket)-[:OF_CELL]->(cell:Cell)
  RETURN cell LIMIT 1
}
OPTIONAL CALL (now) {
  MATCH (told:IncidentRevision) WHERE told.at <= now
  MATCH (incident:Incident)-[:HAS_REVISION]->(told)
  RETURN incident, EXISTS { (incident)-[:AFFECTS]->() } AS placed
  ORDER BY placed DESC, told.at DESC LIMIT 1
}
OPTIONAL CALL (now) {
  MATCH (investigation:Investigation) WHERE investigation.askedAt <= now
  WITH investigation ORDER BY investigation.askedAt DESC LIMIT 20
  RETURN investigation, EXISTS { (investigation)-[:BLAMES]->() } AS blames
  ORDER BY blames DESC, investigation.askedAt DESC LIMIT 1
}
OPTIONAL CALL (now) {
  MATCH (told:ExperimentRevision) WHERE told.at <= now
  MATCH (experiment:Experiment)-[:HAS_REVISION]->(told)
  RETURN experiment ORDER BY told.at DESC LIMIT 1
}
OPTIONAL CALL (now) {
  MATCH (told:ChangeRevision) WHERE told.at <= now
  MATCH (change:Change)-[:HAS_REVISION]->(told)
  RETURN change ORDER BY told.at DESC LIMIT 1
}
WITH now, request, cell, incident, investigation, experiment, change,
  coalesce(request.at, now) AS at
RETURN
  null AS tenants,
  request.id AS request,
  [request.id] AS requests,
  [request.user] AS users,
  [cell.id] AS cells,
  cell.deployment AS deployment,
  COLLECT {
    MATCH (d:Deployment) USING INDEX d:Deployment(id) WHERE d.id >= '' RETURN d.id LIMIT 50
  } AS deployments,
  [] AS backends,
  1 AS step,
  100 AS most,
  cell.policy AS policy,
  cell.policyVersion AS version,
  incident.id AS incident,
  [incident.id] AS incidents,
  investigation.id AS investigation,
  experiment.id AS experiment,
  COLLECT { MATCH (experiment)-[:HAS_ARM]->(a:Arm) RETURN a.arm } AS arms,
  [] AS edges,
  toString(at) AS ripe,
  change.id AS change,
  'latency errors' AS words,
  [{index: 0, node: 'policy_version', key: [cell.policy, cell.policyVersion],
    cells: [cell.id]}] AS rows,
  [at.epochSeconds / 3600 * 3600, at.epochSeconds / 3600 * 3600 - 3600] AS hours,
  [{index: 0, hour: at.epochSeconds / 3600 * 3600, toldFrom: toString(at - duration({days: 7})),
    start: toString(at - duration({minutes: 30})), end: toString(at + duration({minutes: 1}))}]
    AS spans,
  [[cell.id, at.epochSeconds / 3600 * 3600]] AS places,
  'NEWEST' AS order,
  false AS failed,
  10 AS first,
  [1000.0, 10000.0] AS limitsMs,
  [0.5, 0.7] AS thresholds,
  toString(at) AS at,
  toString(at - duration({days: 7})) AS start,
  toString(at + duration({hours: 1})) AS end,
  toString(at + duration({days: 7})) AS until,
  toString(at - duration({days: 7})) AS toldFrom,
  toString(now) AS knownAt
