// The fleet as a list, the worst first: every figure of every deployment, a row each.
import { memo, type ReactNode, useMemo } from "react";
import { Figure, NodeLink } from "@/parts/Known";
import { alike, type Health, worstFirst } from "./fleet";
import type { Moment } from "./moment";
import { Errors, Evidence, FirstReason, type RowProps, StateAndBreaker, WhyLink } from "./State";

type Props = { fleet: readonly Health[]; since: ReadonlyMap<string, string> } & Moment;

const FIGURES: readonly [title: string, what: string, shown: (health: Health) => ReactNode][] = [
  ["Errors", "Share of requests that failed", (health) => <Errors health={health} />],
  [
    "p95",
    "95th percentile of the latency",
    ({ latencyP95Ms }) => <Figure value={latencyP95Ms} unit="ms" />,
  ],
  ["Queue", "Requests that wait", ({ queueDepth }) => <Figure value={queueDepth} unit="count" />],
  ["Load", "Share of its capacity in use", ({ load }) => <Figure value={load} unit="share" />],
  [
    "Limit left",
    "What its provider's rate limit still allows",
    ({ rateLimitRemaining }) => (
      <Figure value={rateLimitRemaining} unit="count" why="no limit is known" />
    ),
  ],
  [
    "Spot",
    "Share of the spot capacity that is there",
    ({ spotAvailability }) => (
      <Figure value={spotAvailability} unit="share" why="no spot capacity is known" />
    ),
  ],
  [
    "Per 1k tokens",
    "Price of 1,000 tokens",
    ({ costPer1kTokensUsd }) => <Figure value={costPer1kTokensUsd} unit="usd" />,
  ],
];

export function FleetList({ fleet, since, at, knownAt }: Props) {
  const rows = useMemo(() => worstFirst(fleet), [fleet]);
  return (
    // A table wider than the page scrolls by itself, and the keyboard has to reach it for that.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls takes the focus
    <section className="table-frame fleet-list" tabIndex={0} aria-label="Deployments">
      <table>
        <caption className="unseen">Deployments, the worst first</caption>
        <thead>
          <tr>
            <th scope="col">Deployment</th>
            <th scope="col">State</th>
            {FIGURES.map(([title, what]) => (
              <th key={title} scope="col" title={what} data-figures>
                {title}
              </th>
            ))}
            <th scope="col" title="The age of the newest evidence" data-figures>
              Evidence
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((health) => (
            <Row
              key={health.deployment}
              health={health}
              since={since.get(health.deployment)}
              at={at}
              knownAt={knownAt}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

const Row = memo(
  function Row({ health, since, at, knownAt }: RowProps) {
    const { deployment, model, backend, status, stale } = health;
    return (
      <tr data-deployment={deployment} data-status={status} data-stale={stale || undefined}>
        <th scope="row">
          <NodeLink kind="deployment" id={deployment} />
          {deployment === `${model}@${backend}` ? null : (
            <span className="quiet fleet-place">
              {model} on {backend}
            </span>
          )}
        </th>
        <td className="fleet-so">
          <div>
            <span className="row">
              <StateAndBreaker health={health} />
              <WhyLink health={health} since={since} at={at} knownAt={knownAt} />
            </span>
            <FirstReason health={health} />
          </div>
        </td>
        {FIGURES.map(([title, , shown]) => (
          <td key={title} data-title={title} data-figures>
            {shown(health)}
          </td>
        ))}
        <td data-title="Evidence" data-figures>
          <Evidence health={health} at={at} />
        </td>
      </tr>
    );
  },
  (before, after) =>
    before.since === after.since &&
    before.at === after.at &&
    before.knownAt === after.knownAt &&
    (after.at === null ? alike(before.health, after.health) : before.health === after.health),
);
