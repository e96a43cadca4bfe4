// One deployment in the list and in the grid: its state, its breaker, its reason, and the way to why.
import { Link } from "wouter";
import { Figure, Instant, Status, Tag, Unknown } from "@/parts/Known";
import { ms, relative, span } from "@/time/instants";
import { useNow } from "@/time/period";
import { whyAddress } from "@/words/addresses";
import { type Health, whyOf } from "./fleet";
import type { Moment } from "./moment";

export type RowProps = {
  health: Health;
  /** When the trouble that it is part of began. */
  since: string | undefined;
} & Moment;

const BREAKER_WORD = { OPEN: "Breaker open", HALF_OPEN: "Breaker half-open", CLOSED: "" };

export function StateAndBreaker({ health }: { health: Health }) {
  return (
    <span className="fleet-state">
      <Status status={health.status} stale={health.stale} />
      <Breaker health={health} />
    </span>
  );
}

/** The breaker where it is not closed: why, and until when. */
function Breaker({ health }: { health: Health }) {
  const { breaker, breakerReason, breakerUntil } = health;
  if (breaker === "CLOSED") return null;
  return (
    <span className="fleet-breaker">
      <span title={breakerReason ?? undefined}>
        <Tag tone={breaker === "OPEN" ? "bad" : "warn"}>{BREAKER_WORD[breaker]}</Tag>
      </span>
      {breakerUntil ? (
        <span className="quiet">
          until <Instant at={breakerUntil} seconds />
        </span>
      ) : null}
    </span>
  );
}

/** The first reason for its state, and the breaker's where the first does not tell it. */
export function FirstReason({ health }: { health: Health }) {
  const { reasons, breakerReason } = health;
  const [first] = reasons;
  const told = first ?? "No reason is told.";
  const more = breakerReason && !told.includes(breakerReason) ? breakerReason : null;
  return (
    <span className="fleet-reason" title={reasons.join("\n")}>
      {more === null ? told : more.includes(told) ? more : `${told}; breaker: ${more}`}
    </span>
  );
}

/** How old the evidence was at the instant looked at, or is, growing by itself. */
export function Evidence({ health, at }: { health: Health; at: string | null }) {
  const { updatedAt, ageMs } = health;
  const now = useNow(10_000);
  if (updatedAt === null) return <Unknown why="none" />;
  if (at !== null) return <time dateTime={updatedAt}>{span(ageMs ?? 0)} before</time>;
  // The service's clock may be a little ahead of this one.
  return <time dateTime={updatedAt}>{relative(updatedAt, Math.max(now, ms(updatedAt)))}</time>;
}

/** Leads to why it is ill, asked of what speaks for it, since the trouble began. */
export function WhyLink({ health, since, at, knownAt }: RowProps) {
  const now = useNow();
  const why = whyOf(health, at === null ? now : Date.parse(at), since);
  if (why === null) return null;
  return (
    <Link className="fleet-why" href={whyAddress({ ...why, knownAt })}>
      Why?<span className="unseen"> {health.deployment}</span>
    </Link>
  );
}

export function Errors({ health }: { health: Health }) {
  return <Figure value={health.errorRate} unit="share" />;
}
