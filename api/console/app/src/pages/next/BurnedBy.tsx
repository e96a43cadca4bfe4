// The slices with more than their share of the bad events of an objective, and what leads on from them.
import { Link } from "wouter";
import { IntervalBar } from "@/parts/Interval";
import { Figure, Share, SliceName } from "@/parts/Known";
import { requestsAddress, whyAddress } from "@/words/addresses";
import { percent } from "@/words/figures";
import { narrowed, refsWithin, sliceOf, sliceWords } from "@/words/slices";
import { telling } from "@/words/telling";
import { useAsOf } from "./asOf";
import { burning, metricOf, type Slo } from "./objectives";

export function BurnedBy({ slo }: { slo: Slo }) {
  const { burnedBy } = slo;
  const [asOf] = useAsOf();
  if (!burnedBy.length) return <p className="quiet">No slice burned more than its share.</p>;
  const base = sliceOf(refsWithin(slo));
  const period = burning(slo);
  return (
    <>
      <h3>Burned by</h3>
      <ul className="next-bars">
        {burnedBy.map(({ where, bad, events, share }) => {
          const part = sliceOf(where);
          const inside = base && part ? narrowed(base, part) : null;
          const name = sliceWords(where);
          return (
            <li key={name}>
              <SliceName refs={where} />
              <IntervalBar value={share} label={`${percent(share)} of what was bad`} />
              <span>
                <Share value={share} /> (<Figure value={bad} unit="count" /> of{" "}
                <Figure value={events} unit="count" />){" "}
                {inside ? (
                  <span className="next-onward">
                    <Link
                      href={whyAddress({
                        metric: metricOf(slo),
                        during: period,
                        where: inside,
                        knownAt: asOf,
                      })}
                      aria-label={`Why: ${name}`}
                    >
                      Why?
                    </Link>
                    <Link
                      href={requestsAddress(telling(metricOf(slo), inside, period))}
                      aria-label={`Requests: ${name}`}
                    >
                      Requests
                    </Link>
                  </span>
                ) : null}
              </span>
            </li>
          );
        })}
      </ul>
    </>
  );
}
