// Which deployments took over requests that others had failed first?
MATCH (lost:Deployment) USING INDEX lost:Deployment(id)
WHERE lost.id >= ''
MATCH path = (lost)<-[:DISPLACED_FROM]-(c:Cell)-[:SERVED_BY]->(:Deployment)
WHERE $tenants IS NULL OR c.tenant IN $tenants
RETURN path
LIMIT 100
