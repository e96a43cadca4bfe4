// Which service level objectives were in force, and which latency did each tier promise?
OPTIONAL CALL () {
  MATCH (t:Tier) USING INDEX t:Tier(id) WHERE t.id >= ''
  CALL (t) {
    MATCH (t)-[:HAS_REVISION]->(v:TierRevision)
    WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt)
    RETURN v.latencyP95Ms AS promised ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
  }
  RETURN collect([t.id, promised]) AS tiers
}
MATCH (o:Slo) USING INDEX o:Slo(tenant, id)
WHERE o.tenant >= '' AND o.id >= '' AND ($tenants IS NULL OR o.tenant IN $tenants)
CALL (o) {
  MATCH (o)-[:HAS_REVISION]->(v:SloRevision)
  WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt)
  RETURN v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC LIMIT 1
}
RETURN o.tenant AS tenant, o.id AS id, v.objective AS objective, v.target AS target,
  v.threshold AS threshold, v.windowDays AS windowDays, v.where AS where, tiers
ORDER BY tenant, id
