// A term and what it is, in a list of facts.
import type { ReactNode } from "react";

type Props = {
  name: string;
  /** What it is seen against, smaller. */
  beside?: ReactNode;
  children: ReactNode;
};

/** Stands in `<dl className="facts">`. */
export function Fact({ name, beside, children }: Props) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {children}
        {beside ? <div className="quiet facts-beside">{beside}</div> : null}
      </dd>
    </div>
  );
}
