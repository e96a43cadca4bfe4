// Says when the service does not answer, looks for it again, and asks for a key where one is needed.
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect } from "react";
import { useAnswer } from "@/api/answered";
import { ask, UNAUTHENTICATED } from "@/api/client";
import { useConnection } from "@/api/connection";
import { Alive } from "@/api/generated";
import { keepKey } from "@/api/key";
import { Age } from "@/parts/Known";
import { iso } from "@/time/instants";

const LOOK_AGAIN_MS = 2_000;

export function Banner() {
  const { up, since } = useConnection();
  const asked = useQueryClient();
  useEffect(() => {
    if (up) return;
    const timer = setInterval(() => {
      // Whether it answers is seen by whoever asks; here nothing else is to be done.
      void ask(Alive, {}).catch(() => undefined);
    }, LOOK_AGAIN_MS);
    // Back again: everything on the page is asked anew.
    return () => {
      clearInterval(timer);
      void asked.invalidateQueries();
    };
  }, [up, asked]);
  if (up) return <KeyPrompt />;
  return (
    <div className="banner" role="alert">
      <p>
        <strong>The service does not answer</strong> since <Age at={iso(since)} />. What is shown is
        what was known then; it is marked stale, and asked for again as soon as the service is back.
      </p>
    </div>
  );
}

/** Asks for an API key where the service wants one; it is kept until the tab is closed. */
function KeyPrompt() {
  const asked = useQueryClient();
  const alive = useAnswer(Alive, {});
  if (alive.problem?.code !== UNAUTHENTICATED) return null;
  const keep = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    keepKey(String(new FormData(event.currentTarget).get("key") ?? "").trim() || null);
    void asked.invalidateQueries();
  };
  return (
    <form className="banner" onSubmit={keep}>
      <label>
        <strong>An API key is needed</strong> (scope <code>read</code>)
        <input name="key" type="password" autoComplete="off" required />
      </label>
      <button type="submit">Use it in this tab</button>
    </form>
  );
}
