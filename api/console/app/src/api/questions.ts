// Whether a question is the last one again, asked a little later. Pure.

const INSTANT = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
/** A period that ends now ends at the last whole minute, or at most so long ago. */
const NOW_MS = 2 * 60_000;

/**
 * Whether two questions, as JSON, differ only in that time went by: each instant is the same or moved by
 * one and the same span, and the latest is now. Another period that somebody chose is another question.
 */
export function sameQuestion(before: string, after: string, now: number): boolean {
  if (before === after) return true;
  if (before.replace(INSTANT, "") !== after.replace(INSTANT, "")) return false;
  const [earlier, later] = [instants(before), instants(after)];
  const moves = later.map((instant, place) => instant - (earlier[place] as number));
  const spans = new Set(moves.filter((move) => move !== 0));
  return spans.size === 1 && Math.max(...moves) > 0 && Math.max(...later) > now - NOW_MS;
}

function instants(text: string): number[] {
  return (text.match(INSTANT) ?? []).map((instant) => Date.parse(instant));
}
