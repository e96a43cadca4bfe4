// What comes next, in parts: load and risk, budgets, objectives, costs, experiments.
import "./next.css";
import type { ComponentType } from "react";
import { Link } from "wouter";
import { Page } from "@/parts/Page";
import { useId } from "@/shell/location";
import { BudgetsPart } from "./Budgets";
import { CostsPart } from "./Costs";
import { ExperimentsPart } from "./Experiments";
import { LoadPart } from "./Load";
import { ObjectivesPart } from "./Objectives";
import { Tabs } from "./Tabs";

const SHOWN: Record<string, ComponentType> = {
  load: LoadPart,
  budgets: BudgetsPart,
  objectives: ObjectivesPart,
  costs: CostsPart,
  experiments: ExperimentsPart,
};

export default function NextPage() {
  const part = useId() || "load";
  const Shown = (Object.hasOwn(SHOWN, part) && SHOWN[part]) || Absent;
  return (
    <>
      <Tabs part={part} />
      <Shown />
    </>
  );
}

function Absent() {
  return (
    <Page title="No such page">
      <p>
        Nothing is at this address. <Link href="/next">The load to come</Link> is a good place to
        start.
      </p>
    </Page>
  );
}
