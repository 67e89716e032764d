"""Devices of a configuration for the machines that were found, as YAML. Pure. Their place in the plant is for a person."""

from collections.abc import Sequence
from typing import Any

import yaml

from edge.acquisition.device_settings import Device
from edge.onboarding.companions import Proposal
from edge.onboarding.draft import CONFIRM
from edge.onboarding.names import names_of

PLACE = "enterprise/site/area/line"


def devices_yaml(proposals: Sequence[Proposal], browsed: Device) -> str:
    """A `devices:` block with one line for each. `browsed`: how the server was reached."""
    names = names_of([[proposal.machine.name] for proposal in proposals])
    lines = ["devices:"]
    for name, proposal in zip(names, proposals, strict=True):
        fields: dict[str, Any] = {
            "name": name,
            "profile": proposal.profile.name,
            "url": browsed.url,
            "path": f"{PLACE}/{name}",
        }
        if proposal.choice is not None:
            fields["machine"] = proposal.choice.model_dump(exclude_none=True)
        if browsed.insecure:
            fields["insecure"] = True
        elif said := browsed.security.model_dump(mode="json", exclude_unset=True, exclude_none=True):
            fields["security"] = said
        Device(**fields)  # Raises ValidationError if it would not load, which is a mistake of ours.
        written = yaml.safe_dump(
            fields, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9
        )
        lines.append(f"  - {written.strip()}  # {CONFIRM} path: where it stands in the plant")
    return "\n".join(lines) + "\n"
