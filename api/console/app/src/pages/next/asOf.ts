// The instant as of which what comes next is told: now, or one that the address holds.
import { useParameters } from "@/shell/address";
import { iso } from "@/time/instants";

/** `?asOf=…`; null is now, as is what can't be read and what is to come. */
export function asOfIn(search: URLSearchParams, now: number): string | null {
  const at = Date.parse(search.get("asOf") ?? "");
  return Number.isNaN(at) || at > now ? null : iso(at);
}

export function useAsOf(): [string | null, (at: string | null) => void] {
  const [search, change] = useParameters();
  return [asOfIn(search, Date.now()), (asOf) => change({ asOf })];
}

/** What was told of the past stays; what is told of now is asked again once a minute. */
export function pace(asOf: string | null): { everyMs?: number } {
  return asOf === null ? { everyMs: 60_000 } : {};
}
