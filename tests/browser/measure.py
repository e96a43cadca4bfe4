"""Prints how soon and how smoothly the console of a running service shows, in a real Chromium.

`make console-bench` runs it beside `make demo`, or `ROUTECAUSE_URL` says where the service is. The
frames of a rest, while nothing moves, are the floor; one of 16.7 ms is as good as the screen.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from api.console.node import Node, find_node

FOLDER = Path(__file__).parent
PICTURES = FOLDER.parents[1] / "build" / "browser"
SCRIPT_LIMIT_S = 180
LOADS = {
    "trends": "90 days of hourly points for 8 of 100 deployments, with intervals",
    "fleet": "100 deployments, by place, some of them changing all the time",
}
VISITS = 5


def run(node: Node, script: str, **options: object) -> dict[str, Any]:
    """What a script of this folder returns."""
    unpack_to = FOLDER / "node_modules" / ".chromium"
    given = {"unpackTo": str(unpack_to), "pictures": str(PICTURES), **options}
    command = [node.node, str(FOLDER / f"{script}.mjs"), json.dumps(given)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=SCRIPT_LIMIT_S, check=True
    )
    result: dict[str, Any] = json.loads(done.stdout)["result"]
    if "error" in result:
        raise SystemExit(result["error"])
    return result


def main() -> None:
    """Measure and print."""
    url = os.environ.get("ROUTECAUSE_URL", "http://127.0.0.1:8000")
    node = find_node()
    PICTURES.mkdir(parents=True, exist_ok=True)
    node.install(FOLDER, say=lambda text: print(text, file=sys.stderr))
    visits = [run(node, "first_load", url=url) for _ in range(VISITS)]
    sizes = dict(visits[0]["loaded"])
    shown = sorted(visit["dataMs"] for visit in visits)
    print(f"first visit: {sum(sizes.values()) / 1000:.0f} kB in {len(sizes)} files, compressed")
    print(f"  data of the fleet on screen after {shown[0]:.0f} to {shown[-1]:.0f} ms", end="")
    print(f" of navigation ({VISITS} visits with an empty cache)")
    for load, words in LOADS.items():
        print(f"{load}: {words}")
        for name, told in run(node, "smooth", url=url, load=load)["phases"].items():
            figures = ", ".join(f"{at} {told[f'{at}_ms']} ms" for at in ("p50", "p95", "longest"))
            print(f"  {name:<8} frames: {figures}")


if __name__ == "__main__":
    main()
