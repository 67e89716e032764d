"""What the names of other companion specifications mean, each in the namespace of its own document. Pure.

From OPC 40083 (EUROMAP 83, 12, 14, 18.4) and OPC 40501-1 (Machine Tools, 8.3, 8.4, 12). A name in another namespace means nothing:
unlike those of PackML, these are too common.
"""

from collections.abc import Mapping

from edge.onboarding.packml import Meaning

_EUROMAP_83 = "http://opcfoundation.org/UA/PlasticsRubber/GeneralTypes/"
_MACHINE_TOOL = "http://opcfoundation.org/UA/MachineTool/"

_DOCUMENTS = {_EUROMAP_83: "EUROMAP 83", _MACHINE_TOOL: "Machine Tools"}

BY_NAME: Mapping[str, Meaning] = {
    "EUROMAP 83: JobStatus": Meaning("state", vocabulary="euromap_job"),
    "EUROMAP 83: MachineMode": Meaning("mode", vocabulary="euromap_mode"),
    "EUROMAP 83: JobName": Meaning("order"),
    "EUROMAP 83: JobCycleCounter": Meaning("counter", "cycles", counts="cycles"),
    "EUROMAP 83: MachineCycleCounter": Meaning("counter", "cycles", counts="cycles"),
    "EUROMAP 83: JobPartsCounter": Meaning("counter", "parts", counts="parts"),
    "EUROMAP 83: JobGoodPartsCounter": Meaning("counter", "parts", counts="good"),
    "EUROMAP 83: JobBadPartsCounter": Meaning("counter", "parts", counts="reject"),
    "EUROMAP 83: StandstillReasonId": Meaning("alarm"),
    "Machine Tools: ChannelState": Meaning("state", vocabulary="machinetool_channel"),
    "Machine Tools: OperationMode": Meaning("mode", vocabulary="machinetool_mode"),
    "Machine Tools: PartsProducedInLifetime": Meaning("counter", "parts", counts="parts"),
}


def companion_name(namespace: str | None, name: str) -> str | None:
    """The name with its document, if it means something there."""
    document = _DOCUMENTS.get(namespace or "")
    standard = f"{document}: {name}"
    return standard if document and standard in BY_NAME else None
