// Which incidents speak of these words, or reached what one incident reached?
CALL () {
  UNWIND CASE WHEN $words = '' THEN [] ELSE [$words] END AS words
  CALL db.index.fulltext.queryNodes('incident_revision_words', words, {limit: 200})
  YIELD node, score
  WHERE node.recordedAt <= datetime($knownAt)
  MATCH (i:Incident)-[:HAS_REVISION]->(node)
  RETURN i, score
  UNION ALL
  MATCH (o:Incident {id: $incident})-[:AFFECTS]->(place)
  MATCH (place)-[:RUNS_ON|RUNS_MODEL]-{0,2}(near)<-[:AFFECTS]-(i:Incident)
  WITH DISTINCT i LIMIT 200
  RETURN i, 0.0 AS score
  UNION ALL
  MATCH (o:Incident {id: $incident})<-[:BLAMES]-(n:Investigation)
  WHERE n.askedAt <= datetime($knownAt)
    AND ($tenants IS NULL OR all(tenant IN coalesce(n.tenants, ['']) WHERE tenant IN $tenants))
  MATCH (n)-[:LOCATES]->(place)<-[:LOCATES]-(m:Investigation)-[:BLAMES]->(i:Incident)
  WHERE m.askedAt <= datetime($knownAt)
    AND ($tenants IS NULL OR all(tenant IN coalesce(m.tenants, ['']) WHERE tenant IN $tenants))
  WITH DISTINCT i LIMIT 200
  RETURN i, 0.0 AS score
}
WITH i, max(score) AS score
WHERE $incident IS NULL OR i.id <> $incident
RETURN i.id AS id
ORDER BY score DESC, id
LIMIT $most
