// Incidents, changes and planned work of a period, for the time axis and for lists.
import { type Answered, useAnswer } from "@/api/answered";
import { Happenings, type HappeningsQuery } from "@/api/generated";
import type { Period } from "@/time/period";
import type { Marker } from "./TimeChart";

export function useHappenings({ from, to }: Period): Answered<HappeningsQuery> {
  return useAnswer(Happenings, { from, to }, { keep: true });
}

/** As marks on the time axis, oldest first; `touches` says which of them matter. */
export function markersOf(
  found: HappeningsQuery | undefined,
  touches: (kind: string, id: string) => boolean = () => true,
): Marker[] {
  if (!found) return [];
  const incidents = found.incidents
    .filter(({ scopeKind, scopeId }) => scopeId === null || touches(scopeKind, scopeId))
    .map(({ openedAt, resolvedAt, title }): Marker => {
      return { at: openedAt, until: resolvedAt, label: title, tone: "incident" };
    });
  const changes = found.changes
    .filter(({ targets }) => !targets.length || targets.some(({ kind, id }) => touches(kind, id)))
    .map(({ at, kind, title }): Marker => ({ at, label: `${kind}: ${title}`, tone: "change" }));
  return [...incidents, ...changes].sort((a, b) => a.at.localeCompare(b.at));
}
