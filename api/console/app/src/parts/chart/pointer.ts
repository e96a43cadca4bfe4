// Where the pointer of a chart is, told to those few parts that follow it and to nothing else.
import { useSyncExternalStore } from "react";
import type { Cursor } from "./shape";

export type Pointer = {
  get: () => Cursor;
  set: (cursor: Cursor) => void;
  subscribe: (tell: () => void) => () => void;
};

const NOWHERE: Cursor = { place: null, anchor: null };

export function makePointer(): Pointer {
  let now = NOWHERE;
  const listeners = new Set<() => void>();
  return {
    get: () => now,
    set: (cursor) => {
      if (cursor.place === now.place && cursor.anchor === now.anchor) return;
      now = cursor;
      for (const tell of listeners) tell();
    },
    subscribe: (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
  };
}

export function usePointer(pointer: Pointer): Cursor {
  return useSyncExternalStore(pointer.subscribe, pointer.get);
}
