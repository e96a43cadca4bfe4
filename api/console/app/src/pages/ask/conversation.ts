// A conversation as it goes: questions, the steps taken for each, and the answers. Pure.
import type { AnswerSubscription } from "@/api/generated";

export type Event = AnswerSubscription["answer"];
export type Told = NonNullable<Event["answer"]>;
export type Step = {
  kind: string;
  text: string;
  tool: string | null;
  arguments: string | null;
  tookMs: number | null;
};
export type Turn = {
  /** Tells turns apart; counted up. */
  id: number;
  question: string;
  steps: readonly Step[];
  answer: Told | null;
  /** Why there is none and will be none. */
  ended: string | null;
};

export type Action =
  | { do: "ask"; question: string }
  | { do: "event"; event: Event }
  | { do: "end"; why: string }
  | { do: "clear" };

/** The conversation after something happened; what belongs to no open question changes nothing. */
export function after(turns: readonly Turn[], action: Action): readonly Turn[] {
  if (action.do === "clear") return [];
  if (action.do === "ask") {
    const id = (turns.at(-1)?.id ?? 0) + 1;
    // Whoever asks another question waits for the last one no more.
    const before = after(turns, { do: "end", why: "Stopped." });
    return [...before, { id, question: action.question, steps: [], answer: null, ended: null }];
  }
  const last = turns.at(-1);
  if (!last || last.answer || last.ended) return turns;
  return [...turns.slice(0, -1), changed(last, action)];
}

function changed(turn: Turn, action: Action): Turn {
  if (action.do === "end") return { ...turn, ended: action.why };
  if (action.do !== "event") return turn;
  const { answer, kind, text, tool, arguments: given, tookMs } = action.event;
  if (answer) return { ...turn, answer };
  const step = { kind, text: text ?? kind, tool, arguments: given, tookMs };
  return { ...turn, steps: [...turn.steps, step] };
}

/** Whether an answer is still to come. */
export function isOpen(turns: readonly Turn[]): boolean {
  const last = turns.at(-1);
  return last !== undefined && !last.answer && !last.ended;
}

export type Block = { heading: string | null; lines: { depth: number; text: string }[] };

/** The text of an answer as it was laid out: a line at the margin opens a block, the rest is in it. */
export function blocks(text: string): Block[] {
  const found: Block[] = [];
  for (const line of text.split("\n")) {
    if (!line.trim()) continue;
    const indent = line.length - line.trimStart().length;
    if (indent === 0) found.push({ heading: line, lines: [] });
    else {
      if (!found.length) found.push({ heading: null, lines: [] });
      found.at(-1)?.lines.push({ depth: Math.floor(indent / 2), text: line.trim() });
    }
  }
  return found;
}

/** Arguments as a person reads them: `metric QUALITY, where deployment apex@aws`. */
export function argumentWords(json: string | null): string {
  if (!json) return "";
  try {
    return words(JSON.parse(json));
  } catch {
    return json;
  }
}

function words(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(words).filter(Boolean).join(" ");
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .map(([name, one]) => [name.replaceAll("_", " "), words(one)])
    .filter(([, told]) => told)
    .map(([name, told]) => `${name} ${told}`)
    .join(", ");
}

const METHOD_WORD: Record<string, string> = {
  logical: "rules",
  local: "local classifier",
  claude: "Claude",
};

/** Who understood a question, in words. */
export function methodWord(method: string): string {
  return METHOD_WORD[method] ?? method;
}
