// Which cells of traffic does one deployment serve, and what does each stand for?
MATCH served = (d:Deployment {id: $deployment})<-[:SERVED_BY]-(c:Cell)
WHERE $tenants IS NULL OR c.tenant IN $tenants
WITH served, c LIMIT 12
MATCH of = (c)-[:OF_TASK|OF_TIER|OF_TENANT|UNDER]->()
RETURN served, of
