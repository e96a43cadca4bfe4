// Asks the service how it is, every few seconds while someone looks, and writes that down.
"use strict";

const EVERY_MS = 5000;
const LIMIT_MS = 4000;
const QUERY = "{ fleet { deployment status reasons ageMs stale } }";
const WORST_FIRST = ["DOWN", "DEGRADED", "UNKNOWN", "HEALTHY"];

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function ageText(ageMs) {
  if (ageMs === null) return "never seen";
  const seconds = Math.round(ageMs / 1000);
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

async function probe(name) {
  const shown = document.getElementById(name);
  let state = "bad";
  let text = "no answer";
  try {
    const answer = await fetch(`/health/${name}`, { signal: AbortSignal.timeout(LIMIT_MS) });
    state = answer.ok ? "good" : "bad";
    text = answer.ok ? "yes" : "not yet";
  } catch {
    // No answer is what the page says.
  }
  shown.dataset.state = state;
  shown.textContent = text;
}

function row(health) {
  const item = document.createElement("li");
  const status = element("span", "status", health.status);
  status.dataset.status = health.status;
  const age = ageText(health.ageMs);
  item.append(
    element("span", "name", health.deployment),
    status,
    element("span", "reason", health.reasons.join("; ")),
    element("span", "age", health.stale ? `stale · ${age}` : age),
  );
  return item;
}

function summary(fleet) {
  if (fleet.length === 0) return "No deployment is known yet.";
  const counts = WORST_FIRST.map((status) => [
    fleet.filter((health) => health.status === status).length,
    status.toLowerCase(),
  ]);
  const said = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return `${fleet.length} ${fleet.length === 1 ? "deployment" : "deployments"}: ${said.join(", ")}`;
}

async function askFleet() {
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ query: QUERY }),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  if (answer.status === 401 || answer.status === 403) {
    throw new Error("The API asks for a key; GraphiQL takes one under its headers.");
  }
  const body = await answer.json();
  if (body.errors) throw new Error(body.errors[0].message);
  return body.data.fleet;
}

async function showFleet() {
  const list = document.getElementById("fleet");
  const note = document.getElementById("fleet-note");
  try {
    const fleet = await askFleet();
    fleet.sort(
      (a, b) =>
        WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status) ||
        a.deployment.localeCompare(b.deployment),
    );
    list.replaceChildren(...fleet.map(row));
    note.textContent = summary(fleet);
  } catch (problem) {
    // An old picture must not pass for the present one.
    list.replaceChildren();
    const known = problem instanceof Error && !(problem instanceof TypeError);
    note.textContent = known ? problem.message : "The API does not answer.";
  }
}

async function refresh() {
  if (!document.hidden) await Promise.all([probe("live"), probe("ready"), showFleet()]);
  setTimeout(refresh, EVERY_MS);
}

refresh();
