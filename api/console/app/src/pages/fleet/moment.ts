// The instant that the fleet is looked at: now, or one that the address holds.
import { useParameters } from "@/shell/address";
import { iso } from "@/time/instants";

export type Moment = {
  /** Null is now. */
  at: string | null;
  /** What was recorded later is left out; null where all that is known today counts. */
  knownAt: string | null;
};

/** `?at=…` and `?knownAt=…`; what is no instant counts as not there, and so does what is to come. */
export function momentIn(search: URLSearchParams, now: number): Moment {
  const [at, knownAt] = [instant(search.get("at")), instant(search.get("knownAt"))];
  if (at === null || at > now) return { at: null, knownAt: null };
  return { at: iso(at), knownAt: knownAt === null ? null : iso(knownAt) };
}

function instant(text: string | null): number | null {
  const parsed = Date.parse(text ?? "");
  return Number.isNaN(parsed) ? null : parsed;
}

export function useMoment(): [Moment, (moment: Moment) => void] {
  const [search, change] = useParameters();
  const moment = momentIn(search, Date.now());
  return [moment, ({ at, knownAt }) => change({ at, knownAt: at === null ? null : knownAt })];
}
