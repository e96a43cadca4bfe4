import { describe, expect, it } from "vitest";
import { considered, type Request, touching } from "./decision";
import { meanScore, orderIn, toneOf } from "./finding";

function request(decision: object, contextThen: object = {}): Request {
  return {
    decision: { deployment: "a@x", candidates: [], fallbackCauses: [], ...decision },
    contextThen: { fleet: [], recentChanges: [], ...contextThen },
  } as unknown as Request;
}

describe("a decision", () => {
  const decided = request(
    {
      candidates: [
        { deployment: "c@x", score: 0.9, rejected: "breaker_open", propensity: null },
        { deployment: "b@x", score: 0.5, rejected: null, propensity: 0.1 },
        { deployment: "a@x", score: 0.4, rejected: null, propensity: 0.9 },
        { deployment: "d@x", score: 0.6, rejected: null, propensity: null },
      ],
      fallbackCauses: [{ deployment: "d@x", cause: "timeout" }],
    },
    { fleet: [{ deployment: "b@x", status: "DOWN" }] },
  );

  it("tells the chosen first, then what failed, what could have, what could not", () => {
    expect(considered(decided).map(({ deployment, outcome }) => [deployment, outcome])).toEqual([
      ["a@x", "chosen"],
      ["d@x", "failed first"],
      ["b@x", "eligible"],
      ["c@x", "ruled out"],
    ]);
  });

  it("knows of each what was known then, and nothing of the others", () => {
    const known = Object.fromEntries(considered(decided).map((one) => [one.deployment, one.known]));
    expect(known["b@x"]).toEqual({ deployment: "b@x", status: "DOWN" });
    expect(known["c@x"]).toBeNull();
  });

  it("holds the chosen even where the router told no candidates", () => {
    expect(considered(request({}))).toMatchObject([{ deployment: "a@x", outcome: "chosen" }]);
  });

  it("is touched by changes of a candidate, its model or its backend", () => {
    const change = (id: string, target: string | null) => ({
      id,
      targets: target ? [{ kind: "any", id: target }] : [],
    });
    const found = request(
      {},
      { recentChanges: [change("1", "a"), change("2", "x"), change("3", "y"), change("4", null)] },
    );
    expect(touching(found).map(({ id }) => id)).toEqual(["1", "2", "4"]);
  });
});

describe("finding", () => {
  it("takes only orders that there are", () => {
    expect(orderIn("SLOWEST")).toBe("SLOWEST");
    expect(orderIn("x")).toBe("NEWEST");
    expect(orderIn(null)).toBe("NEWEST");
  });

  it("has no mean of no scores", () => {
    expect(meanScore([])).toBeNull();
    expect(meanScore([{ score: 0.5 }, { score: 1 }])).toBe(0.75);
  });

  it("takes what it does not know for a failure", () => {
    expect(["ok", "rate_limited", "timeout", "new"].map(toneOf)).toEqual([
      "good",
      "warn",
      "bad",
      "bad",
    ]);
  });
});
