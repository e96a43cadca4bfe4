// A share with its interval as a bar, on a scale that several of them have in common.

type Props = {
  value: number;
  /** Its limits; without them there is no line. */
  low?: number;
  high?: number;
  /** The ends of the scale; what lies outside is cut there. */
  from?: number;
  to?: number;
  label: string;
};

/** A bar from zero to the value, and a line over it from the lower to the upper limit. */
export function IntervalBar({ value, low, high, from = 0, to = 1, label }: Props) {
  const place = (share: number) =>
    (100 * (Math.min(Math.max(share, from), to) - from)) / (to - from);
  const [zero, end] = [place(0), place(value)];
  return (
    <svg className="interval" viewBox="0 0 100 12" preserveAspectRatio="none" role="img">
      <title>{label}</title>
      <rect className="ground" x="0" y="2" width="100" height="8" />
      <rect
        className={value < 0 ? "bar less" : "bar"}
        x={Math.min(zero, end)}
        y="2"
        width={Math.abs(end - zero)}
        height="8"
      />
      {low === undefined || high === undefined ? null : (
        <path
          className="limits"
          d={`M${place(low)} 6H${place(high)}M${place(low)} 3V9M${place(high)} 3V9`}
          vectorEffect="non-scaling-stroke"
        />
      )}
      {from < 0 ? (
        <path className="zero" d={`M${zero} 0V12`} vectorEffect="non-scaling-stroke" />
      ) : null}
    </svg>
  );
}
