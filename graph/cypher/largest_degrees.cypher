// How many relationships has the busiest node of each label?
CALL () {
  MATCH (n:Bucket) WHERE n.hour >= datetime($start) RETURN 'Bucket' AS label, n
  UNION ALL MATCH (n:Cell) USING INDEX n:Cell(id) WHERE n.id >= '' RETURN 'Cell' AS label, n
  UNION ALL MATCH (n:Deployment) USING INDEX n:Deployment(id) WHERE n.id >= ''
    RETURN 'Deployment' AS label, n
  UNION ALL MATCH (n:Model) USING INDEX n:Model(id) WHERE n.id >= '' RETURN 'Model' AS label, n
  UNION ALL MATCH (n:Backend) USING INDEX n:Backend(id) WHERE n.id >= ''
    RETURN 'Backend' AS label, n
  UNION ALL MATCH (n:TaskType) USING INDEX n:TaskType(id) WHERE n.id >= ''
    RETURN 'TaskType' AS label, n
  UNION ALL MATCH (n:Tier) USING INDEX n:Tier(id) WHERE n.id >= '' RETURN 'Tier' AS label, n
  UNION ALL MATCH (n:Tenant) USING INDEX n:Tenant(id) WHERE n.id >= '' RETURN 'Tenant' AS label, n
  UNION ALL MATCH (n:PolicyVersion) USING INDEX n:PolicyVersion(policy, version)
    WHERE n.policy >= '' AND n.version >= '' RETURN 'PolicyVersion' AS label, n
  UNION ALL MATCH (n:Router) USING INDEX n:Router(id) WHERE n.id >= '' RETURN 'Router' AS label, n
  UNION ALL MATCH (n:Evaluator) USING INDEX n:Evaluator(id) WHERE n.id >= ''
    RETURN 'Evaluator' AS label, n
  UNION ALL MATCH (n:Incident) USING INDEX n:Incident(id) WHERE n.id >= ''
    RETURN 'Incident' AS label, n
  UNION ALL MATCH (n:Change) USING INDEX n:Change(id) WHERE n.id >= '' RETURN 'Change' AS label, n
  UNION ALL MATCH (n:HealthHour) USING INDEX n:HealthHour(deployment, hour)
    WHERE n.deployment >= '' AND n.hour >= datetime($start) RETURN 'HealthHour' AS label, n
  UNION ALL MATCH (n:Request) USING INDEX n:Request(id, tenant)
    WHERE n.id >= '' AND n.tenant >= '' RETURN 'Request' AS label, n
}
WITH label, count { (n)--() } AS degree
RETURN label, count(*) AS nodes, max(degree) AS largest
ORDER BY largest DESC, label
