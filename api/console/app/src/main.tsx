// The console: its pages by their addresses, each loaded when it is first opened.
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/shell.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { type ComponentType, lazy, StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { Link, Route, Switch } from "wouter";
import { makeQueryClient } from "./api/answered";
import FleetPage from "./pages/fleet/FleetPage";
import { Loading } from "./parts/Asked";
import { Page } from "./parts/Page";
import { Failures } from "./shell/Failures";
import { useId } from "./shell/location";
import { Shell } from "./shell/Shell";
import { applyTheme } from "./shell/theme";

applyTheme();

/** A page about one thing: of another thing it is another page, with nothing left of the first. */
function byId(load: () => Promise<{ default: ComponentType }>): ComponentType {
  const About = lazy(load);
  return function ById() {
    return <About key={useId()} />;
  };
}

const asked = makeQueryClient();

const PAGES: readonly [path: string, page: ComponentType][] = [
  ["/", FleetPage],
  ["/deployments/:id", byId(() => import("./pages/fleet/DeploymentPage"))],
  ["/trends", lazy(() => import("./pages/trends/TrendsPage"))],
  ["/why", lazy(() => import("./pages/why/WhyPage"))],
  ["/why/:id", byId(() => import("./pages/why/InvestigationPage"))],
  ["/requests", lazy(() => import("./pages/requests/RequestsPage"))],
  ["/requests/:id", byId(() => import("./pages/requests/RequestPage"))],
  ["/incidents", lazy(() => import("./pages/incidents/IncidentsPage"))],
  ["/incidents/:id", byId(() => import("./pages/incidents/IncidentPage"))],
  ["/changes/:id", byId(() => import("./pages/incidents/ChangePage"))],
  // One entry, so that its parts change within the page.
  ["/next/:part?", lazy(() => import("./pages/next/NextPage"))],
  ["/experiments/:id", byId(() => import("./pages/next/ExperimentPage"))],
  ["/ask", lazy(() => import("./pages/ask/AskPage"))],
];

function Absent() {
  return (
    <Page title="No such page">
      <p>
        Nothing is at this address. <Link href="/">The fleet</Link> is a good place to start.
      </p>
    </Page>
  );
}

function Console() {
  return (
    <QueryClientProvider client={asked}>
      <Shell>
        <Failures>
          <Suspense fallback={<Loading what="the page" lines={8} />}>
            <Switch>
              {PAGES.map(([path, page]) => (
                <Route key={path} path={path} component={page} />
              ))}
              <Route component={Absent} />
            </Switch>
          </Suspense>
        </Failures>
      </Shell>
    </QueryClientProvider>
  );
}

createRoot(document.getElementById("console") as HTMLElement).render(
  <StrictMode>
    <Console />
  </StrictMode>,
);
