// Which deployments were there, by name or by backend, and what was known of each?
MATCH (d:Deployment) USING INDEX d:Deployment(id)
WHERE d.id >= ''
  AND ($deployments IS NULL OR d.id IN $deployments
    OR any(backend IN $backends WHERE d.id ENDS WITH '@' + backend))
  AND (EXISTS { (d)-[:HAS_REVISION]->(v:DeploymentRevision)
      WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt) }
    OR EXISTS { MATCH (d)<-[:SERVED_BY]-(c:Cell)
      MATCH (b:Bucket) USING INDEX b:Bucket(cell, hour, recordedHour)
      WHERE b.cell = c.id AND b.hour <= datetime($at) AND b.recordedHour <= datetime($knownAt) }
    OR EXISTS { (d)-[:SAMPLED_IN]->(:HealthHour)-[:HOLDS]->(o:Observation)
      WHERE o.at <= datetime($at) AND o.recordedAt <= datetime($knownAt) })
OPTIONAL CALL (d) {
  MATCH (d)-[:HAS_REVISION]->(v:DeploymentRevision)
  WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt)
  RETURN v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
}
OPTIONAL CALL (d) {
  MATCH (d)-[:RUNS_MODEL]->(:Model)-[:HAS_REVISION]->(m:ModelRevision)
  WHERE m.at <= datetime($at) AND m.recordedAt <= datetime($knownAt)
  RETURN m ORDER BY m.at DESC, m.recordedAt DESC, m.key DESC LIMIT 1
}
OPTIONAL CALL (d) {
  MATCH (d)-[:RUNS_ON]->(:Backend)-[:HAS_REVISION]->(k:BackendRevision)
  WHERE k.at <= datetime($at) AND k.recordedAt <= datetime($knownAt)
  RETURN k ORDER BY k.at DESC, k.recordedAt DESC, k.key DESC LIMIT 1
}
RETURN d.id AS deployment, v IS NOT NULL AS registered, v.version AS version, v.maxRps AS maxRps,
  v.maxTokensPerMinute AS maxTokensPerMinute, m.deprecatedAt AS deprecatedAt,
  m.inputUsdPer1k AS inputUsdPer1k,
  m.outputUsdPer1k AS outputUsdPer1k, m.contextWindow AS contextWindow,
  m.capabilities AS capabilities, k.compliance AS compliance, k.spot AS spot
ORDER BY deployment
