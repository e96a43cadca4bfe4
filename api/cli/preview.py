"""What a policy would change, laid out for people: `routecause policy dry-run`."""

from typing import Any


def show_preview(found: dict[str, Any]) -> None:
    """Print what a dry run answered."""
    name = f"{found['policy']}@{found['version']}"
    asked = f"{found['sampled']} of {found['requests']} requests of {found['day']}"
    print(f"{name} over {asked}, against what is in force now")
    if not found["sampled"]:
        print("there is nothing to compare: no request of that day is known")
        return
    for field, words in (
        ("decided", "are decided by it"),
        ("same", "go where they go now"),
        ("moved", "go elsewhere"),
        ("ruled_out", "have no deployment any more"),
        ("rescued", "have one and had none"),
    ):
        share = 100 * found[field] / found["sampled"]
        print(f"{found[field]:>8}  {share:5.1f} %  {words}")
    print("expected, mean    now        then")
    for field, form in (
        ("cost_usd", "${:.6f}"),
        ("latency_ms", "{:.0f} ms"),
        ("quality", "{:.3f}"),
    ):
        before, after = (found[side][field] for side in ("before", "after"))
        shown = ["unknown" if one is None else form.format(one) for one in (before, after)]
        print(f"  {field:<14}  {shown[0]:<9}  {shown[1]}")
    _show_moves(found)
    for warning in found["warnings"]:
        print(f"warning: {warning}")
    for words in found["not_known"]:
        print(f"not known: {words}")


def _show_moves(found: dict[str, Any]) -> None:
    if found["rules"]:
        print("by rule")
        for rule, count in sorted(found["rules"].items(), key=lambda item: (-item[1], item[0])):
            print(f"{count:>8}  {rule or 'no rule fits'}")
    if found["moves"]:
        print("moves")
        for move in found["moves"]:
            route = f"{move['source'] or 'nowhere'} -> {move['target'] or 'nowhere'}"
            print(f"{move['requests']:>8}  {route}  ({', '.join(move['because']) or 'unknown'})")
