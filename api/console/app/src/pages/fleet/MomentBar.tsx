// Chooses the instant that the fleet is shown at, and says so wherever that is not now.
import { type FormEvent, useRef } from "react";
import { Instant } from "@/parts/Known";
import { instantIn } from "@/shell/TimePicker";
import { dateTime, HOUR_MS, iso, ms } from "@/time/instants";
import { useZone } from "@/time/zone";
import type { Moment } from "./moment";

type Props = { moment: Moment; choose: (moment: Moment) => void };

/** The button that leads back in time, with its dialog. */
export function MomentPicker({ moment, choose }: Props) {
  const zone = useZone();
  const dialog = useRef<HTMLDialogElement>(null);
  const apply = (event: FormEvent<HTMLFormElement>) => {
    const given = new FormData(event.currentTarget);
    const at = instantIn(given.get("at"), zone);
    // The form is another one as soon as the instant is; so it can't close the dialog itself.
    event.preventDefault();
    dialog.current?.close();
    if (at === null) return;
    choose({ at: iso(at), knownAt: given.has("known") ? iso(at) : null });
  };
  const shown = dateTime(moment.at ?? Date.now() - HOUR_MS, zone);
  return (
    <>
      <button type="button" onClick={() => dialog.current?.showModal()}>
        As of…
      </button>
      <dialog ref={dialog} aria-labelledby="fleet-moment">
        <form method="dialog" onSubmit={apply} key={`${moment.at} ${zone}`}>
          <h2 id="fleet-moment">The fleet as it was</h2>
          <label>
            At ({zone === "utc" ? "UTC" : "local time"})
            <input
              type="datetime-local"
              name="at"
              required
              defaultValue={shown.replace(" ", "T")}
              max={dateTime(Date.now(), zone).replace(" ", "T")}
            />
          </label>
          <label className="fleet-check">
            <input type="checkbox" name="known" defaultChecked={moment.knownAt !== null} />
            As known then: leave out what was recorded later
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

/** Says that this is the past, whose knowledge it shows, and the way back to now. */
export function MomentNote({ moment, choose }: Props) {
  const { at, knownAt } = moment;
  if (at === null) return null;
  const moved = (byMs: number) => {
    const next = iso(Math.min(ms(at) + byMs, Date.now()));
    choose({ at: next, knownAt: knownAt === null ? null : next });
  };
  return (
    <div className="fleet-moment" role="status">
      <p>
        <strong>
          As of <Instant at={at} />.
        </strong>{" "}
        {knownAt === null ? (
          "With all that is known today; this does not change by itself."
        ) : (
          <>
            Only with what was known at <Instant at={knownAt} />.
          </>
        )}
      </p>
      <div className="row">
        <label className="fleet-check">
          <input
            type="checkbox"
            checked={knownAt !== null}
            onChange={(event) => choose({ at, knownAt: event.target.checked ? at : null })}
          />
          As known then
        </label>
        <button type="button" onClick={() => moved(-HOUR_MS)}>
          1 h earlier
        </button>
        <button type="button" onClick={() => moved(HOUR_MS)}>
          1 h later
        </button>
        <button type="button" className="main" onClick={() => choose({ at: null, knownAt: null })}>
          Back to now
        </button>
      </div>
    </div>
  );
}
