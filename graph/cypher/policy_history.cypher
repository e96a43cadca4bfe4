// Which versions has a policy had, and what has been routed under each?
MATCH (p:Policy {id: $policy})<-[:VERSION_OF]-(v:PolicyVersion)
OPTIONAL MATCH published = (p)<-[:VERSION_OF]-(v)-[:HAS_REVISION]->(:PolicyVersionRevision)
OPTIONAL MATCH routed = (v)<-[:UNDER]-(c:Cell)-[:OF_TASK]->(:TaskType)
WHERE $tenants IS NULL OR c.tenant IN $tenants
RETURN p, v, published, routed
LIMIT 200
