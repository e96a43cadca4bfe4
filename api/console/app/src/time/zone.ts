// The time zone that instants are shown in: UTC, or the browser's own.
import { useSyncExternalStore } from "react";

export type Zone = "utc" | "local";

const NAME = "routecause.zone";
const listeners = new Set<() => void>();

function read(): Zone {
  return localStorage.getItem(NAME) === "local" ? "local" : "utc";
}

export function setZone(zone: Zone) {
  localStorage.setItem(NAME, zone);
  for (const tell of listeners) tell();
}

export function useZone(): Zone {
  return useSyncExternalStore((tell) => {
    listeners.add(tell);
    return () => listeners.delete(tell);
  }, read);
}

export function timeZoneOf(zone: Zone): string {
  return zone === "utc" ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone;
}
