// The arms of an experiment beside each other, each figure with what stands behind it.
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { Between, Figure } from "@/parts/Known";
import { counted } from "@/words/figures";
import type { Arm } from "./differences";

export function ArmTable({ arms }: { arms: readonly Arm[] }) {
  return (
    <ChartFrame
      title="Arms"
      name="Arms"
      columns={COLUMNS}
      more={MORE}
      rows={arms}
      rowKey={({ arm }) => arm}
    />
  );
}

const figures = true;

const COLUMNS: readonly Column<Arm>[] = [
  { key: "arm", title: "Arm", value: ({ arm }) => arm },
  {
    key: "requests",
    title: "Requests",
    figures,
    value: ({ requests }) => requests,
    cell: ({ requests }) => <Figure value={requests} unit="count" />,
  },
  {
    key: "users",
    title: "Users",
    figures,
    value: ({ users }) => users,
    cell: ({ users }) => <Figure value={users} unit="count" />,
  },
  {
    key: "quality",
    title: "Quality",
    figures,
    value: ({ quality }) => quality,
    cell: ({ quality, qualityLow, qualityHigh }) => (
      <>
        <Figure value={quality} unit="score" why="no score is old enough" />
        {quality === null ? null : (
          <div className="quiet">
            <Between low={qualityLow} high={qualityHigh} unit="score" />
          </div>
        )}
      </>
    ),
  },
  {
    key: "scored",
    title: "Scored of old enough",
    figures,
    value: ({ scored }) => scored,
    cell: ({ scored, matured }) => (
      <>
        <Figure value={scored} unit="count" />
        <div className="quiet">of {counted(matured, "request")}</div>
      </>
    ),
  },
  {
    key: "latency",
    title: "p95 latency",
    figures,
    value: ({ latencyP95Ms }) => latencyP95Ms,
    cell: ({ latencyP95Ms }) => <Figure value={latencyP95Ms} unit="ms" />,
  },
  {
    key: "errors",
    title: "Error rate",
    figures,
    value: ({ errorRate }) => errorRate,
    cell: ({ errorRate }) => <Figure value={errorRate} unit="share" />,
  },
  {
    key: "cost",
    title: "Cost per request",
    figures,
    value: ({ costPerRequestUsd }) => costPerRequestUsd,
    cell: ({ costPerRequestUsd }) => <Figure value={costPerRequestUsd} unit="usd" />,
  },
];

/** What stands below other figures in the table. */
const MORE: readonly Column<Arm>[] = [
  { key: "matured", title: "Old enough", value: ({ matured }) => matured },
  { key: "qualityLow", title: "Quality, lower 95 %", value: ({ qualityLow }) => qualityLow },
  { key: "qualityHigh", title: "Quality, upper 95 %", value: ({ qualityHigh }) => qualityHigh },
];
