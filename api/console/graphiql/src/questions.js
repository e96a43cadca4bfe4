// The tabs a first visit opens with: one question each, ready to run, with the period filled in.

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

// The start of the hour in UTC, since buckets are hours and whole hours compare cleanly.
function hour(instant) {
  return new Date(Math.floor(instant / HOUR_MS) * HOUR_MS).toISOString().replace(".000", "");
}

function variables(values) {
  return JSON.stringify(values, null, 2);
}

const FLEET = `# What is healthy, and why is the rest not?
#
# Press the play button, or Ctrl-Enter to run.
# Ctrl-Space completes; the book icon on the left
# opens the schema's own docs.
# Where a key is asked for, put it under Headers:
#   {"Authorization": "Bearer <key>"}
#
# $at       the fleet as it was at that moment
# $knownAt  as it could have been known then: what
#           was recorded later is left out
query Fleet($at: DateTime, $knownAt: DateTime) {
  fleet(at: $at, knownAt: $knownAt) {
    deployment
    status
    reasons # why, in words with the figures
    stale # no fresh sample: never healthy
    ageMs
    errorRate
    latencyP95Ms
    costPer1kTokensUsd
    sampleCount
  }
}
`;

const WHY = `# Why did a metric change?
#
# Whether it did, where, when, what happened, and
# whether that did it. Without comparedTo it is
# compared with the same hours and weekdays before.
# "share" and "contribution" are shares of delta;
# "unexplained" is what is left of it. A cause has a
# path of nodes that are there in the graph.
query WhyChanged(
  $metric: Metric!
  $during: PeriodInput!
  $comparedTo: PeriodInput
  $where: SliceInput
) {
  whyChanged(
    metric: $metric
    during: $during
    comparedTo: $comparedTo
    where: $where
  ) {
    verdict
    summary
    before
    after
    delta
    deltaLow
    deltaHigh
    baseline
    onsetLow
    onsetHigh
    slices {
      share
      where {
        kind
        id
      }
      before
      after
    }
    considered # recorded events put to the test
    causes {
      rank
      kind
      id
      title
      at
      contribution
      contributionLow
      contributionHigh
      counterfactual
      mechanism
      indistinguishableFrom
      confidence
      evidence
      evidenceAgainst
      path {
        from {
          kind
          id
        }
        relationship
        to {
          kind
          id
        }
      }
    }
    unexplained
    coverage {
      requests
      scored
      scoredShare
      expectedScoredShare
      warning
    }
  }
}
`;

const WHAT_IF = `# What had the metric been without a backend?
#
# Exactly one of these says what is imagined:
#   without        deployments or backends left out
#   policyVersion  policy@version in force
#   arm            experiment/arm for all its traffic
# "refused" says why the data can't tell.
query WhatIf(
  $metric: Metric!
  $during: PeriodInput!
  $without: [ID!]
  $policyVersion: ID
  $arm: ID
) {
  whatIf(
    metric: $metric
    during: $during
    without: $without
    policyVersion: $policyVersion
    arm: $arm
  ) {
    observed
    estimate
    low
    high
    effectiveSamples
    moved
    notes
    refused
  }
}
`;

const NEXT = `# What comes next, and what is at risk?
#
# "total" is all points together. "without"
# names what is imagined lost, e.g. ["aws"];
# its traffic moves as the policy in force
# would move it. "asOf" looks ahead from an
# instant of the past.
query WhatComesNext(
  $horizonMinutes: Int
  $groupBy: [Dimension!]
  $without: [ID!]
  $asOf: DateTime
) {
  forecast(
    horizonMinutes: $horizonMinutes
    groupBy: $groupBy
    asOf: $asOf
  ) {
    key {
      kind
      id
    }
    total {
      at
      expected
      low80
      high80
      low95
      high95
    }
    method
    requests
    warnings
  }
  capacityRisk(
    horizonMinutes: $horizonMinutes
    without: $without
    asOf: $asOf
  ) {
    deployment
    probabilityOverload
    worstAt
    expectedLoad
    highLoad
    capacity
    reasons
  }
}
`;

const SPENDING = `# What is spent, and what was promised?
#
# Budgets and objectives as they stand now;
# hours of the period that cost more than
# was to be expected, with what did it.
query Spending($during: PeriodInput!) {
  budgets {
    id
    tenant
    period
    spentUsd
    limitUsd
    burnRate
    exhaustedAt
  }
  slos {
    id
    tenant
    objective
    target
    actual
    errorBudgetRemaining
    burnRate1h
    burnRate6h
    action
    reasons
  }
  costAnomalies(during: $during) {
    at
    until
    where {
      kind
      id
    }
    spentUsd
    expectedUsd
    causes {
      kind
      id
      title
    }
  }
}
`;

const REQUEST = `# Why did this request go where it went?
#
# Give a request's id below. The decision is there
# with its rejected candidates; contextThen is the
# fleet, the incidents and the changes as known when
# it was routed.
query Request($id: ID!) {
  request(id: $id) {
    id
    at
    tier
    taskType
    status
    latencyMs
    costUsd
    decision {
      deployment
      policy
      policyVersion
      method
      reasons
      fallbackFrom
      candidates {
        deployment
        score
        rejected
      }
    }
    quality {
      evaluator
      score
      scoredAt
      recordedAt # when it became known: often late
    }
    contextThen {
      fleet {
        deployment
        status
        reasons
      }
      incidents {
        id
        title
        severity
      }
      recentChanges {
        id
        title
        at
      }
    }
  }
}
`;

const TREND = `# How has a metric moved, hour by hour?
#
# metric       QUALITY LATENCY_MEAN LATENCY_P50
#              LATENCY_P95 TTFT_P95 ERROR_RATE
#              COST_PER_REQUEST COST VOLUME
# granularity  HOUR DAY WEEK
# Each point says how many requests, or scores, it
# rests on.
query Trend($during: PeriodInput!, $where: SliceInput) {
  trend(
    metric: LATENCY_P95
    during: $during
    granularity: HOUR
    groupBy: [DEPLOYMENT]
    where: $where
  ) {
    key {
      kind
      id
    }
    points {
      at
      value
      count
    }
  }
}
`;

const COMPARE = `# What is different from before: the last day
# against the same day a week earlier?
#
# delta comes with its 95 % interval and with the
# counts on both sides.
query Compare(
  $during: PeriodInput!
  $comparedTo: PeriodInput!
  $where: SliceInput
) {
  compare(
    metric: ERROR_RATE
    during: $during
    comparedTo: $comparedTo
    groupBy: [DEPLOYMENT, TASK_TYPE]
    where: $where
  ) {
    key {
      kind
      id
    }
    before
    after
    delta
    deltaLow
    deltaHigh
    countBefore
    countAfter
  }
}
`;

const ROUTING = `# Which deployment should take this request, and
# what speaks against the others?
#
# Answered from the hot view alone: every deployment
# is ranked or ruled out, with its reasons. Only
# looked at here: "reserve: false" books nothing.
query RoutingView($request: RoutingRequestInput!) {
  routingView(request: $request) {
    asOf
    stale
    policyVersion
    policyRule
    experiment
    arm
    budgetRemainingUsd
    quotaRemaining
    steps
    warnings
    candidates {
      rank
      deployment
      eligible
      score
      reasons
      status
      expectedLatencyMs
      expectedCostUsd
      expectedQuality
      qualitySamples
    }
  }
}
`;

const CHANGED = `# The fleet as it changes: a first full picture,
# then each change as it comes.
subscription FleetChanged {
  fleetChanged {
    deployment
    status
    reasons
    breaker
    updatedAt
  }
}
`;

/**
 * The default tabs, as GraphiQL takes them.
 *
 * @param {Date} now what "the last day" is counted from
 * @returns {{query: string, variables?: string}[]}
 */
export function defaultTabs(now) {
  const end = now.getTime();
  const day = { from: hour(end - DAY_MS), to: hour(end) };
  const weekBefore = { from: hour(end - 8 * DAY_MS), to: hour(end - 7 * DAY_MS) };
  return [
    { query: FLEET },
    {
      query: WHY,
      variables: variables({ metric: "QUALITY", during: day, where: {} }),
    },
    { query: REQUEST, variables: variables({ id: "" }) },
    { query: TREND, variables: variables({ during: day, where: {} }) },
    {
      query: COMPARE,
      variables: variables({ during: day, comparedTo: weekBefore, where: {} }),
    },
    {
      query: ROUTING,
      variables: variables({
        request: {
          user: "someone",
          taskType: "reasoning",
          tier: "premium",
          promptTokens: 1200,
          maxCompletionTokens: 400,
          reserve: false,
        },
      }),
    },
    {
      query: WHAT_IF,
      variables: variables({ metric: "LATENCY_P95", during: day, without: ["aws"] }),
    },
    {
      query: NEXT,
      variables: variables({ horizonMinutes: 60, groupBy: ["TASK_TYPE"] }),
    },
    { query: SPENDING, variables: variables({ during: day }) },
    { query: CHANGED },
  ];
}
