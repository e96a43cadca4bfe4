// The page: GraphiQL with its docs, history and explorer, opened on the questions people ask most.
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./page.css";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";

import mark from "../../app/public/mark.svg";
import { linkedTab } from "./linked.js";
import { defaultTabs } from "./questions.js";

const endpoint = new URL("/graphql", window.location.href);
const socket = new URL(endpoint);
socket.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";

// Headers typed into the editor go with each request, and into the socket's connection_init.
const fetcher = createGraphiQLFetcher({ url: endpoint.href, subscriptionUrl: socket.href });
const plugins = [HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })];

// A link from the console names a question: it comes first, beside the tabs of earlier visits.
const linked = linkedTab(window.location.hash);
const tabs = defaultTabs(new Date());
if (linked) history.replaceState(null, "", window.location.pathname);

createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={plugins}
    defaultTabs={linked ? [linked, ...tabs] : tabs}
    {...(linked ? { initialQuery: linked.query, initialVariables: linked.variables } : {})}
    defaultEditorToolsVisibility="variables"
    showPersistHeadersSettings
    shouldPersistHeaders={false}
    schemaDescription
  >
    <GraphiQL.Logo>
      <a className="brand" href="/" title="To the service's front page">
        <img src={mark} alt="" width="22" height="22" />
        Routecause
      </a>
    </GraphiQL.Logo>
  </GraphiQL>,
);
