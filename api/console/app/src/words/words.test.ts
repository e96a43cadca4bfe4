import { describe, expect, it } from "vitest";
import {
  address,
  causeAddress,
  graphiqlAddress,
  neo4jAddress,
  nodeAddress,
  whyAddress,
} from "./addresses";
import { counted, difference, figure, percent } from "./figures";
import { halves, refsOf, refsWithin, sliceIn, sliceOf, sliceText, sliceWords } from "./slices";

describe("figures", () => {
  it.each([
    [0.8784, "score", "0.878"],
    [1240.4, "ms", "1,240 ms"],
    [0.0238, "share", "2.38 %"],
    [0.000389, "usd", "$0.000389"],
    [12.5, "usd", "$12.50"],
    [-2, "usd", "−$2.00"],
    [10487, "count", "10,487"],
    [0, "share", "0 %"],
  ] as const)("%s as %s is %s", (value, unit, shown) => {
    expect(figure(value, unit)).toBe(shown);
  });

  it("tell differences with their sign, and shares in points", () => {
    expect(difference(0.0142, "share")).toBe("+1.42 points");
    expect(difference(-0.053, "score")).toBe("−0.053");
    expect(difference(0, "ms")).toBe("0 ms");
  });

  it("tell shares in percent, finer where they are small", () => {
    expect(percent(0.914)).toBe("91 %");
    expect(percent(0.023)).toBe("2.3 %");
    expect(percent(-0.2)).toBe("−20 %");
    expect(percent(1.04)).toBe("104 %");
  });

  it("count one thing as one", () => {
    expect(counted(1, "request")).toBe("1 request");
    expect(counted(2000, "request")).toBe("2,000 requests");
  });
});

describe("slices", () => {
  it.each([
    {},
    { deployment: ["apex@aws", "apex@k8s"], tier: ["premium"] },
    { user: ["a,b;c:d", "50%", "ü &#?"], taskType: ["q & a"] },
  ])("survive the address: %j", (where) => {
    const search = new URLSearchParams({ where: sliceText(where) }).toString();
    expect(sliceIn(new URLSearchParams(search).get("where"))).toEqual(where);
  });

  it("leave out what can't be read", () => {
    expect(sliceIn("nonsense:x;tier:premium;model")).toEqual({ tier: ["premium"] });
    expect(sliceIn(null)).toEqual({});
  });

  it("are made of references, and told in words", () => {
    const refs = [
      { kind: "task_type", id: "reasoning" },
      { kind: "policy_version", id: "main@7" },
    ];
    expect(sliceOf(refs)).toEqual({ taskType: ["reasoning"], policy: ["main@7"] });
    expect(sliceOf([{ kind: "prompt_band", id: "0-512" }])).toBeNull();
    expect(refsOf({ taskType: ["reasoning"] })).toEqual([refs[0]]);
    expect(sliceWords(refs)).toBe("task type reasoning, policy version main@7");
    expect(sliceWords([])).toBe("all requests");
  });
});

describe("addresses", () => {
  it("hold only what has a value", () => {
    expect(address("/why", { metric: "COST", where: "", knownAt: null })).toBe("/why?metric=COST");
  });

  it("lead to the page of each kind of node", () => {
    const at = (kind: string, id: string) => nodeAddress({ kind, id });
    expect(at("deployment", "a/b@c d")).toBe("/deployments/a%2Fb%40c%20d");
    expect(at("displaced_from", "a@b")).toBe("/deployments/a%40b");
    expect(at("incident", "i")).toBe("/incidents/i");
    expect(at("policy_version", "main@7")).toBe("/changes/main%407");
    expect(at("task_type", "chat")).toBe("/trends?where=taskType%3Achat");
    expect(at("cell", "abc")).toBeNull();
    expect(at("maintenance", "m")).toBeNull();
  });

  it("lead from a cause to what it was", () => {
    expect(causeAddress({ kind: "incident", id: "i" })).toBe("/incidents/i");
    expect(causeAddress({ kind: "experiment", id: "e" })).toBe("/experiments/e");
    expect(causeAddress({ kind: "price", id: "c" })).toBe("/changes/c");
    expect(causeAddress({ kind: "maintenance", id: "m" })).toBeNull();
  });

  it("ask why of the same hours that were looked at", () => {
    const during = { from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" };
    const asked = new URL(whyAddress({ metric: "QUALITY", during }), "http://x").searchParams;
    expect(Object.fromEntries(asked)).toEqual({ metric: "QUALITY", ...during });
  });

  it("open GraphiQL with the question in the fragment, which no server sees", () => {
    const opened = new URL(graphiqlAddress("{ fleet { status } }", { at: null }), "http://x");
    expect(opened.search).toBe("");
    const given = new URLSearchParams(opened.hash.slice(1));
    expect(given.get("query")).toBe("{ fleet { status } }");
    expect(JSON.parse(given.get("variables") ?? "")).toEqual({ at: null });
  });

  it("open Neo4j Browser with values as literals, so that no name can become Cypher", () => {
    const id = 'x"; MATCH (n) DETACH DELETE n //\n$other';
    const asked = "RETURN $id, $ids, $where, $absent";
    const given = { id, ids: ["a", 1, null], where: { kind: true } };
    const opened = new URL(neo4jAddress("http://127.0.0.1:7474/browser/", asked, given));
    expect(opened.searchParams.get("cmd")).toBe("edit");
    expect(opened.searchParams.get("arg")).toBe(
      `RETURN ${JSON.stringify(id)}, ["a", 1, null], {\`kind\`: true}, $absent`,
    );
  });
});

describe("what things are made of", () => {
  it("names the tenant of a budget or an objective once, and first", () => {
    const where = [
      { kind: "tier", id: "premium" },
      { kind: "tenant", id: "acme" },
    ];
    expect(refsWithin({ tenant: "acme", where })).toEqual([where[1], where[0]]);
  });

  it("parts a deployment at its last @, and nothing else", () => {
    expect(halves("org@apex@aws")).toEqual(["org@apex", "aws"]);
    expect(halves("apex")).toBeNull();
  });
});
