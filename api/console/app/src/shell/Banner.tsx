// Says when the service does not answer, looks for it again, and asks for a key where one is wanted.
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect } from "react";
import { ask } from "@/api/client";
import { forgive, lastSeen, unreachable, useConnection } from "@/api/connection";
import { Alive } from "@/api/generated";
import { keepKey } from "@/api/key";
import { Instant } from "@/parts/Known";
import { iso } from "@/time/instants";

const LOOK_AGAIN_MS = 2_000;
const LOOK_NOW_AND_THEN_MS = 10_000;
/** A browser has six connections: where all of them wait for long answers, this one waits too. */
const PATIENCE_MS = 15_000;

/** Looks whether the service answers, one question at a time: often while it does not. */
function useWatch(up: boolean) {
  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout>;
    const look = async () => {
      const began = Date.now();
      if (!document.hidden) {
        // That it answered is noticed by whoever asks; that it hangs is noticed here alone.
        await ask(Alive, {}, undefined, PATIENCE_MS).catch(() => {
          if (lastSeen() < began) unreachable();
        });
      }
      if (!over) timer = setTimeout(() => void look(), up ? LOOK_NOW_AND_THEN_MS : LOOK_AGAIN_MS);
    };
    timer = setTimeout(() => void look(), up ? LOOK_NOW_AND_THEN_MS : LOOK_AGAIN_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [up]);
}

export function Banner() {
  const { up, since, refused } = useConnection();
  const asked = useQueryClient();
  useWatch(up);
  useEffect(() => {
    if (up) return;
    // Back again: everything on the page is asked anew.
    return () => void asked.invalidateQueries();
  }, [up, asked]);
  if (up) return refused === null ? null : <KeyPrompt why={refused} />;
  return (
    <div className="banner" role="alert">
      <p>
        <strong>The service does not answer</strong> since <Instant at={iso(since)} seconds />. What
        is shown is what was known then; it is marked stale, and asked for again as soon as the
        service is back.
      </p>
    </div>
  );
}

/** Asks for an API key where the service wants one; it is kept until the tab is closed. */
function KeyPrompt({ why }: { why: string }) {
  const asked = useQueryClient();
  const keep = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    keepKey(String(new FormData(event.currentTarget).get("key") ?? "").trim() || null);
    forgive();
    // What another key was allowed to see goes with it.
    void asked.resetQueries();
  };
  return (
    <form className="banner" onSubmit={keep}>
      <p role="alert">
        <strong>An API key with the scope “read” is needed.</strong> The service says: {why}
      </p>
      <label>
        API key
        <input name="key" type="password" autoComplete="off" required />
      </label>
      <button type="submit">Use it in this tab</button>
    </form>
  );
}
