"""Dashboard, alerts and what starts them fit together, and every alert has a way out."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from graphql import build_schema

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
SERVICES: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
DASHBOARD: dict[str, Any] = json.loads((DOCKER / "grafana" / "routecause.json").read_text())
ALERTS: dict[str, Any] = yaml.safe_load((DOCKER / "prometheus" / "alerts.yml").read_text())
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
WATCHERS = ("prometheus", "grafana")
AGENT = {"ask", "answer"}


def test_alerts_are_named_once_and_say_how_grave_they_are() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)
    assert {rule["labels"]["severity"] for rule in RULES} == {"critical", "warning"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_is_and_where_to_look(rule: dict[str, Any]) -> None:
    told = rule["annotations"]
    assert told["summary"]
    assert told["description"].endswith(".")
    page, _, anchor = told["runbook"].partition("#")
    text = (ROOT / page).read_text(encoding="utf-8")
    assert anchor == rule["alert"].lower()
    section = re.search(rf"^### {rule['alert']}\n(.+?)(?=^##)", f"{text}\n## ", re.M | re.S)
    assert section is not None, f"{page} has no section {rule['alert']}"
    for part in ("**Means**", "**Look at**", "**Do**"):
        assert part in section[1], f"{rule['alert']} has no {part}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_names_only_labels_that_it_has(rule: dict[str, Any]) -> None:
    kept = {
        label.strip()
        for labels in re.findall(r"\bby \(([^)]*)\)", rule["expr"])
        for label in labels.split(",")
    }
    if rule["expr"].startswith("up{"):
        kept = {"job", "instance"}
    words = " ".join(rule["annotations"].values())
    assert set(re.findall(r"\$labels\.(\w+)", words)) <= kept - {"le"}


def test_every_runbook_is_of_an_alert() -> None:
    text = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    told = re.findall(r"^### (Routecause\w+)$", text, re.MULTILINE)
    assert told == [rule["alert"] for rule in RULES]


def test_slow_is_not_said_of_what_may_take_long() -> None:
    (rule,) = [rule for rule in RULES if rule["alert"] == "RoutecauseApiSlow"]
    left_out = re.search(r'operation!~"([^"]+)"', rule["expr"])
    assert left_out is not None
    schema = build_schema((ROOT / "api" / "graphql" / "schema.graphql").read_text(encoding="utf-8"))
    assert schema.subscription_type is not None
    assert set(left_out[1].split("|")) == {*schema.subscription_type.fields, *AGENT}


def test_figures_of_the_fleet_are_joined_and_never_added_up() -> None:
    told = [rule["expr"] for rule in RULES]
    told += [one["expr"] for panel in PANELS for one in panel.get("targets", ()) if "expr" in one]
    fleet = [text for text in told if "routecause_deployment" in text]
    assert len(fleet) > 10
    assert [text for text in fleet if re.search(r"\bsum\b", text)] == []


def test_who_only_tries_routing_out_raises_no_alert() -> None:
    (rule,) = [rule for rule in RULES if rule["alert"] == "RoutecauseNoCandidate"]
    counted = re.findall(r"routecause_routing_picks_total(\{[^}]*\})?", rule["expr"])
    assert len(counted) == 2
    assert all('reserved="true"' in selector for selector in counted)


def test_panels_are_told_apart_and_none_covers_another() -> None:
    ids = [panel["id"] for panel in PANELS]
    assert len(set(ids)) == len(ids)
    taken: dict[tuple[int, int], str] = {}
    for panel in PANELS:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]


def test_every_panel_asks_the_chosen_data_source() -> None:
    source = {"type": "prometheus", "uid": "${datasource}"}
    for panel in PANELS:
        if panel["type"] == "row":
            continue
        assert panel["datasource"] == source, panel["title"]
        assert panel["targets"], panel["title"]
        assert all(target["datasource"] == source for target in panel["targets"])
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs), panel["title"]


def test_rows_and_variables_are_those_that_are_promised() -> None:
    rows = [panel["title"] for panel in PANELS if panel["type"] == "row"]
    assert rows == ["Fleet", "Service", "Ingest", "Agent"]
    variables = [variable["name"] for variable in DASHBOARD["templating"]["list"]]
    assert variables == ["datasource", "console", "job", "backend", "model", "deployment"]
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(PANELS)))
    known = {*variables, "__rate_interval", "__range", "__data", "__field"}
    assert used <= known


def test_deployments_lead_to_the_console() -> None:
    links = re.findall(r'"url": "([^"]+)"', json.dumps(PANELS))
    assert len(links) > 2
    assert all(link.startswith("${console:raw}/deployments/${__") for link in links)
    assert all(link.endswith(":percentencode}") for link in links)


@pytest.mark.parametrize("name", WATCHERS)
def test_watchers_start_only_when_asked_for_and_stay_on_this_machine(name: str) -> None:
    service = SERVICES["services"][name]
    assert service["profiles"] == ["monitoring"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", service["image"])
    assert set(service["secrets"]) <= SERVICES["secrets"].keys()


@pytest.mark.parametrize("name", WATCHERS)
def test_watchers_are_given_files_that_exist_and_cannot_change_them(name: str) -> None:
    for mount in SERVICES["services"][name]["volumes"]:
        source, target, *mode = mount.split(":")
        if source.startswith("."):
            assert (DOCKER / source).exists(), mount
            assert mode == ["ro"], mount
        else:
            assert source in SERVICES["volumes"], mount
        assert target.startswith("/")


def test_prometheus_reads_the_service_with_a_key_and_finds_its_rules() -> None:
    told = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yml").read_text())
    assert all((DOCKER / "prometheus" / name).is_file() for name in told["rule_files"])
    (job,) = told["scrape_configs"]
    assert job["job_name"] == "routecause"
    assert job["static_configs"] == [{"targets": ["service:8000"]}]
    _, _, secret = job["authorization"]["credentials_file"].rpartition("/run/secrets/")
    assert secret in SERVICES["services"]["prometheus"]["secrets"]
    jobs = re.findall(r'job="(\w+)"', str(ALERTS))
    assert set(jobs) == {job["job_name"]}


def test_grafana_finds_prometheus_and_the_dashboard() -> None:
    folder = DOCKER / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text())[
        "datasources"
    ]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((folder / "dashboards" / "routecause.yml").read_text())[
        "providers"
    ]
    grafana = SERVICES["services"]["grafana"]
    assert (
        f"./grafana/routecause.json:{provider['options']['path']}/routecause.json:ro"
        in grafana["volumes"]
    )
    _, _, secret = grafana["environment"]["GF_SECURITY_ADMIN_PASSWORD__FILE"].rpartition("/")
    assert secret in grafana["secrets"]
