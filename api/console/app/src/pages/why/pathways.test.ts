// Paths merged into one graph, and read aloud.
import { describe, expect, test } from "vitest";
import { merged, type Step, stepWords } from "./pathways";

const ref = (text: string) => {
  const [kind = "", id = ""] = text.split(" ");
  return { kind, id };
};
function step(from: string, relationship: string, to: string, reversed = false): Step {
  return { from: ref(from), relationship, to: ref(to), reversed };
}

const OUTAGE = [
  step("incident inc-1", "AFFECTS", "backend aws"),
  step("backend aws", "RUNS_ON", "deployment apex@aws", true),
  step("deployment apex@aws", "DISPLACED_FROM", "cell c1", true),
];
const ROLLOUT = [
  step("change chg-1", "TARGETS", "deployment apex@aws"),
  // The same relationship as above, travelled the other way.
  step("deployment apex@aws", "RUNS_ON", "backend aws"),
];
const CAUSES = [
  { rank: 1, path: OUTAGE },
  { rank: 2, path: ROLLOUT },
];

describe("merging", () => {
  const { nodes, edges } = merged(CAUSES);

  test("has every node and relationship once", () => {
    expect(new Set(nodes.map(({ key }) => key))).toEqual(
      new Set(["incident:inc-1", "backend:aws", "deployment:apex@aws", "cell:c1", "change:chg-1"]),
    );
    expect(nodes).toHaveLength(5);
    expect(edges.map(({ relationship }) => relationship)).toEqual([
      "AFFECTS",
      "RUNS_ON",
      "DISPLACED_FROM",
      "TARGETS",
    ]);
  });

  test("keeps which causes lead through, and what each node is", () => {
    const by = new Map(nodes.map((node) => [node.key, node]));
    expect(by.get("deployment:apex@aws")).toMatchObject({ role: "way", ranks: [1, 2] });
    expect(by.get("backend:aws")).toMatchObject({ role: "end", ranks: [1, 2] });
    expect(by.get("change:chg-1")?.role).toBe("cause");
    expect(edges.find(({ relationship }) => relationship === "RUNS_ON")?.ranks).toEqual([1, 2]);
  });

  test("keeps the direction of the graph", () => {
    const edge = edges.find(({ relationship }) => relationship === "RUNS_ON");
    expect(edge).toMatchObject({ from: "backend:aws", to: "deployment:apex@aws", reversed: true });
  });

  test("of nothing is nothing", () => {
    expect(merged([{ rank: 1, path: [] }])).toEqual({ nodes: [], edges: [] });
  });
});

test("a step is read in the direction of its relationship", () => {
  expect(OUTAGE.map(stepWords)).toEqual([
    "incident inc-1 affects backend aws",
    "deployment apex@aws runs on backend aws",
    "cell c1 displaced from deployment apex@aws",
  ]);
});
