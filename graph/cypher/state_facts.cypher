// What was told of these deployments up to an instant, and from when on was each there?
MATCH (d:Deployment) USING INDEX d:Deployment(id)
WHERE d.id >= ''
  AND (d.id IN $deployments OR any(backend IN $backends WHERE d.id ENDS WITH '@' + backend))
CALL (d) {
  MATCH (d)<-[:SERVED_BY]-(c:Cell)
  CALL (c) {
    MATCH (b:Bucket) USING INDEX b:Bucket(cell, hour, recordedHour)
    WHERE b.cell = c.id AND b.hour <= datetime($end) AND b.recordedHour <= datetime($knownAt)
    RETURN b.hour AS hour ORDER BY b.cell, b.hour LIMIT 1
  }
  RETURN min(hour) AS served
}
CALL (d) {
  MATCH (o:Observation) USING INDEX o:Observation(deployment, at)
  WHERE o.deployment = d.id AND o.at <= datetime($end) AND o.recordedAt <= datetime($knownAt)
  WITH o ORDER BY o.deployment, o.at LIMIT 1
  RETURN min(o.at) AS sampled
}
RETURN d.id AS deployment, served, sampled,
  COLLECT { MATCH (d)-[:HAS_REVISION]->(v)
    WHERE v.at <= datetime($end) AND v.recordedAt <= datetime($knownAt)
    RETURN {at: v.at, version: v.version, maxRps: v.maxRps}
    ORDER BY v.at, v.recordedAt, v.key } AS own,
  COLLECT { MATCH (d)-[:RUNS_MODEL]->()-[:HAS_REVISION]->(m)
    WHERE m.at <= datetime($end) AND m.recordedAt <= datetime($knownAt)
    RETURN {at: m.at, deprecatedAt: m.deprecatedAt, inputUsdPer1k: m.inputUsdPer1k,
      outputUsdPer1k: m.outputUsdPer1k, contextWindow: m.contextWindow,
      capabilities: m.capabilities}
    ORDER BY m.at, m.recordedAt, m.key } AS model,
  COLLECT { MATCH (d)-[:RUNS_ON]->()-[:HAS_REVISION]->(k)
    WHERE k.at <= datetime($end) AND k.recordedAt <= datetime($knownAt)
    RETURN {at: k.at, compliance: k.compliance, spot: k.spot}
    ORDER BY k.at, k.recordedAt, k.key } AS backend,
  COLLECT { MATCH (d)-[:RUNS_MODEL]->(named) RETURN named.id } AS models,
  COLLECT { MATCH (d)-[:RUNS_ON]->(named) RETURN named.id } AS backends
ORDER BY deployment
