// The parts of what comes next as links, with the one that is shown marked.
import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { NEXT_PAGES } from "@/shell/pages";
import { address } from "@/words/addresses";
import { useAsOf } from "./asOf";

/** The parts as links; the instant asked as of goes with them. */
export function Tabs({ part }: { part: string }) {
  const [asOf] = useAsOf();
  const here = part === "load" ? "/next" : `/next/${part}`;
  const list = useRef<HTMLElement>(null);
  // Where they don't all fit, the one that is shown is in view.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the part is what another tab is shown for
  useEffect(() => {
    const current = list.current?.querySelector("[aria-current]");
    current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [part]);
  return (
    <nav ref={list} className="next-tabs" aria-label="What comes next">
      <ul>
        {NEXT_PAGES.map(({ path, name }) => (
          <li key={path}>
            <Link href={address(path, { asOf })} aria-current={path === here ? "page" : undefined}>
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
