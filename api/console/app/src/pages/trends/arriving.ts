// Since when the scores of a period are still arriving, and how many of them are in. Pure.
import { ms } from "@/time/instants";

type Scored = { at: string; count: number; complete: number | null };
export type Arriving = { from: string; share: number };

/** Below this share of the scores to be expected, a point may still move. */
const ENOUGH = 0.9;
/** So many complete points in a row end the way back: one by itself may be luck. */
const SETTLED = 2;

/** The points at the end whose scores are not all in; null where all are, or where nothing tells. */
export function arriving(series: readonly { points: readonly Scored[] }[]): Arriving | null {
  const steps = stepsOf(series);
  let first = steps.length;
  let settled = 0;
  for (let place = steps.length - 1; place >= 0 && settled < SETTLED; place -= 1) {
    const { complete } = steps[place] as Step;
    if (complete === null) continue;
    if (complete < ENOUGH) {
      first = place;
      settled = 0;
    } else settled += 1;
  }
  const from = steps[first];
  return from ? { from: from.at, share: shareOf(steps.slice(first)) } : null;
}

type Step = Scored & { expected: number | null };

/** All series as one, oldest first. */
function stepsOf(series: readonly { points: readonly Scored[] }[]): Step[] {
  const steps = new Map<string, Step>();
  for (const { at, count, complete } of series.flatMap(({ points }) => points)) {
    const step = steps.get(at) ?? { at, count: 0, complete: null, expected: null };
    if (complete !== null && complete > 0) step.expected = (step.expected ?? 0) + count / complete;
    step.count += count;
    step.complete = complete === null ? step.complete : Math.min(complete, step.complete ?? 1);
    steps.set(at, step);
  }
  return [...steps.values()].sort((a, b) => ms(a.at) - ms(b.at));
}

/** How much is in of all that is expected; a step without any score counts as much as the others. */
function shareOf(steps: readonly Step[]): number {
  const told = steps.filter(({ complete }) => complete !== null);
  const known = told.flatMap(({ expected }) => (expected ? [expected] : []));
  if (known.length === 0) {
    return told.reduce((sum, { complete }) => sum + (complete ?? 0), 0) / (told.length || 1);
  }
  const usual = known.reduce((sum, one) => sum + one, 0) / known.length;
  const expected = told.reduce((sum, one) => sum + (one.expected || usual), 0);
  return (
    told.reduce((sum, { complete, expected: of }) => sum + (complete ?? 0) * (of || usual), 0) /
    expected
  );
}
