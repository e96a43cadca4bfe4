// Which health samples of these deployments were the newest known at an instant?
UNWIND $deployments AS deployment
CALL (deployment) {
  MATCH (o:Observation)
  WHERE o.deployment = deployment AND o.at <= datetime($at) AND o.recordedAt <= datetime($knownAt)
  RETURN o ORDER BY o.at DESC LIMIT 50
}
RETURN deployment, collect([o.at, o.recordedAt, o {.*, at: null, recordedAt: null}]) AS samples
