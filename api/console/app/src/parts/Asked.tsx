// An answer on the page in all its states: on its way, here, failed, old, and nothing there.
import type { ReactNode } from "react";
import type { Answered } from "@/api/answered";
import {
  type AnswerError,
  FORBIDDEN,
  OTHER_VERSION,
  UNAUTHENTICATED,
  UNREACHABLE,
} from "@/api/client";
import { iso } from "@/time/instants";
import { Instant } from "./Known";

type Props<Data> = {
  answered: Answered<Data>;
  /** What is asked for, as in `the fleet`. */
  what: string;
  children: (data: Data) => ReactNode;
  /** How much room to keep while nothing is known, in lines. */
  lines?: number;
};

/** Shows an answer; what was known before stays, marked stale, where the next one failed. */
export function Asked<Data>({ answered, what, children, lines = 4 }: Props<Data>) {
  const { data, problem, loading, stale } = answered;
  if (loading) return <Loading what={what} lines={lines} />;
  // That the service does not answer is said once, above; here what was known is marked stale.
  const silent = data !== undefined && problem?.code === UNREACHABLE;
  return (
    <>
      {problem && !silent ? <Problem problem={problem} what={what} again={answered.again} /> : null}
      {data !== undefined && stale ? <StaleNote at={answered.at} /> : null}
      {data !== undefined ? (
        <div data-stale={stale || undefined} className="asked">
          {children(data)}
        </div>
      ) : null}
    </>
  );
}

export function Loading({ what, lines = 4 }: { what: string; lines?: number }) {
  return (
    <div className="loading" role="status" aria-label={`Asking for ${what}`}>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} aria-hidden="true" />
      ))}
    </div>
  );
}

/** What went wrong, and what to do about it. */
export function Problem({
  problem,
  what,
  again,
}: {
  problem: AnswerError;
  what: string;
  again?: () => void;
}) {
  return (
    <div className="problem" role="alert">
      <p>
        <strong>No answer about {what}.</strong> {problem.message}
        {problem.field ? ` (${problem.field})` : ""}
      </p>
      <p className="quiet">{remedy(problem)}</p>
      {problem.code === OTHER_VERSION ? (
        <button type="button" onClick={() => location.reload()}>
          Load the page again
        </button>
      ) : null}
      {again && !problem.passes && problem.code !== OTHER_VERSION ? (
        <button type="button" onClick={again}>
          Ask again
        </button>
      ) : null}
    </div>
  );
}

function remedy(problem: AnswerError): string {
  if (problem.code === UNREACHABLE) return "It is asked again by itself as soon as it can be.";
  if (problem.code === UNAUTHENTICATED) return "Give an API key with the scope `read`, above.";
  if (problem.code === OTHER_VERSION) return "The service is of another version than this page.";
  if (problem.code === FORBIDDEN) return "The API key lacks the scope for this.";
  if (problem.code === "GRAPH_UNAVAILABLE") {
    return "Neo4j does not answer; the state of the fleet and routing go on without it.";
  }
  if (problem.field) return "Change what is asked for and ask again.";
  return "Ask again; if it stays so, look at the service's log.";
}

export function StaleNote({ at }: { at: number }) {
  return (
    <p className="stale-note" role="status">
      <strong>Stale.</strong> As of <Instant at={iso(at)} seconds />.
    </p>
  );
}

/** Nothing to show: why that is, and what to do to see something. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p>
        <strong>{title}</strong>
      </p>
      {children ? <div className="quiet">{children}</div> : null}
    </div>
  );
}
