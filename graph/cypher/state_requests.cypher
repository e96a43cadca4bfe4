// How many requests arrived in these hours that these deployments may have had a part in?
MATCH (b:Bucket) USING INDEX SEEK b:Bucket(hour)
WHERE b.hour IN [hour IN $hours | datetime({epochSeconds: hour})]
MATCH (b)-[:OF_CELL]->(c)
WHERE c.deployment IN $deployments OR c.displacedFrom IS NOT NULL
RETURN sum(b.count) AS requests
