// A budget as a bar: spent, expected with its interval, the limit, and where even spending would be.
import { figure } from "@/words/figures";
import { type Budget, barEnd, passed } from "./budgets";

export function BudgetBar({ budget, now }: { budget: Budget; now: number }) {
  const { spentUsd, limitUsd, forecastUsd, forecastLowUsd, forecastHighUsd } = budget;
  // A little room, so that what ends the bar is seen.
  const end = barEnd(budget) * 1.02;
  const place = (usd: number) => (100 * Math.min(Math.max(usd, 0), end)) / end;
  const even = place(passed(budget, now) * limitUsd);
  const [low, high] = [place(forecastLowUsd ?? 0), place(forecastHighUsd ?? 0)];
  const known = forecastUsd !== null;
  return (
    <svg className="next-budget" viewBox="0 0 100 20" preserveAspectRatio="none" role="img">
      <title>
        {`${figure(spentUsd, "usd")} of ${figure(limitUsd, "usd")} spent, ${known ? `${figure(forecastUsd, "usd")} expected` : "no forecast"}`}
      </title>
      <rect className="ground" x="0" y="6" width={place(limitUsd)} height="10" />
      {place(limitUsd) < 97 ? (
        <rect
          className="beyond"
          x={place(limitUsd)}
          y="6"
          width={100 - place(limitUsd)}
          height="10"
        />
      ) : null}
      {known ? (
        <rect className="expected" x="0" y="6" width={place(forecastUsd)} height="10" />
      ) : null}
      <rect
        className={spentUsd > limitUsd ? "spent over" : "spent"}
        x="0"
        y="6"
        width={place(spentUsd)}
        height="10"
      />
      {known && forecastLowUsd !== null && forecastHighUsd !== null ? (
        <path
          className="limits"
          d={`M${low} 11H${high}M${low} 8V14M${high} 8V14`}
          vectorEffect="non-scaling-stroke"
        />
      ) : null}
      <path className="limit" d={`M${place(limitUsd)} 3V19`} vectorEffect="non-scaling-stroke" />
      <path className="even" d={`M${even - 0.6} 0H${even + 0.6}L${even} 6Z`} />
    </svg>
  );
}
