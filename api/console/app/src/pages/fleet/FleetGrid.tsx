// The fleet by place: models by backends, a cell for each deployment, empty where nothing runs.
import { memo, useMemo } from "react";
import { Figure, NodeLink, Unknown } from "@/parts/Known";
import { alike, grid, type Health } from "./fleet";
import type { Moment } from "./moment";
import { Errors, Evidence, FirstReason, type RowProps, StateAndBreaker, WhyLink } from "./State";

type Props = { fleet: readonly Health[]; since: ReadonlyMap<string, string> } & Moment;

export function FleetGrid({ fleet, since, at, knownAt }: Props) {
  const { backends, rows } = useMemo(() => grid(fleet), [fleet]);
  return (
    // A table wider than the page scrolls by itself, and the keyboard has to reach it for that.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls takes the focus
    <section className="table-frame fleet-grid" tabIndex={0} aria-label="Models by backends">
      <table style={{ minWidth: `${8 + 11.5 * backends.length}rem` }}>
        <caption className="unseen">Deployments by model and backend</caption>
        <thead>
          <tr>
            <th scope="col">Model</th>
            {backends.map((backend) => (
              <th key={backend} scope="col">
                <NodeLink kind="backend" id={backend} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ model, cells }) => (
            <tr key={model}>
              <th scope="row">
                <NodeLink kind="model" id={model} />
              </th>
              {cells.map(({ backend, here }) => (
                <td key={backend} data-empty={here.length === 0 || undefined}>
                  {here.length === 0 ? <Unknown why="no deployment here" /> : null}
                  {here.map((health) => (
                    <Cell
                      key={health.deployment}
                      health={health}
                      since={since.get(health.deployment)}
                      at={at}
                      knownAt={knownAt}
                    />
                  ))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const Cell = memo(
  function Cell({ health, since, at, knownAt }: RowProps) {
    const { deployment, status, stale } = health;
    return (
      <div
        className="fleet-cell"
        data-deployment={deployment}
        data-status={status}
        data-stale={stale || undefined}
      >
        <span className="row">
          <StateAndBreaker health={health} />
          <WhyLink health={health} since={since} at={at} knownAt={knownAt} />
        </span>
        <NodeLink kind="deployment" id={deployment} />
        {status === "HEALTHY" ? null : <FirstReason health={health} />}
        <dl>
          <div>
            <dt>Errors</dt>
            <dd>
              <Errors health={health} />
            </dd>
          </div>
          <div>
            <dt>p95</dt>
            <dd>
              <Figure value={health.latencyP95Ms} unit="ms" />
            </dd>
          </div>
          <div>
            <dt>Queue</dt>
            <dd>
              <Figure value={health.queueDepth} unit="count" />
            </dd>
          </div>
          <div>
            <dt>Age</dt>
            <dd>
              <Evidence health={health} at={at} />
            </dd>
          </div>
        </dl>
      </div>
    );
  },
  (before, after) =>
    before.since === after.since &&
    before.at === after.at &&
    before.knownAt === after.knownAt &&
    (after.at === null ? alike(before.health, after.health) : before.health === after.health),
);
