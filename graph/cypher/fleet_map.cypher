// What is the fleet: which deployment runs which model on which backend?
MATCH (d:Deployment) USING INDEX d:Deployment(id)
WHERE d.id >= ''
MATCH path = (:Model)<-[:RUNS_MODEL]-(d)-[:RUNS_ON]->(:Backend)
RETURN path
LIMIT 300
