// How did the requests of the last minutes go, deployment by deployment and minute by minute?
MATCH (b:Bucket) USING INDEX b:Bucket(hour)
WHERE b.hour IN [hour IN $hours | datetime({epochSeconds: hour})]
MATCH (b)-[:OF_CELL]->(c)
WHERE $deployments IS NULL OR c.deployment IN $deployments
MATCH (b)<-[:IN_BUCKET]-(r)
WHERE r.at >= datetime($start) AND r.at <= datetime($at) AND r.recordedAt <= datetime($knownAt)
RETURN c.deployment AS deployment, r.at.epochSeconds / 60 AS minute,
  collect([r.status, r.latencyMs]) AS outcomes, max(r.at) AS lastAt
