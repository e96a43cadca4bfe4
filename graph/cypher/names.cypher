// Which names may be asked about: of the fleet, of what was configured, and of the traffic?
CALL () {
  MATCH (e:Model) USING INDEX e:Model(id) WHERE e.id >= ''
  RETURN 'model' AS kind, e.id AS id
  UNION
  MATCH (e:Backend) USING INDEX e:Backend(id) WHERE e.id >= ''
  RETURN 'backend' AS kind, e.id AS id
  UNION
  MATCH (e:Deployment) USING INDEX e:Deployment(id) WHERE e.id >= ''
  RETURN 'deployment' AS kind, e.id AS id
  UNION
  MATCH (e:Tier) USING INDEX e:Tier(id) WHERE e.id >= ''
  RETURN 'tier' AS kind, e.id AS id
  UNION
  MATCH (e:PolicyVersion) USING INDEX e:PolicyVersion(policy, version)
  WHERE e.policy >= '' AND e.version >= ''
  RETURN 'policy_version' AS kind, e.policy + '@' + e.version AS id
  UNION
  MATCH (e:Experiment) USING INDEX e:Experiment(id) WHERE e.id >= ''
  RETURN 'experiment' AS kind, e.id AS id
  UNION
  MATCH (e:Experiment) USING INDEX e:Experiment(id) WHERE e.id >= ''
  MATCH (e)-[:HAS_ARM]->(a:Arm)
  RETURN 'arm' AS kind, e.id + '/' + a.arm AS id
  UNION
  MATCH (e:Evaluator) USING INDEX e:Evaluator(id) WHERE e.id >= ''
  RETURN 'evaluator' AS kind, e.id AS id
  UNION
  MATCH (e:Slo) USING INDEX e:Slo(tenant, id)
  WHERE e.tenant >= '' AND e.id >= '' AND ($tenants IS NULL OR e.tenant IN $tenants)
  RETURN 'slo' AS kind, e.id AS id
  UNION
  MATCH (e:Tenant) USING INDEX e:Tenant(id)
  WHERE e.id >= '' AND ($tenants IS NULL OR e.id IN $tenants)
  RETURN 'tenant' AS kind, e.id AS id
  UNION
  MATCH (e:Tenant) USING INDEX e:Tenant(id)
  WHERE e.id >= '' AND ($tenants IS NULL OR e.id IN $tenants)
  MATCH (e)<-[:OF_TENANT]-(c:Cell)
  RETURN 'task_type' AS kind, c.taskType AS id
}
RETURN kind, id ORDER BY kind, id
