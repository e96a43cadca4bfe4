// Which health samples of these deployments tell what each could carry of late?
UNWIND $deployments AS deployment
CALL (deployment) {
  MATCH (o:Observation)
  WHERE o.deployment = deployment AND o.at > datetime($start) AND o.at <= datetime($at)
    AND o.recordedAt <= datetime($knownAt)
  RETURN o ORDER BY o.deployment DESC, o.at DESC LIMIT 300
}
RETURN deployment, collect([
  o.at.epochSeconds * 1000000 + o.at.microsecond,
  o.recordedAt.epochSeconds * 1000000 + o.recordedAt.microsecond,
  o.windowS, o.sampleCount, o.source, o.available, o.errorRate, o.latencyP50Ms, o.latencyP95Ms,
  o.latencyP99Ms, o.queueDepth, o.inFlight, o.load, o.rateLimitRemaining, o.rateLimitLimit,
  o.spotAvailability, o.costPer1kTokensUsd, o.region
]) AS samples
