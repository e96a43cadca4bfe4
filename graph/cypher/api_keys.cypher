// Which API keys are there, with what they may do and whether they were revoked?
MATCH (k:ApiKey)
WHERE k.id STARTS WITH 'rc_'
RETURN k.id AS id, k.hash AS hash, k.name AS name, k.scopes AS scopes, k.tenant AS tenant,
  k.createdAt AS createdAt, k.revokedAt AS revokedAt
