// The pages that one can go to by name, in the order in which they are listed.

type Listed = {
  path: string;
  name: string;
  /** Its name where what it stands beside does not say the rest. */
  fullName: string;
};

/** The parts of what comes next; the first is the page itself. */
export const NEXT_PAGES: readonly Listed[] = [
  { path: "/next", name: "Load", fullName: "Next: forecast and capacity" },
  { path: "/next/budgets", name: "Budgets", fullName: "Budgets" },
  { path: "/next/objectives", name: "Objectives", fullName: "Service level objectives" },
  { path: "/next/costs", name: "Costs", fullName: "Cost anomalies" },
  { path: "/next/experiments", name: "Experiments", fullName: "Experiments and rollouts" },
];

/** The pages in the navigation; what comes next is one of them. */
export const PAGES: readonly Listed[] = [
  { path: "/", name: "Fleet", fullName: "Fleet" },
  { path: "/trends", name: "Trends", fullName: "Trends" },
  { path: "/why", name: "Why", fullName: "Why" },
  { path: "/requests", name: "Requests", fullName: "Requests" },
  { path: "/incidents", name: "Incidents", fullName: "Incidents and changes" },
  { path: "/next", name: "Next", fullName: "Next: forecast and capacity" },
  { path: "/ask", name: "Ask", fullName: "Ask" },
];

/** Every page once, those of what comes next in its place. */
export const ALL_PAGES: readonly Listed[] = PAGES.flatMap((page) =>
  page.path === "/next" ? NEXT_PAGES : [page],
);
