// The first of a long list, and a way to the rest of it.
import { type ReactNode, useState } from "react";

type MoreProps = { left: number; show: () => void };

export function useFirst<Item>(
  items: readonly Item[],
  first: number,
): [readonly Item[], MoreProps] {
  const [shown, setShown] = useState(first);
  const left = Math.max(0, items.length - shown);
  return [items.slice(0, shown), { left, show: () => setShown(shown + 4 * first) }];
}

export function More({ left, show, what = "" }: MoreProps & { what?: string }) {
  if (left === 0) return null;
  return (
    <button type="button" className="more" onClick={show}>
      {`${left} more ${what}`.trim()}
    </button>
  );
}

/** The rest of a list, folded away. */
export function Folded({ count, children }: { count: number; children: ReactNode }) {
  if (count <= 0) return null;
  return (
    <details>
      <summary>{count} more</summary>
      {children}
    </details>
  );
}
