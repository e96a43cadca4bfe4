// Chooses as of when the page tells what comes next, and says so wherever that is not now.
import { type FormEvent, useRef } from "react";
import { Instant } from "@/parts/Known";
import { instantIn } from "@/shell/TimePicker";
import { DAY_MS, dateTime, HOUR_MS, iso, ms } from "@/time/instants";
import { useZone } from "@/time/zone";
import { useAsOf } from "./asOf";

export function AsOfPicker() {
  const [asOf, choose] = useAsOf();
  const zone = useZone();
  const dialog = useRef<HTMLDialogElement>(null);
  const apply = (event: FormEvent<HTMLFormElement>) => {
    // Closed by hand: the form is made anew with what was chosen, before it could close by itself.
    event.preventDefault();
    dialog.current?.close();
    const at = instantIn(new FormData(event.currentTarget).get("at"), zone);
    if (at !== null) choose(iso(at));
  };
  const field = (at: string | number) => dateTime(at, zone).replace(" ", "T");
  return (
    <>
      <button type="button" onClick={() => dialog.current?.showModal()}>
        As of…
      </button>
      <dialog ref={dialog} aria-labelledby="next-as-of">
        <form method="dialog" onSubmit={apply} key={`${asOf} ${zone}`}>
          <h2 id="next-as-of">As it would have been told then</h2>
          <label>
            At ({zone === "utc" ? "UTC" : "local time"})
            <input
              type="datetime-local"
              name="at"
              required
              defaultValue={field(asOf ?? Date.now() - HOUR_MS)}
              max={field(Date.now())}
            />
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
    </>
  );
}

/** Says that this is the past, and the way back to now. */
export function AsOfNote() {
  const [asOf, choose] = useAsOf();
  if (asOf === null) return null;
  const moved = (byMs: number) => {
    const next = ms(asOf) + byMs;
    choose(next > Date.now() ? null : iso(next));
  };
  return (
    <div className="next-as-of" role="status">
      <p>
        <strong>
          As of <Instant at={asOf} />.
        </strong>{" "}
        This does not change by itself.
      </p>
      <div className="buttons">
        <button type="button" onClick={() => moved(-DAY_MS)}>
          1 day earlier
        </button>
        <button type="button" onClick={() => moved(-HOUR_MS)}>
          1 h earlier
        </button>
        <button type="button" onClick={() => moved(HOUR_MS)}>
          1 h later
        </button>
        <button type="button" className="main" onClick={() => choose(null)}>
          Back to now
        </button>
      </div>
    </div>
  );
}
