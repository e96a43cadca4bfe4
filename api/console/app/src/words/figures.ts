// Figures as people read them. Pure. What is not known has no figure: null in, null out.
import type { Metric } from "@/api/generated";

export type Unit = "score" | "ms" | "share" | "usd" | "count" | "rate";

export const UNIT_OF: Record<Metric, Unit> = {
  QUALITY: "score",
  LATENCY_MEAN: "ms",
  LATENCY_P50: "ms",
  LATENCY_P95: "ms",
  TTFT_P95: "ms",
  ERROR_RATE: "share",
  COST_PER_REQUEST: "usd",
  COST: "usd",
  VOLUME: "count",
};

export const METRIC_NAME: Record<Metric, string> = {
  QUALITY: "Quality",
  LATENCY_MEAN: "Mean latency",
  LATENCY_P50: "Median latency",
  LATENCY_P95: "p95 latency",
  TTFT_P95: "p95 time to first token",
  ERROR_RATE: "Error rate",
  COST_PER_REQUEST: "Cost per request",
  COST: "Cost",
  VOLUME: "Requests",
};
export const METRICS = Object.keys(METRIC_NAME) as Metric[];

/** Whether more of it is better, worse, or neither. */
export const BETTER: Record<Metric, 1 | -1 | 0> = {
  QUALITY: 1,
  LATENCY_MEAN: -1,
  LATENCY_P50: -1,
  LATENCY_P95: -1,
  TTFT_P95: -1,
  ERROR_RATE: -1,
  COST_PER_REQUEST: -1,
  COST: -1,
  VOLUME: 0,
};

const MINUS = "−";

/** With a minus as it is printed, and none before what is shown as nothing. */
function signed(text: string): string {
  if (!text.startsWith("-")) return text;
  return /[1-9]/.test(text) ? MINUS + text.slice(1) : text.slice(1);
}

/** Below this a figure is what is left of rounding, not a measure. */
const NOTHING = 1e-12;

/** With so many significant digits, thousands apart, and no zeros at the end of a fraction. */
export function digits(value: number, significant = 3): string {
  if (Math.abs(value) < NOTHING) return "0";
  const whole = Math.abs(value) >= 10 ** significant;
  const text = new Intl.NumberFormat("en-US", {
    ...(whole ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: significant }),
  }).format(value);
  return signed(text);
}

/** `0.878`, `1,240 ms`, `2.4 %`, `$0.00039`, `10,487` */
export function figure(value: number, unit: Unit): string {
  switch (unit) {
    case "score":
      return signed(value.toFixed(3));
    case "ms":
      return `${digits(value)} ms`;
    case "share":
      return `${digits(value * 100)} %`;
    case "usd":
      return usd(value);
    case "count":
      // A tenth of what is expected matters while there are few.
      return signed(
        new Intl.NumberFormat("en-US", {
          maximumFractionDigits: Math.abs(value) < 1000 ? 1 : 0,
        }).format(value),
      );
    case "rate":
      return digits(value);
  }
}

function usd(value: number): string {
  const size = Math.abs(value);
  const text =
    size >= 1 || size === 0
      ? new Intl.NumberFormat("en-US", {
          minimumFractionDigits: 2,
          maximumFractionDigits: 2,
        }).format(size)
      : // Dimes have their cents: `$0.40`.
        digits(size).replace(/^0\.\d$/, "$&0");
  return `${value < 0 ? MINUS : ""}$${text}`;
}

/** A difference: with its sign, and shares in points. */
export function difference(value: number, unit: Unit): string {
  const text = unit === "share" ? `${digits(value * 100)} points` : figure(value, unit);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** A share of something, in whole percent: `91 %`. */
export function percent(share: number): string {
  const text = (share * 100).toFixed(Math.abs(share) < 0.1 && share !== 0 ? 1 : 0);
  return `${Number(text) === 0 ? "0" : signed(text)} %`;
}

/** `3 requests`, `1 request` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${figure(count, "count")} ${count === 1 ? one : many}`;
}

/** `task type` from `task_type` or `TASK_TYPE` */
export function spaced(name: string): string {
  return name.replaceAll("_", " ").toLowerCase();
}
