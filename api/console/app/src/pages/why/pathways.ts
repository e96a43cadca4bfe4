// The paths of all causes as one graph, and each step in words. Pure.
import { spaced } from "@/words/figures";
import type { Ref } from "@/words/slices";
import type { Cause } from "./question";

export type Step = Cause["path"][number];

export type PathNode = Ref & {
  key: string;
  /** Where a path begins, where one ends, or in between. */
  role: "cause" | "end" | "way";
  /** The causes whose paths lead through it. */
  ranks: number[];
};
export type PathEdge = {
  key: string;
  /** In the order of travel, from the cause on. */
  from: string;
  to: string;
  relationship: string;
  /** Whether the relationship points against the travel. */
  reversed: boolean;
  ranks: number[];
};
export type Merged = { nodes: PathNode[]; edges: PathEdge[] };

function keyOf({ kind, id }: Ref): string {
  return `${kind}:${id}`;
}

/** Every node and every relationship of the paths once. */
export function merged(causes: readonly Pick<Cause, "rank" | "path">[]): Merged {
  const nodes = new Map<string, PathNode>();
  const edges = new Map<string, PathEdge>();
  for (const { rank, path } of causes) {
    path.forEach((step, place) => {
      meet(nodes, step.from, place === 0 ? "cause" : "way", rank);
      meet(nodes, step.to, place === path.length - 1 ? "end" : "way", rank);
      join(edges, step, rank);
    });
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

const WEIGHT = { way: 0, end: 1, cause: 2 };

function meet(nodes: Map<string, PathNode>, ref: Ref, role: PathNode["role"], rank: number) {
  const key = keyOf(ref);
  const found = nodes.get(key);
  if (!found) {
    nodes.set(key, { key, kind: ref.kind, id: ref.id, role, ranks: [rank] });
    return;
  }
  if (WEIGHT[role] > WEIGHT[found.role]) found.role = role;
  if (!found.ranks.includes(rank)) found.ranks.push(rank);
}

function join(edges: Map<string, PathEdge>, step: Step, rank: number) {
  const [from, to] = [keyOf(step.from), keyOf(step.to)];
  // The relationship is the same whichever way it is travelled.
  const [start, end] = step.reversed ? [to, from] : [from, to];
  const key = `${start}|${step.relationship}|${end}`;
  const found = edges.get(key);
  if (found) {
    if (!found.ranks.includes(rank)) found.ranks.push(rank);
    return;
  }
  const { relationship, reversed } = step;
  edges.set(key, { key, from, to, relationship, reversed, ranks: [rank] });
}

/** A step as it is read aloud: `change chg-1 targets deployment apex@aws`. */
export function stepWords({ from, relationship, to, reversed }: Step): string {
  const [start, end] = reversed ? [to, from] : [from, to];
  return `${nodeWords(start)} ${spaced(relationship)} ${nodeWords(end)}`;
}

export function nodeWords({ kind, id }: Ref): string {
  return `${spaced(kind)} ${id}`;
}
