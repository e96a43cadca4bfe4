// Incidents, changes and planned work as one line of events, newest first. Pure.
import type { HappeningsQuery } from "@/api/generated";
import { dateOf, ms } from "@/time/instants";
import type { Zone } from "@/time/zone";
import type { Ref } from "@/words/slices";

type Kind = "incident" | "change" | "maintenance";

export type Entry = {
  kind: Kind;
  id: string;
  title: string;
  /** The severity of an incident, the kind of a change. */
  sort: string;
  at: string;
  /** When it ended; null while it goes on, undefined where it has no end. */
  until?: string | null;
  targets: readonly Ref[];
  author: string | null;
  url: string | null;
  rootCause: string | null;
};

/** Everything that happened, newest first; what happened at once in the order of their names. */
export function timeline({ incidents, changes, maintenance }: HappeningsQuery): Entry[] {
  const found: Entry[] = [
    ...incidents.map((one): Entry => {
      return {
        kind: "incident",
        id: one.id,
        title: one.title,
        sort: one.severity,
        at: one.openedAt,
        until: one.resolvedAt,
        targets: scopeOf(one),
        author: one.statusSource,
        url: one.url,
        rootCause: one.rootCause,
      };
    }),
    ...changes.map(({ id, kind, title, at, targets, author, url }): Entry => {
      return { kind: "change", id, title, sort: kind, at, targets, author, url, rootCause: null };
    }),
    ...maintenance.map((one): Entry => {
      return {
        kind: "maintenance",
        id: one.id,
        title: one.title,
        sort: "maintenance",
        at: one.startsAt,
        until: one.endsAt,
        targets: scopeOf(one),
        author: null,
        url: null,
        rootCause: null,
      };
    }),
  ];
  return found.sort((a, b) => ms(b.at) - ms(a.at) || a.id.localeCompare(b.id));
}

type Scoped = { scopeKind: string; scopeId: string | null };

/** What an incident is about: nothing in particular where it is about all of it. */
export function scopeOf({ scopeKind, scopeId }: Scoped): Ref[] {
  return scopeId === null ? [] : [{ kind: scopeKind, id: scopeId }];
}

/** Those of the wanted kinds whose names, titles or targets hold what was typed. */
export function matching(
  entries: readonly Entry[],
  kinds: "all" | Kind,
  typed: string,
): readonly Entry[] {
  const text = typed.trim().toLowerCase();
  return entries.filter(
    (one) =>
      (kinds === "all" || one.kind === kinds) &&
      (!text ||
        [one.id, one.title, one.sort, ...one.targets.map(({ id }) => id)].some((word) =>
          word.toLowerCase().includes(text),
        )),
  );
}

/** The same entries by the date on which each began, in their order. */
export function byDay(entries: readonly Entry[], zone: Zone): [string, Entry[]][] {
  const days = new Map<string, Entry[]>();
  for (const entry of entries) {
    const day = dateOf(entry.at, zone);
    days.set(day, [...(days.get(day) ?? []), entry]);
  }
  return [...days];
}

export type Bar = { entry: Entry; row: number; from: number; to: number };

const GAP = 0.004;

/** Where each entry lies on an axis from 0 to 1, and in which row, so that none covers another. */
export function laid(entries: readonly Entry[], from: number, to: number): Bar[] {
  const place = (instant: number) => Math.min(Math.max((instant - from) / (to - from), 0), 1);
  const ends: number[] = [];
  const oldestFirst = [...entries].reverse().filter(({ at }) => ms(at) < to);
  return oldestFirst.map((entry) => {
    const start = place(ms(entry.at));
    const end = entry.until === undefined ? start : place(entry.until ? ms(entry.until) : to);
    let row = ends.findIndex((taken) => taken + GAP < start);
    if (row < 0) row = ends.length;
    ends[row] = Math.max(end, start + GAP);
    return { entry, row, from: start, to: end };
  });
}
