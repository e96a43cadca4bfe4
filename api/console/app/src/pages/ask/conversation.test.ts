import { describe, expect, it } from "vitest";
import {
  type Action,
  after,
  argumentWords,
  blocks,
  isOpen,
  type Told,
  type Turn,
} from "./conversation";

const TOLD = { text: "Two are down.", costUsd: 0 } as Told;

function played(...actions: Action[]): readonly Turn[] {
  return actions.reduce<readonly Turn[]>(after, []);
}

function event(kind: string, answer: Told | null = null): Action {
  const step = { kind, text: null, tool: null, arguments: null, tookMs: null, answer };
  return { do: "event", event: step };
}

describe("a conversation", () => {
  it("gathers steps until the answer", () => {
    const open = played({ do: "ask", question: "why?" }, event("understood"), event("called"));
    expect(open[0]?.steps.map(({ kind }) => kind)).toEqual(["understood", "called"]);
    expect(isOpen(open)).toBe(true);
    const done = after(open, event("answer", TOLD));
    expect(done[0]?.answer).toBe(TOLD);
    expect(isOpen(done)).toBe(false);
  });

  it("takes nothing more once it was stopped", () => {
    const stopped = played({ do: "ask", question: "why?" }, { do: "end", why: "Stopped." });
    expect(after(stopped, event("answer", TOLD))).toBe(stopped);
  });

  it("tells turns apart", () => {
    const turns = played({ do: "ask", question: "a" }, event("x", TOLD), {
      do: "ask",
      question: "a",
    });
    expect(turns.map(({ id }) => id)).toEqual([1, 2]);
  });
});

describe("an answer's text", () => {
  it("is cut into blocks at what stands at the margin", () => {
    expect(blocks("Down:\n  a\n    b\nHealthy: c")).toEqual([
      {
        heading: "Down:",
        lines: [
          { depth: 1, text: "a" },
          { depth: 2, text: "b" },
        ],
      },
      { heading: "Healthy: c", lines: [] },
    ]);
  });

  it("may begin inside of a block", () => {
    expect(blocks("  a")).toEqual([{ heading: null, lines: [{ depth: 1, text: "a" }] }]);
  });
});

describe("arguments", () => {
  it("are told by name, without what was not given", () => {
    const given = {
      metric: "QUALITY",
      where: { task_type: ["reasoning"], tier: [] },
      known_at: null,
    };
    expect(argumentWords(JSON.stringify(given))).toBe("metric QUALITY, where task type reasoning");
  });

  it("that can't be read are shown as they came", () => {
    expect(argumentWords("{")).toBe("{");
  });
});
