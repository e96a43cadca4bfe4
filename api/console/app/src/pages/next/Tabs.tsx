// The parts of what comes next as links, with the one that is shown marked.
import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { address } from "@/words/addresses";
import { useAsOf } from "./asOf";

const PARTS = [
  ["load", "Load"],
  ["budgets", "Budgets"],
  ["objectives", "Objectives"],
  ["costs", "Costs"],
  ["experiments", "Experiments"],
] as const;

/** The parts as links; the instant asked as of goes with them. */
export function Tabs({ part }: { part: string }) {
  const [asOf] = useAsOf();
  const list = useRef<HTMLElement>(null);
  // Where they don't all fit, the one that is shown is in view.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the part is what another tab is shown for
  useEffect(() => {
    const here = list.current?.querySelector("[aria-current]");
    here?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [part]);
  return (
    <nav ref={list} className="next-tabs" aria-label="What comes next">
      <ul>
        {PARTS.map(([one, name]) => (
          <li key={one}>
            <Link
              href={address(one === "load" ? "/next" : `/next/${one}`, { asOf })}
              aria-current={one === part ? "page" : undefined}
            >
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
