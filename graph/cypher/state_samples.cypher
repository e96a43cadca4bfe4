// Which health samples of these deployments were the newest of each of these spans of time?
UNWIND $deployments AS deployment
UNWIND $spans AS span
CALL (deployment, span) {
  MATCH (o:Observation)
  WHERE o.deployment = deployment AND o.at > datetime(span.start) AND o.at <= datetime(span.end)
    AND o.recordedAt <= datetime($knownAt)
  RETURN o ORDER BY o.deployment DESC, o.at DESC LIMIT 20
}
WITH deployment, o ORDER BY o.at DESC
RETURN deployment, collect([
  o.at.epochSeconds * 1000000 + o.at.microsecond,
  o.recordedAt.epochSeconds * 1000000 + o.recordedAt.microsecond,
  o.windowS, o.sampleCount, o.source, o.available, o.errorRate, o.latencyP50Ms, o.latencyP95Ms,
  o.latencyP99Ms, o.queueDepth, o.inFlight, o.load, o.rateLimitRemaining, o.rateLimitLimit,
  o.spotAvailability, o.costPer1kTokensUsd, o.region
]) AS samples
