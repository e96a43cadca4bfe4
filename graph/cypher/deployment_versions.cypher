// Which version was each deployment told to run, and since when?
MATCH (v:DeploymentRevision) USING INDEX v:DeploymentRevision(at)
WHERE v.at <= datetime($at) AND v.version IS NOT NULL
MATCH (v)<-[:HAS_REVISION]-(d)
WITH d, v ORDER BY v.at, v.recordedAt, v.key
RETURN d.id AS deployment, collect(v.version) AS version, collect(v.at.epochSeconds) AS since
ORDER BY deployment
