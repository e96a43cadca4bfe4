"""Which playbook answers which intent."""

from collections.abc import Mapping
from typing import Final

from agent.playbooks import (
    best,
    changes,
    experiments,
    fleet,
    incidents,
    objectives,
    outlook,
    routing,
    spending,
    trends,
    why,
)
from agent.playbooks.answering import Playbook
from agent.understanding.question import Intent

PLAYBOOKS: Final[Mapping[Intent, Playbook]] = {
    Intent.FLEET_HEALTH: fleet.fleet_health,
    Intent.STATUS: fleet.status,
    Intent.INCIDENTS: incidents.incidents,
    Intent.MAINTENANCE: incidents.maintenance,
    Intent.SIMILAR_INCIDENTS: incidents.similar_incidents,
    Intent.WHY_CHANGED: why.why_changed,
    Intent.ERROR_CAUSES: why.error_causes,
    Intent.WHAT_IF: why.what_if,
    Intent.WHY_ROUTED: routing.why_routed,
    Intent.WHICH_BACKEND: routing.which_backend,
    Intent.TREND: trends.trend,
    Intent.COMPARE: trends.compare,
    Intent.BEST_MODEL: best.best_model,
    Intent.COST: spending.cost,
    Intent.BUDGET: spending.budget,
    Intent.SAVINGS: spending.savings,
    Intent.SLOS: objectives.slos,
    Intent.FORECAST: outlook.forecast,
    Intent.CAPACITY_RISK: outlook.capacity_risk,
    Intent.EXPERIMENT: experiments.experiment,
    Intent.ROLLOUT: experiments.rollout,
    Intent.CHANGES: changes.changes,
    Intent.HELP: changes.help,
}
