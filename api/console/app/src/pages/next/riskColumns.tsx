// The columns of the table of risks: load, what can be carried, and how likely the one is over the other.
import type { Column } from "@/parts/DataTable";
import { IntervalBar } from "@/parts/Interval";
import { Figure, NodeLink, Tag, Unknown } from "@/parts/Known";
import { clock, dateTime } from "@/time/instants";
import { useZone } from "@/time/zone";
import { AT_RISK, chance, type Risk } from "./risk";

/** A probability as a figure that carries its exact value. */
export function Chance({ value }: { value: number | null | undefined }) {
  if (value === null || value === undefined) return <Unknown />;
  return (
    <data className="figure" value={value}>
      {chance(value)}
    </data>
  );
}

function rate(
  key: "expectedLoad" | "highLoad" | "peakLoad" | "capacity" | "movedLoad",
  title: string,
): Column<Risk> {
  return {
    key,
    title,
    figures: true,
    value: (risk) => risk[key],
    cell: (risk) => <Figure value={risk[key]} unit="rate" />,
  };
}

const REASONS: Column<Risk> = {
  key: "reasons",
  title: "Why",
  value: ({ reasons }) => reasons.join("; "),
  cell: ({ reasons, deployment }) => (
    <details className="next-reasons">
      <summary aria-label={`Reasons for ${deployment}`}>Reasons</summary>
      <ul>
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
    </details>
  ),
};

/** With `moves`, some are imagined lost; `before` is then as things are. */
export function riskColumns(moves: boolean, before: readonly Risk[] | undefined): Column<Risk>[] {
  const usual = new Map(before?.map((risk) => [risk.deployment, risk.probabilityOverload]));
  return [
    {
      key: "deployment",
      title: "Deployment",
      value: ({ deployment }) => deployment,
      cell: ({ deployment }) => <NodeLink kind="deployment" id={deployment} />,
    },
    {
      key: "probability",
      title: "Overload",
      value: ({ probabilityOverload }) => probabilityOverload,
      cell: (risk) => <Probability risk={risk} />,
    },
    ...(moves
      ? [
          {
            key: "before",
            title: "As things are",
            figures: true,
            value: ({ deployment }: Risk) => usual.get(deployment),
            cell: ({ deployment }: Risk) => <Chance value={usual.get(deployment)} />,
          },
          rate("movedLoad", "Takes over"),
        ]
      : []),
    {
      ...rate("expectedLoad", "Expected"),
      cell: ({ expectedLoad, worstAt }) => (
        <>
          <Figure value={expectedLoad} unit="rate" />
          {worstAt === null ? null : (
            <div className="quiet next-beside">
              from <Clock at={worstAt} />
            </div>
          )}
        </>
      ),
    },
    rate("highLoad", "At most (95 %)"),
    {
      ...rate("peakLoad", "Busiest minute"),
      cell: ({ peakLoad, capacity, lost }) => (
        <>
          <Figure value={peakLoad} unit="rate" />
          {!lost && capacity !== null && peakLoad > capacity ? (
            <div className="next-over">over its limit</div>
          ) : null}
        </>
      ),
    },
    {
      ...rate("capacity", "Can carry"),
      cell: ({ capacity, limitedBy }) => (
        <>
          <Figure value={capacity} unit="rate" />
          {limitedBy === null ? null : <div className="quiet next-beside">{limitedBy}</div>}
        </>
      ),
    },
    REASONS,
  ];
}

/** What stands below other figures in the table. */
export const TOLD: readonly Column<Risk>[] = [
  { key: "worst", title: "Worst from", value: ({ worstAt }) => worstAt },
  { key: "limited", title: "Limited by", value: ({ limitedBy }) => limitedBy },
  { key: "lost", title: "Lost", value: ({ lost }) => (lost ? "yes" : "no") },
  { key: "samples", title: "Health samples", value: ({ samples }) => samples },
  { key: "requests", title: "Requests behind it", value: ({ requests }) => requests },
];

/** The time of day of a step within the horizon, which is a day at most. */
function Clock({ at }: { at: string }) {
  const zone = useZone();
  return (
    <time dateTime={at} title={dateTime(at, zone)}>
      {clock(at, zone)}
    </time>
  );
}

function Probability({ risk }: { risk: Risk }) {
  const { probabilityOverload: probability, lost, limitedBy } = risk;
  if (lost) return <Tag tone="bad">{limitedBy ?? "lost"}</Tag>;
  if (probability === null) return <Tag tone="warn">not known</Tag>;
  return (
    <div className="next-chance" data-risk={probability >= AT_RISK || undefined}>
      <IntervalBar value={probability} label={`Probability of overload ${chance(probability)}`} />
      <Chance value={probability} />
    </div>
  );
}
