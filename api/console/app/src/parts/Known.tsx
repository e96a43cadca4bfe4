// Figures, instants and names on the page: each carries its exact value, so that nothing is lost to rounding.
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { HealthStatus, Metric } from "@/api/generated";
import { dateTime, relative } from "@/time/instants";
import { useNow } from "@/time/period";
import { useZone } from "@/time/zone";
import { causeAddress, nodeAddress } from "@/words/addresses";
import { difference, figure, percent, spaced, UNIT_OF, type Unit } from "@/words/figures";
import type { Ref } from "@/words/slices";

type Maybe = number | null | undefined;

/** What stands where nothing is known. */
export function Unknown({ why = "not known" }: { why?: string }) {
  return (
    <span title={why}>
      <span aria-hidden="true">–</span>
      <span className="unseen">{why}</span>
    </span>
  );
}

type FigureProps = {
  value: Maybe;
  unit: Unit;
  why?: string;
  /** Whether the page worked it out from what the API answered. */
  workedOut?: boolean;
};

/** A figure with its unit; the exact value is the element's `value`. */
export function Figure({ value, unit, why, workedOut = false }: FigureProps) {
  if (value === null || value === undefined) return <Unknown {...(why ? { why } : {})} />;
  return (
    <data className="figure" value={value} data-worked-out={workedOut || undefined}>
      {figure(value, unit)}
    </data>
  );
}

export function MetricFigure({ metric, value }: { metric: Metric; value: Maybe }) {
  return <Figure value={value} unit={UNIT_OF[metric]} />;
}

export function Difference({ value, unit }: { value: Maybe; unit: Unit }) {
  if (value === null || value === undefined) return <Unknown />;
  return (
    <data className="figure" value={value}>
      {difference(value, unit)}
    </data>
  );
}

/** A share of a whole, in percent. */
export function Share({ value }: { value: Maybe }) {
  if (value === null || value === undefined) return <Unknown />;
  return (
    <data className="figure" value={value}>
      {percent(value)}
    </data>
  );
}

/** An interval: `0.85 to 0.91`. */
export function Between({ low, high, unit }: { low: Maybe; high: Maybe; unit: Unit }) {
  if (low === null || low === undefined || high === null || high === undefined) return <Unknown />;
  return (
    <span className="figure">
      <data value={low}>{figure(low, unit)}</data> to <data value={high}>{figure(high, unit)}</data>
    </span>
  );
}

type InstantProps = { at: string | null | undefined; seconds?: boolean; age?: boolean };

/** An instant in the chosen zone; with `age`, how long ago as well. */
export function Instant({ at, seconds = false, age = false }: InstantProps) {
  const zone = useZone();
  if (!at) return <Unknown />;
  return (
    <time dateTime={at} title={`${dateTime(at, "utc", true)} UTC`}>
      {dateTime(at, zone, seconds)}
      {age ? (
        <>
          {" "}
          (<Age at={at} />)
        </>
      ) : null}
    </time>
  );
}

/** How long ago an instant is, kept current. */
export function Age({ at }: { at: string | null | undefined }) {
  // Told anew every ten seconds, and exactly whenever it is shown.
  useNow(10_000);
  if (!at) return <Unknown why="never" />;
  return <time dateTime={at}>{relative(at, Date.now())}</time>;
}

/** A node of the graph by its identifier, leading to its page where it has one. */
export function NodeLink({ kind, id, children }: Ref & { children?: ReactNode }) {
  const href = nodeAddress({ kind, id });
  const text = children ?? id;
  return href === null ? <span>{text}</span> : <Link href={href}>{text}</Link>;
}

type NodeLinksProps = {
  refs: readonly Ref[];
  /** How each is shown, where that is more than its link. */
  children?: (ref: Ref) => ReactNode;
};

/** Nodes one after the other, with commas between them. */
export function NodeLinks({ refs, children }: NodeLinksProps) {
  return refs.map((ref, place) => (
    <span key={`${ref.kind}:${ref.id}`}>
      {place > 0 ? ", " : ""}
      {children ? children(ref) : <NodeLink {...ref} />}
    </span>
  ));
}

/** A cause, leading to the change or incident that it is; planned work has no page. */
export function CauseLink({ kind, id, children }: Ref & { children?: ReactNode }) {
  const href = causeAddress({ kind, id });
  const text = children ?? id;
  return href === null ? <span>{text}</span> : <Link href={href}>{text}</Link>;
}

/** A slice as links: `task type reasoning, tier premium`. */
export function SliceName({ refs }: { refs: readonly Ref[] }) {
  if (refs.length === 0) return <span>all requests</span>;
  return (
    <span>
      <NodeLinks refs={refs}>
        {(ref) => (
          <>
            <span className="quiet">{spaced(ref.kind)}</span> <NodeLink {...ref} />
          </>
        )}
      </NodeLinks>
    </span>
  );
}

const STATUS_WORD: Record<HealthStatus, string> = {
  HEALTHY: "Healthy",
  DEGRADED: "Degraded",
  DOWN: "Down",
  UNKNOWN: "Unknown",
};
// A shape for each, so that colour is never the only thing that tells them apart.
const STATUS_SHAPE: Record<HealthStatus, ReactNode> = {
  HEALTHY: <path d="M3 8.5l3.2 3.2L13 4.8" />,
  DEGRADED: <path d="M8 2.5l6 11H2zM8 6.8v3M8 11.8v.2" />,
  DOWN: <path d="M4 4l8 8M12 4l-8 8" />,
  UNKNOWN: <path d="M5.6 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.2.9-1.2 1.8M8 12.4v.2" />,
};

/** A state by icon, word and colour; stale evidence is said beside it. */
export function Status({ status, stale = false }: { status: HealthStatus; stale?: boolean }) {
  return (
    <span className="status" data-status={status} data-stale={stale || undefined}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        {STATUS_SHAPE[status]}
      </svg>
      {STATUS_WORD[status]}
      {stale ? <span className="stale-word">stale</span> : null}
    </span>
  );
}

/** A short word on a tinted ground: severity, kind, verdict. */
export function Tag({
  children,
  tone = "plain",
}: {
  children: ReactNode;
  tone?: "plain" | "good" | "warn" | "bad" | "accent";
}) {
  return (
    <span className="tag" data-tone={tone}>
      {children}
    </span>
  );
}
