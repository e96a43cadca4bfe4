// Asks a question, follows its steps, and stops where that is wanted.
import { useCallback, useEffect, useReducer, useRef } from "react";
import { follow } from "@/api/client";
import { Answer } from "@/api/generated";
import { timeZoneOf, useZone } from "@/time/zone";
import { after, isOpen, type Turn } from "./conversation";

export type Conversation = {
  turns: readonly Turn[];
  open: boolean;
  ask: (question: string) => void;
  stop: () => void;
  clear: () => void;
};

export function useConversation(): Conversation {
  const [turns, act] = useReducer(after, [] as readonly Turn[]);
  const leave = useRef<(() => void) | null>(null);
  const zone = useZone();
  const before = turns.findLast(({ answer }) => answer)?.answer?.conversation ?? null;
  // What the next question goes with, without making `ask` another one after each answer.
  const given = useRef({ before, zone });
  given.current = { before, zone };

  const ask = useCallback((question: string) => {
    leave.current?.();
    act({ do: "ask", question });
    leave.current = follow(
      Answer,
      {
        question,
        conversation: given.current.before,
        timeZone: timeZoneOf(given.current.zone),
      },
      {
        next: ({ answer }) => act({ do: "event", event: answer }),
        failed: ({ message }) => act({ do: "end", why: message }),
        ended: () => act({ do: "end", why: "The stream ended without an answer. Ask again." }),
      },
    );
  }, []);
  const stop = useCallback(() => {
    leave.current?.();
    leave.current = null;
    act({ do: "end", why: "Stopped." });
  }, []);
  const clear = useCallback(() => {
    leave.current?.();
    act({ do: "clear" });
  }, []);
  useEffect(() => () => leave.current?.(), []);
  return { turns, open: isOpen(turns), ask, stop, clear };
}
