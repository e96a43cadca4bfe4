// Which version of each policy was in force at an instant, as known then?
MATCH (v:PolicyVersionRevision)
WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt)
MATCH (x:PolicyVersion)-[:HAS_REVISION]->(v)
WITH x, v ORDER BY v.at DESC, v.recordedAt DESC, v.key DESC
WITH x.policy AS policy, collect([x.version, v])[0] AS newest
RETURN policy, newest[0] AS version, newest[1].summary AS summary, newest[1].at AS publishedAt
ORDER BY policy
