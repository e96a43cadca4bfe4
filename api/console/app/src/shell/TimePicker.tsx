// Chooses the period of a page: one that ends now, or a fixed one to the minute.
import { type FormEvent, type RefObject, useId, useRef } from "react";
import { dateTime, iso, MINUTE_MS, ms } from "@/time/instants";
import { isRange, type Period, type PeriodChoice, RANGES } from "@/time/period";
import { useZone, type Zone } from "@/time/zone";

export function TimePicker({ choice }: { choice: PeriodChoice }) {
  const { period, range, setRange, setPeriod } = choice;
  const zone = useZone();
  const dialog = useRef<HTMLDialogElement>(null);
  const fixed = `${dateTime(period.from, zone)} to ${dateTime(period.to, zone)}`;
  const choose = (value: string) => {
    if (isRange(value)) setRange(value);
    else dialog.current?.showModal();
  };
  return (
    <div className="time-picker">
      <label>
        <span className="unseen">Period</span>
        <select value={range ?? "fixed"} onChange={(event) => choose(event.target.value)}>
          {Object.keys(RANGES).map((name) => (
            <option key={name} value={name}>
              last {name}
            </option>
          ))}
          <option value="fixed">{range === null ? fixed : "from … to …"}</option>
          {range === null ? <option value="change">change from … to …</option> : null}
        </select>
      </label>
      {range === null ? null : (
        <button
          type="button"
          title="The address then shows this very period to everyone"
          onClick={() => setPeriod(period)}
        >
          Fix
        </button>
      )}
      <PeriodDialog dialog={dialog} period={period} choose={setPeriod} />
    </div>
  );
}

type DialogProps = {
  /** Opened by whoever asks, with `showModal`. */
  dialog: RefObject<HTMLDialogElement | null>;
  period: Period;
  choose: (period: Period) => void;
};

/** Asks for a fixed period, to the minute. */
export function PeriodDialog({ dialog, period, choose }: DialogProps) {
  const zone = useZone();
  const title = useId();
  const apply = (event: FormEvent<HTMLFormElement>) => {
    // Closed by hand: another period makes another form, and one that is gone closes nothing.
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const [from, to] = [instantIn(given.get("from"), zone), instantIn(given.get("to"), zone)];
    if (from === null || to === null) return;
    if (to <= from) {
      const end = event.currentTarget.elements.namedItem("to") as HTMLInputElement;
      end.setCustomValidity("The end has to come after the beginning.");
      end.reportValidity();
      return;
    }
    dialog.current?.close();
    choose({ from: iso(from), to: iso(to) });
  };
  return (
    <dialog ref={dialog} aria-labelledby={title}>
      <form
        method="dialog"
        onSubmit={apply}
        onInput={(event) =>
          (event.currentTarget.elements.namedItem("to") as HTMLInputElement).setCustomValidity("")
        }
        key={`${period.from} ${period.to} ${zone}`}
      >
        <h2 id={title}>From when to when? ({zone === "utc" ? "UTC" : "local time"})</h2>
        <label>
          From
          <input
            type="datetime-local"
            name="from"
            required
            defaultValue={field(period.from, zone)}
          />
        </label>
        <label>
          To
          <input type="datetime-local" name="to" required defaultValue={field(period.to, zone)} />
        </label>
        <div className="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" className="main">
            Show
          </button>
        </div>
      </form>
    </dialog>
  );
}

function field(at: string, zone: Zone): string {
  return dateTime(at, zone).replace(" ", "T");
}

/** What was typed, as an instant; null where it is none. */
export function instantIn(typed: FormDataEntryValue | null, zone: Zone): number | null {
  if (typeof typed !== "string" || typed === "") return null;
  const instant = ms(zone === "utc" ? `${typed}Z` : typed);
  return Number.isNaN(instant) ? null : Math.floor(instant / MINUTE_MS) * MINUTE_MS;
}
