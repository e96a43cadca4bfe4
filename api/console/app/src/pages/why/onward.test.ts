// What leads on from a cause: the requests that it hurt, and what might have been.
import { describe, expect, test } from "vitest";
import { hurt, otherwises, sliceWithin, under } from "./onward";
import type { Cause, Question } from "./question";

const DURING = { from: "2026-11-17T00:00:00Z", to: "2026-11-18T00:00:00Z" };
const ASKED: Question = {
  metric: "QUALITY",
  during: DURING,
  comparedTo: null,
  where: { taskType: ["reasoning"] },
  knownAt: null,
};

function cause(given: Partial<Cause>): Cause {
  const path = [
    {
      from: { kind: "change", id: "chg-1" },
      relationship: "TARGETS",
      to: { kind: "deployment", id: "apex@aws" },
      reversed: false,
    },
  ];
  return {
    kind: "rollout",
    id: "chg-1",
    at: "2026-11-17T07:40:30Z",
    where: [],
    path,
    ...given,
  } as Cause;
}

test("the requests that it hurt are of what it touched, from when it happened on", () => {
  expect(hurt(ASKED, cause({}))).toEqual({
    where: { taskType: ["reasoning"], deployment: ["apex@aws"] },
    period: { from: "2026-11-17T07:40:00Z", to: DURING.to },
    order: "WORST_SCORED",
    failed: false,
  });
});

test("what no slice holds is left out of it", () => {
  const refs = [
    { kind: "prompt_band", id: "0-512" },
    { kind: "tier", id: "premium" },
  ];
  expect(sliceWithin(refs)).toEqual({ tier: ["premium"] });
});

test("a cause before the period is at work in all of it", () => {
  expect(under(DURING, "2026-11-10T00:00:00Z")).toEqual(DURING);
  expect(under(DURING, "2026-11-19T00:00:00Z")).toEqual(DURING);
});

describe("what if", () => {
  const names = {
    arms: ["exp-1/A", "exp-1/B", "exp-10/A"],
    changes: [
      {
        id: "main@v1",
        kind: "policy",
        title: "",
        at: "2026-11-01T00:00:00Z",
        until: null,
        targets: [],
      },
      {
        id: "main@v2",
        kind: "policy",
        title: "",
        at: "2026-11-09T00:00:00Z",
        until: null,
        targets: [],
      },
      {
        id: "main@v3",
        kind: "policy",
        title: "",
        at: "2026-11-17T07:40:30Z",
        until: null,
        targets: [],
      },
      {
        id: "mainly@v9",
        kind: "policy",
        title: "",
        at: "2026-11-16T00:00:00Z",
        until: null,
        targets: [],
      },
    ],
  };

  test("what it touched had not been there", () => {
    expect(otherwises(cause({}), names).map(({ given }) => given)).toEqual([
      { without: ["apex@aws"] },
    ]);
  });

  test("the policy's version before it had stayed in force", () => {
    const policy = cause({ kind: "policy", id: "main@v3" });
    expect(otherwises(policy, names).map(({ given }) => given)).toEqual([
      { policyVersion: "main@v2" },
    ]);
    expect(otherwises(policy, undefined)).toEqual([]);
  });

  test("each arm of the experiment had had all of it", () => {
    const experiment = cause({ kind: "experiment", id: "exp-1" });
    expect(otherwises(experiment, names).map(({ given }) => given)).toEqual([
      { arm: "exp-1/A" },
      { arm: "exp-1/B" },
    ]);
  });
});
