// Asks a question, follows its steps, and stops where that is wanted.
import { useCallback, useEffect, useReducer, useRef } from "react";
import { follow } from "@/api/client";
import { Answer } from "@/api/generated";
import { timeZoneOf, useZone } from "@/time/zone";
import { after, isOpen, type Turn } from "./conversation";

type Conversation = {
  turns: readonly Turn[];
  open: boolean;
  ask: (question: string) => void;
  stop: () => void;
  clear: () => void;
};

/** The conversation outlives the page: who opens a citation finds it again on the way back. */
let kept: readonly Turn[] = [];

export function useConversation(): Conversation {
  const [turns, act] = useReducer(after, kept);
  const leave = useRef<() => void>(() => undefined);
  const zone = useZone();
  const before = turns.findLast(({ answer }) => answer)?.answer?.conversation ?? null;
  // What the next question goes with, without making `ask` another one after each answer.
  const given = useRef({ before, zone });
  given.current = { before, zone };
  kept = turns;

  const ask = useCallback((question: string) => {
    leave.current();
    act({ do: "ask", question });
    const { before: conversation, zone: of } = given.current;
    const variables = { question, conversation, timeZone: timeZoneOf(of) };
    // A stream that was left says once more that it ended: of that nothing is heard.
    let over = false;
    const heard = (action: Parameters<typeof act>[0]) => {
      if (!over) act(action);
    };
    const end = follow(Answer, variables, {
      next: ({ answer }) => heard({ do: "event", event: answer }),
      failed: ({ message }) => heard({ do: "end", why: message }),
      ended: () => heard({ do: "end", why: "The stream ended without an answer. Ask again." }),
    });
    leave.current = () => {
      over = true;
      end();
    };
  }, []);
  const stop = useCallback(() => {
    leave.current();
    act({ do: "end", why: "Stopped." });
  }, []);
  const clear = useCallback(() => {
    leave.current();
    act({ do: "clear" });
  }, []);
  useEffect(
    () => () => {
      leave.current();
      kept = after(kept, { do: "end", why: "Stopped." });
    },
    [],
  );
  return { turns, open: isOpen(turns), ask, stop, clear };
}
