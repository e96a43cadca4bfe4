// Which requests were counted in the same hour and cell as one request, and how were they scored?
MATCH (r:Request) WHERE r.id = $request AND r.tenant >= ''
  AND ($tenants IS NULL OR r.tenant IN $tenants)
MATCH (r)-[:IN_BUCKET]->(b:Bucket)
MATCH counted = (b)<-[:IN_BUCKET]-(other:Request)
WITH counted, other ORDER BY other.latencyMs DESC LIMIT 25
OPTIONAL MATCH scored = (other)<-[:SCORES]-(:QualityScore)
RETURN counted, scored
