// A draft of the postmortem, drawn up when asked for, to be corrected here and saved as Markdown.
import { useState } from "react";
import { Link } from "wouter";
import { useAnswer } from "@/api/answered";
import { Postmortem, type PostmortemQuery } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { Copy } from "@/parts/Copy";
import { save } from "@/parts/DataTable";
import { Instant } from "@/parts/Known";
import { investigationAddress } from "@/words/addresses";

type Draft = NonNullable<PostmortemQuery["postmortem"]>;

export function PostmortemCard({ incident }: { incident: string }) {
  const [wanted, setWanted] = useState(false);
  const answered = useAnswer(Postmortem, { incident }, { enabled: wanted, once: true });
  return (
    <section className="card" aria-labelledby="postmortem">
      <h2 id="postmortem">Postmortem</h2>
      {wanted ? (
        <Asked answered={answered} what="the draft" lines={12}>
          {({ postmortem }) =>
            postmortem ? (
              <Drafted draft={postmortem} again={answered.again} />
            ) : (
              <Empty title="There is nothing to draft from." />
            )
          }
        </Asked>
      ) : (
        <div className="row">
          <button type="button" onClick={() => setWanted(true)}>
            Draft a postmortem
          </button>
          <span className="quiet">
            Timeline, impact, cause with its evidence, and what is not known. Every figure is
            measured.
          </span>
        </div>
      )}
    </section>
  );
}

function Drafted({ draft, again }: { draft: Draft; again: () => void }) {
  // What was written here stays, whatever is drawn up anew.
  const [edited, setEdited] = useState<string | null>(null);
  const text = edited ?? draft.markdown;
  return (
    <>
      <div className="row">
        <button
          type="button"
          className="main"
          onClick={() => save(`postmortem-${draft.incident.id}.md`, text, "text/markdown")}
        >
          Save as Markdown
        </button>
        <Copy name="Copy" text={() => text} otherwise="copy it from the box below instead" />
        {edited === null ? (
          <button type="button" onClick={again}>
            Draw up anew
          </button>
        ) : (
          <button type="button" onClick={() => setEdited(null)}>
            Discard my changes
          </button>
        )}
        <span className="quiet">
          Drawn up <Instant at={draft.generatedAt} seconds />
        </span>
        {draft.investigation ? (
          <Link href={investigationAddress(draft.investigation)}>The investigation behind it</Link>
        ) : null}
      </div>
      <label>
        <span className="unseen">The draft</span>
        <textarea
          className="incidents-draft"
          rows={28}
          spellCheck={false}
          value={text}
          onChange={(event) => setEdited(event.target.value)}
        />
      </label>
    </>
  );
}
