// Whether the service answers, since when it does not, and whether it wants another key.
import { useSyncExternalStore } from "react";

type Connection = {
  up: boolean;
  /** Since when that is so, in ms since 1970. */
  since: number;
  /** When it last answered. */
  seenAt: number;
  /** Why the key, or the lack of one, was refused; null where it was not. */
  refused: string | null;
};

let state: Connection = { up: true, since: Date.now(), seenAt: Date.now(), refused: null };
const listeners = new Set<() => void>();

function become(next: Connection, told: boolean) {
  state = next;
  if (told) for (const tell of listeners) tell();
}

function turn(up: boolean): Connection {
  return state.up === up ? state : { ...state, up, since: Date.now() };
}

/** Something answered. */
export function seen() {
  become({ ...turn(true), seenAt: Date.now() }, !state.up);
}

/** Nothing answered. */
export function unreachable() {
  become(turn(false), state.up);
}

/** A key, or the lack of one, was refused. */
export function refuse(why: string) {
  become({ ...state, refused: why }, state.refused !== why);
}

/** Another key is there, of which nothing is known yet. */
export function forgive() {
  become({ ...state, refused: null }, state.refused !== null);
}

/** When the service last answered, in ms since 1970. */
export function lastSeen(): number {
  return state.seenAt;
}

function subscribe(tell: () => void) {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

// The whole state changes with every answer; only what is told may make a page draw anew.
export function useConnection(): Pick<Connection, "up" | "since" | "refused"> {
  const up = useSyncExternalStore(subscribe, () => state.up);
  const since = useSyncExternalStore(subscribe, () => state.since);
  const refused = useSyncExternalStore(subscribe, () => state.refused);
  return { up, since, refused };
}
