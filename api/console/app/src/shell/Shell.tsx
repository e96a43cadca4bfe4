// What is around every page: the way to all others, the search, the zone and the theme.
import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { Link, useRoute } from "wouter";
import { setZone, useZone } from "@/time/zone";
import { about } from "./about";
import { Banner } from "./Banner";
import { PAGES } from "./pages";
import { setTheme, type Theme, useChosenTheme } from "./theme";

const Palette = lazy(() => import("./Palette"));

export function Shell({ children }: { children: ReactNode }) {
  const [searching, setSearching] = useState(false);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      setSearching(true);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return (
    <>
      <a className="skip" href="#page">
        To the page
      </a>
      <header className="top">
        <Link href="/" className="brand">
          <img src="/mark.svg" alt="" width="26" height="26" />
          Routecause
        </Link>
        <button type="button" className="search" onClick={() => setSearching(true)}>
          Jump to… <kbd>{/Mac/.test(navigator.platform) ? "⌘" : "Ctrl"} K</kbd>
        </button>
        <Choices />
      </header>
      <nav className="pages" aria-label="Pages">
        <ul>
          {PAGES.map(({ path, name }) => (
            <li key={path}>
              <PageLink path={path} name={name} />
            </li>
          ))}
        </ul>
        <ul className="doors">
          {about.graphiql ? (
            <li>
              <a href="/graphql">GraphiQL</a>
            </li>
          ) : null}
          {about.guide ? (
            <li>
              <a href={about.guide}>Neo4j Browser</a>
            </li>
          ) : null}
          {about.metrics ? (
            <li>
              <a href="/metrics">Metrics</a>
            </li>
          ) : null}
        </ul>
      </nav>
      <div className="content">
        <Banner />
        {children}
      </div>
      {searching ? (
        <Suspense>
          <Palette close={() => setSearching(false)} />
        </Suspense>
      ) : null}
    </>
  );
}

function PageLink({ path, name }: { path: string; name: string }) {
  const [here] = useRoute(path === "/" ? "/" : `${path}/*?`);
  const link = useRef<HTMLAnchorElement>(null);
  // On a phone the pages stand in a row that is wider than the screen.
  useEffect(() => {
    if (here) link.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [here]);
  return (
    <Link ref={link} href={path} aria-current={here ? "page" : undefined}>
      {name}
    </Link>
  );
}

function Choices() {
  const zone = useZone();
  const theme = useChosenTheme();
  return (
    <div className="choices">
      <label>
        <span className="unseen">Times in</span>
        <select value={zone} onChange={(event) => setZone(event.target.value as "utc" | "local")}>
          <option value="utc">UTC</option>
          <option value="local">Local time</option>
        </select>
      </label>
      <label>
        <span className="unseen">Theme</span>
        <select value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
          <option value="system">System</option>
          <option value="light">Light</option>
          <option value="dark">Dark</option>
        </select>
      </label>
    </div>
  );
}
