// Loads one address over kept-alive connections, and prints what it saw as one JSON object.
//
// Without `rate` each connection sends its next request when the last one is answered (a closed
// loop: how many a second). With it requests are due at fixed instants whether or not others were
// answered, and their times count from when they were due, so that a server that stalls is not
// spared the requests that would have come meanwhile.
"use strict";

import { readFileSync } from "node:fs";
import { Socket } from "node:net";

const plan = JSON.parse(readFileSync(0, "utf8"));
const requests = plan.bodies.map((body) => {
  const bytes = Buffer.from(body);
  const head = [
    `POST ${plan.path} HTTP/1.1`,
    `host: ${plan.host}:${plan.port}`,
    "content-type: application/json",
    `content-length: ${bytes.length}`,
    ...Object.entries(plan.headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), bytes]);
});

const END = Buffer.from("\r\n\r\n");
const LENGTH = /content-length: (\d+)/i;
const took = new Float64Array(plan.requests ?? Math.ceil((plan.rate ?? 100_000) * plan.seconds * 1.2));
let sent = 0;
let answered = 0;
let failed = 0;
let firstFailure = null;
let bytesRead = 0;
let ending = false;

function nowMs() {
  return performance.now();
}

class Connection {
  constructor() {
    this.socket = new Socket();
    this.socket.setNoDelay(true);
    this.pieces = [];
    this.held = 0;
    this.wanted = 0;
    this.dueMs = 0;
    this.socket.on("data", (piece) => this.read(piece));
    this.socket.on("error", (error) => fail(error.message));
    this.socket.on("close", () => ending || fail("the connection was closed"));
  }

  open() {
    return new Promise((resolve) => this.socket.connect(plan.port, plan.host, resolve));
  }

  send(dueMs) {
    this.dueMs = dueMs;
    this.socket.write(requests[sent % requests.length]);
    sent += 1;
  }

  read(piece) {
    this.pieces.push(piece);
    this.held += piece.length;
    if (this.wanted === 0) {
      const all = this.pieces.length === 1 ? piece : Buffer.concat(this.pieces);
      this.pieces = [all];
      const end = all.indexOf(END);
      if (end < 0) return;
      const head = all.latin1Slice(0, end);
      if (!head.startsWith("HTTP/1.1 200")) fail(head.split("\r\n")[0]);
      this.wanted = end + END.length + Number(LENGTH.exec(head)[1]);
    }
    if (this.held < this.wanted) return;
    bytesRead += this.wanted;
    this.pieces = [];
    this.held = this.wanted = 0;
    took[answered++ % took.length] = nowMs() - this.dueMs;
    done(this);
  }
}

function fail(words) {
  failed += 1;
  firstFailure ??= words;
  if (failed > 100) finish();
}

let startedMs = 0;
let done = () => {};
let finish = () => {};

function enough() {
  return plan.requests ? sent >= plan.requests : nowMs() - startedMs >= plan.seconds * 1e3;
}

async function closedLoop(connections) {
  startedMs = nowMs();
  await new Promise((resolve) => {
    finish = resolve;
    let busy = connections.length;
    done = (connection) => {
      if (!enough()) connection.send(nowMs());
      else if (--busy === 0) resolve();
    };
    for (const connection of connections) connection.send(nowMs());
  });
}

async function fixedRate(connections) {
  const idle = [...connections];
  const due = [];
  const every = 1e3 / plan.rate;
  const all = plan.requests ?? Math.round(plan.rate * plan.seconds);
  let planned = 0;
  startedMs = nowMs();
  await new Promise((resolve) => {
    finish = resolve;
    const give = () => {
      while (due.length > 0 && idle.length > 0) idle.pop().send(due.shift());
    };
    done = (connection) => {
      idle.push(connection);
      give();
      if (answered === all) resolve();
    };
    // Timers are coarser than a request: each turn of the loop sends what became due meanwhile.
    const tick = () => {
      const now = nowMs();
      while (planned < all && startedMs + planned * every <= now) {
        due.push(startedMs + planned * every);
        planned += 1;
      }
      give();
      if (planned < all && failed <= 100) setImmediate(tick);
    };
    tick();
  });
}

const connections = Array.from({ length: plan.connections }, () => new Connection());
await Promise.all(connections.map((connection) => connection.open()));
await (plan.rate ? fixedRate(connections) : closedLoop(connections));
const seconds = (nowMs() - startedMs) / 1e3;
ending = true;
for (const connection of connections) connection.socket.destroy();

const sorted = took.slice(0, Math.min(answered, took.length)).sort();
const at = (q) => sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] ?? null;
console.log(
  JSON.stringify({
    answered,
    failed,
    failure: firstFailure,
    seconds,
    per_s: answered / seconds,
    body_bytes: answered ? bytesRead / answered : 0,
    p50_ms: at(0.5),
    p95_ms: at(0.95),
    p99_ms: at(0.99),
    worst_ms: at(1),
  }),
);
