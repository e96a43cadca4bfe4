// What the palette offers of long lists.
import { describe, expect, it } from "vitest";
import { fitting, type Jump, jumpsTo } from "./jumps";

const MANY: Jump[] = Array.from({ length: 500 }, (_, place) => {
  const name = `model-${String(place).padStart(3, "0")}`;
  return { words: `deployment ${name}@aws`, name, path: `/deployments/${name}` };
});

describe("of a long list", () => {
  it("the first are offered while nothing is typed", () => {
    expect(fitting(MANY, "", 200)).toEqual(MANY.slice(0, 200));
  });

  it("the last is found by its name, and the best fit comes first", () => {
    expect(fitting(MANY, "model-499", 200)[0]?.name).toBe("model-499");
    expect(fitting(MANY, "499", 3).map(({ name }) => name)).toContain("model-499");
    expect(fitting(MANY, "zzz", 200)).toEqual([]);
  });

  it("no more are offered than there is room for", () => {
    expect(fitting(MANY, "model", 200)).toHaveLength(200);
  });
});

it("leads each name to its page, whatever characters are in it", () => {
  const happened = { id: "c/1", kind: "price", title: "Dearer", at: "2026-01-01T00:00:00Z" };
  const found = Object.fromEntries(
    jumpsTo({
      deployments: ["a@b"],
      models: ["a"],
      backends: [],
      taskTypes: ["chat"],
      tiers: [],
      tenants: [],
      experiments: ["e"],
      incidents: [],
      changes: [happened],
    } as unknown as Parameters<typeof jumpsTo>[0]),
  );
  expect(found.Deployments?.[0]?.path).toBe("/deployments/a%40b");
  expect(found["Task types"]?.[0]?.path).toBe("/trends?where=taskType%3Achat");
  expect(found.Changes?.[0]).toMatchObject({ path: "/changes/c%2F1", name: "Dearer" });
  expect(found.Changes?.[0]?.words).toContain("price");
});
