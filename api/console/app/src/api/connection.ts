// Whether the service answers, and since when it does not.
import { useSyncExternalStore } from "react";

export type Connection = { up: boolean; since: number };

let state: Connection = { up: true, since: Date.now() };
const listeners = new Set<() => void>();

function become(up: boolean) {
  if (state.up === up) return;
  state = { up, since: Date.now() };
  for (const tell of listeners) tell();
}

/** Something answered. */
export function seen() {
  become(true);
}

/** Nothing answered. */
export function unreachable() {
  become(false);
}

function subscribe(tell: () => void) {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

export function useConnection(): Connection {
  return useSyncExternalStore(subscribe, () => state);
}
