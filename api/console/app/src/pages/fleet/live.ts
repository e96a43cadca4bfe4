// Follows the fleet as it changes, and joins again by itself where the stream breaks.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { follow } from "@/api/client";
import { useConnection } from "@/api/connection";
import { FleetChanged, type FleetQuery } from "@/api/generated";
import { SECOND_MS } from "@/time/instants";
import { merged } from "./fleet";

export type Live =
  | { state: "off" }
  | { state: "joining" }
  | { state: "live" }
  /** Broken; joined again at `again`, or as soon as the service answers where that is null. */
  | { state: "broken"; again: number | null };

const LIVE: Live = { state: "live" };
const LEAST_MS = SECOND_MS;
const MOST_MS = 15 * SECOND_MS;

/** How long to wait before trying again: longer each time, up to a limit. */
export function backoffMs(attempt: number): number {
  return Math.min(LEAST_MS * 2 ** Math.max(0, attempt - 1), MOST_MS);
}

/** Where the picture of the fleet as it is now is kept. */
const KEY = ["Fleet", {}] as const;

/** Keeps the answer to `Fleet` current while `wanted`; says whether it does. */
export function useLiveFleet(wanted: boolean): Live {
  const asked = useQueryClient();
  const { up } = useConnection();
  const seen = useSeen();
  const attempts = useRef(0);
  const [live, setLive] = useState<Live>({ state: "joining" });
  useEffect(() => {
    if (!wanted) return setLive({ state: "off" });
    if (!up) return setLive({ state: "broken", again: null });
    // A page that nobody sees holds no connection: a browser has few of them for each service.
    if (!seen) return;
    let leave: () => void = () => undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const join = () => {
      setLive({ state: "joining" });
      leave = joined(asked, attempts, setLive, later);
    };
    const later = () => {
      const waitMs = backoffMs(attempts.current);
      setLive({ state: "broken", again: Date.now() + waitMs });
      timer = setTimeout(join, waitMs);
    };
    if (attempts.current > 0) later();
    else join();
    return () => {
      clearTimeout(timer);
      leave();
    };
  }, [wanted, up, seen, asked]);
  return live;
}

/** Joins the stream; `later` is called once where it ends. What is returned leaves it. */
function joined(
  asked: QueryClient,
  attempts: { current: number },
  setLive: (live: Live) => void,
  later: () => void,
): () => void {
  let whole = true;
  let over = false;
  const end = () => {
    if (over) return;
    over = true;
    attempts.current += 1;
    later();
  };
  const leave = follow(
    FleetChanged,
    {},
    {
      next: ({ fleetChanged }) => {
        if (over) return;
        attempts.current = 0;
        setLive(LIVE);
        // An answer that is on its way was made before this.
        void asked.cancelQueries({ queryKey: KEY, exact: true });
        // The first is the whole picture: what is missing in it is there no more.
        const replaces = whole;
        whole = false;
        asked.setQueryData<FleetQuery>(KEY, (before) => ({
          fleet: replaces || !before ? fleetChanged : merged(before.fleet, fleetChanged),
        }));
      },
      failed: end,
      ended: end,
    },
  );
  return () => {
    over = true;
    leave();
  };
}

function useSeen(): boolean {
  const [seen, setSeen] = useState(() => document.visibilityState === "visible");
  useEffect(() => {
    const look = () => setSeen(document.visibilityState === "visible");
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return seen;
}
