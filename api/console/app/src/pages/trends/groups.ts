// Which groups of the traffic are drawn, and how they are named in addresses and in words. Pure.
import type { CompareQuery, SliceInput } from "@/api/generated";
import { spaced } from "@/words/figures";
import { type Ref, refsOf, sliceOf } from "@/words/slices";

export type Compared = CompareQuery["compare"][number];
export type Ranking = "changed" | "largest" | "worst";

/** More lines than these can't be told apart. */
export const LINES_AT_MOST = 8;
/** Beyond so many groups only those that are drawn are asked for. */
const ASKED_WHOLE = 12;

/** A group as an address holds it. */
export function keyText(key: readonly Ref[]): string {
  return key.map(({ id }) => encodeURIComponent(id)).join("|");
}

export function nameOf(key: readonly Ref[]): string {
  if (key.length === 0) return "all requests";
  return key.map(wordOf).join(", ");
}

function wordOf({ kind, id }: Ref): string {
  return isNone({ kind, id }) ? `no ${spaced(kind)}` : id;
}

export function isNone({ kind, id }: Ref): boolean {
  return id === "" || (id === "none" && (kind === "arm" || kind === "experiment"));
}

/** The slice of a group, within the one that is asked about; null where no slice tells it apart. */
export function sliceOfGroup(key: readonly Ref[], where: SliceInput): SliceInput | null {
  if (key.some(isNone)) return null;
  const own = sliceOf(key);
  return own && { ...where, ...own };
}

type Drawing = { ranking: Ranking; picked: readonly string[]; better: 1 | -1 | 0 };

/** The groups that are drawn: those picked, else the first by the ranking. */
export function drawn(
  found: readonly Compared[],
  { ranking, picked, better }: Drawing,
): readonly Compared[] {
  const chosen = found.filter(({ key }) => picked.includes(keyText(key)));
  if (chosen.length) return chosen.slice(0, LINES_AT_MOST);
  const score = (one: Compared) => scoreOf(one, ranking, better);
  return [...found]
    .sort((a, b) => score(b) - score(a) || b.countAfter - a.countAfter)
    .slice(0, LINES_AT_MOST);
}

/** What the groups are ranked by; what is not known comes last. */
function scoreOf(
  { after, delta, deltaLow, deltaHigh, countAfter }: Compared,
  ranking: Ranking,
  better: 1 | -1 | 0,
): number {
  if (ranking === "largest") return countAfter;
  if (ranking === "worst") return after === null ? -Infinity : after * (better || 1) * -1;
  if (delta === null) return -Infinity;
  // Against its own uncertainty: a small group that jumps about has not changed the most.
  const half = deltaLow === null || deltaHigh === null ? 0 : (deltaHigh - deltaLow) / 2;
  return half > 0 ? Math.abs(delta) / half : Math.abs(delta);
}

/** The slice to ask for so that the answer holds the drawn groups without very many others. */
export function askedSlice(
  where: SliceInput,
  groups: readonly Compared[],
  found: readonly Compared[],
): SliceInput {
  if (found.length <= ASKED_WHOLE) return where;
  const refs = groups.flatMap(({ key }) => key);
  const unique = refs.filter(
    (ref, place) => refs.findIndex(({ kind, id }) => kind === ref.kind && id === ref.id) === place,
  );
  // The names of arms are told apart by their experiment, which a slice has no field for.
  if (unique.some((ref) => isNone(ref) || ref.kind === "arm")) return where;
  const own = sliceOf(unique);
  return own ? { ...where, ...own } : where;
}

/** Whether the slice has any field. */
export function isNarrow(where: SliceInput): boolean {
  return refsOf(where).length > 0;
}
