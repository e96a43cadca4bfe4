// Which combination of dimensions is each of these cells?
MATCH (c:Cell)
WHERE c.id IN $cells AND ($tenants IS NULL OR c.tenant IN $tenants)
RETURN c.id AS id, c.tenant AS tenant, c.deployment AS deployment, c.taskType AS taskType,
  c.tier AS tier, c.policy AS policy, c.policyVersion AS policyVersion,
  c.experiment AS experiment, c.arm AS arm, c.routerVersion AS routerVersion,
  c.method AS method, c.displacedFrom AS displacedFrom, c.promptBand AS promptBand
