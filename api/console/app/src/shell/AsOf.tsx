// Leads a page back in time, and says wherever it is that it tells of the past.
import { type FormEvent, type ReactNode, useId, useRef } from "react";
import { Instant } from "@/parts/Known";
import { DAY_MS, dateTime, HOUR_MS, iso, ms } from "@/time/instants";
import { useZone } from "@/time/zone";
import { instantIn } from "./TimePicker";

type ButtonProps = {
  /** The instant that is told of; null is now. */
  at: string | null;
  /** What the dialog is called. */
  title: string;
  choose: (at: string, given: FormData) => void;
  /** More fields of the form. */
  children?: ReactNode;
};

/** The button with its dialog. */
export function AsOfButton({ at, title, choose, children }: ButtonProps) {
  const zone = useZone();
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const apply = (event: FormEvent<HTMLFormElement>) => {
    // The form is another one as soon as the instant is; so it can't close the dialog itself.
    event.preventDefault();
    dialog.current?.close();
    const given = new FormData(event.currentTarget);
    const instant = instantIn(given.get("at"), zone);
    if (instant !== null) choose(iso(instant), given);
  };
  const field = (instant: string | number) => dateTime(instant, zone).replace(" ", "T");
  return (
    <>
      <button type="button" onClick={() => dialog.current?.showModal()}>
        As of…
      </button>
      <dialog ref={dialog} aria-labelledby={heading}>
        <form method="dialog" onSubmit={apply} key={`${at} ${zone}`}>
          <h2 id={heading}>{title}</h2>
          <label>
            At ({zone === "utc" ? "UTC" : "local time"})
            <input
              type="datetime-local"
              name="at"
              required
              defaultValue={field(at ?? Date.now() - HOUR_MS)}
              max={field(Date.now())}
            />
          </label>
          {children}
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

type NoteProps = {
  at: string;
  /** Whose knowledge it is. */
  said: ReactNode;
  /** Another instant; null is now. */
  choose: (at: string | null) => void;
  children?: ReactNode;
};

/** Says that this is the past, and leads to the hours around it and back to now. */
export function AsOfNote({ at, said, choose, children }: NoteProps) {
  const moved = (byMs: number) => {
    const next = ms(at) + byMs;
    choose(next > Date.now() ? null : iso(next));
  };
  return (
    <div className="as-of" role="status">
      <p>
        <strong>
          As of <Instant at={at} />.
        </strong>{" "}
        {said}
      </p>
      <div className="row">
        {children}
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
