// How is one request tied to what served it, the policy in force and its scores?
MATCH (r:Request) WHERE r.id = $request AND r.tenant >= ''
  AND ($tenants IS NULL OR r.tenant IN $tenants)
MATCH decided = (r)-[:ROUTED_BY]->(:RoutingDecision)
MATCH counted = (r)-[:IN_BUCKET]->(:Bucket)-[:OF_CELL]->(c:Cell)
MATCH served = (c)-[:SERVED_BY]->(d:Deployment)-[:RUNS_MODEL|RUNS_ON]->()
MATCH ruled = (c)-[:UNDER]->(:PolicyVersion)-[:VERSION_OF]->(:Policy)
OPTIONAL MATCH scored = (:QualityScore)-[:SCORES]->(r)
OPTIONAL MATCH touched = (d)<-[:TARGETS|AFFECTS]-()
RETURN decided, counted, served, ruled, scored, touched
LIMIT 25
