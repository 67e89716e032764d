"""Writing a value and calling a method, for what the configuration allows."""

from collections.abc import Sequence
from fractions import Fraction

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua import uaerrors
from asyncua.ua.attribute_ids import AttributeIds

from edge.acquisition.command_settings import CallableMethod
from edge.acquisition.driver import Value
from edge.acquisition.profile import Tag
from edge.acquisition.whole_steps import whole_steps
from edge.drivers.opcua.nodes import Nowhere
from edge.drivers.opcua.references import resolved
from edge.drivers.opcua.session import our_errors
from edge.errors import CommandRefused

_INTEGERS = frozenset(
    {
        ua.VariantType.SByte,
        ua.VariantType.Byte,
        ua.VariantType.Int16,
        ua.VariantType.UInt16,
        ua.VariantType.Int32,
        ua.VariantType.UInt32,
        ua.VariantType.Int64,
        ua.VariantType.UInt64,
    }
)


async def write(client: Client, node: ua.NodeId | Nowhere, tag: Tag, value: Value) -> None:
    """Write to the node of the tag, in the type the server has for it. Raises CommandRefused, DeviceUnavailable."""
    if isinstance(node, Nowhere):
        raise CommandRefused(node.why)
    with our_errors():
        try:
            kind = await client.get_node(node).read_data_type_as_variant_type()
            variant = ua.Variant(_raw(value, tag, kind), kind)
            # Without times: many PLCs refuse to have them written.
            wanted = ua.WriteValue(NodeId=node, AttributeId=AttributeIds.Value, Value=ua.DataValue(variant))
            (status,) = await client.uaclient.write(ua.WriteParameters([wanted]))
            status.check()
        except uaerrors.UaStatusCodeError as error:
            raise _refused(error) from error


async def call(client: Client, namespaces: Sequence[str], method: CallableMethod) -> None:
    """Call it and wait for the answer. Raises CommandRefused, DeviceUnavailable."""
    owner, function = resolved(method.object, namespaces), resolved(method.method, namespaces)
    if owner is None or function is None:
        raise CommandRefused("no such object or method, or no such namespace")
    arguments = [ua.Variant(one.value, ua.VariantType[one.type]) for one in method.arguments]
    request = ua.CallMethodRequest(ObjectId=owner, MethodId=function, InputArguments=arguments)
    with our_errors():
        try:
            (result,) = await client.uaclient.call([request])
            result.StatusCode.check()
        except uaerrors.UaStatusCodeError as error:
            raise _refused(error) from error


def _raw(value: Value, tag: Tag, kind: ua.VariantType) -> Value:
    """What the node has to hold so that the tag shows `value`. Raises CommandRefused."""
    if isinstance(value, str | bool) or value is None:
        return value
    if kind not in _INTEGERS:
        return float(Fraction(value) / tag.scale)
    whole = whole_steps(value, tag.scale)
    if whole is None:
        raise CommandRefused(
            f"{value:g} is no whole number of the {float(tag.scale):g} that the node counts in"
        )
    return whole


_GONE = (
    uaerrors.BadSessionIdInvalid,
    uaerrors.BadSessionClosed,
    uaerrors.BadSecureChannelIdInvalid,
    uaerrors.BadSecureChannelClosed,
    uaerrors.BadConnectionClosed,
    uaerrors.BadServerHalted,
    uaerrors.BadShutdown,
)


def _refused(error: uaerrors.UaStatusCodeError) -> Exception:
    """The device's no; or, if the session is gone, the error as it is."""
    return error if isinstance(error, _GONE) else CommandRefused(f"the device said {type(error).__name__}")
