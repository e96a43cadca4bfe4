// What to do next: the requests behind it, its course, its link.
import { Link, useLocation } from "wouter";
import { Copy } from "@/parts/Copy";
import { address, investigationAddress, requestsAddress, trendsAddress } from "@/words/addresses";
import { telling } from "@/words/telling";
import type { Found, Question } from "./question";

export function Next({ found, asked }: { found: Found; asked: Question }) {
  const { metric, during, where } = asked;
  const [path] = useLocation();
  const kept = investigationAddress(found.id);
  return (
    <section className="card" aria-labelledby="why-next">
      <h2 id="why-next">What next</h2>
      <div className="buttons">
        <Link className="why-action" href={requestsAddress(telling(metric, where, during))}>
          Requests of the period
        </Link>
        <Link className="why-action" href={trendsAddress({ metric, period: during, where })}>
          Trends of the period
        </Link>
        <Link className="why-action" href={address("/incidents", { ...during })}>
          What happened around then
        </Link>
        {/* The address shows the same to everyone: it holds the whole question. */}
        <Copy
          name="Copy link"
          text={() => window.location.href}
          otherwise="copy the address instead"
        />
        {found.causes.length && path !== kept ? (
          <Link className="why-action" href={kept}>
            As it was told ({found.id})
          </Link>
        ) : null}
      </div>
    </section>
  );
}
