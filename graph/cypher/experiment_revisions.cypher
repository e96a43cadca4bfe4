// How was an experiment configured, step by step, as it was known at an instant?
MATCH (e:Experiment {id: $experiment})-[:HAS_REVISION]->(v:ExperimentRevision)
WHERE v.at <= datetime($at) AND v.recordedAt <= datetime($knownAt)
RETURN v.at AS at, v.recordedAt AS recordedAt, v.policy AS policy, v.status AS status,
  v.arms AS arms
ORDER BY v.at, v.recordedAt, v.key
