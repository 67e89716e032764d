"""Properties of metrics, the quality above all (chapter 6)."""

import dataclasses
from collections.abc import Callable

from tests.contract import sparkplug_reading as sparkplug
from tests.contract.sparkplug_reading import Metric, Payload, Properties, Property, Value
from tests.contract.tck.breaking import change, payload, sent
from tests.contract.tck.registry import Mutation, rule
from tests.contract.tck.session_view import BIRTHS, DATA, Message, View, found

_QUALITIES = (0, 192, 500)


def _sets(view: View, *kinds: str) -> list[tuple[Message, Properties]]:
    return found(
        [
            (message, each.properties)
            for message in view.sent_by_edges(*kinds)
            for each in message.payload.metrics
            if each.properties is not None
        ],
        f"property in {kinds}",
    )


def _broken(kind: str, edit: Callable[[Properties], Properties], key: str | None = None) -> Mutation:
    """In the first message that has one: the first metric with properties (with `key` among them) edited."""

    def has_it(each: Metric) -> bool:
        return each.properties is not None and (key is None or key in each.properties.keys)

    def has_properties(body: Payload) -> bool:
        return any(has_it(each) for each in body.metrics)

    def edited(old: Payload) -> Payload:
        chosen = next(index for index, each in enumerate(old.metrics) if has_it(each))
        metrics = [_with(each, edit) if index == chosen else each for index, each in enumerate(old.metrics)]
        return dataclasses.replace(old, metrics=tuple(metrics))

    return change(sent(kind, having=has_properties), payload(edited))


def _with(old: Metric, edit: Callable[[Properties], Properties]) -> Metric:
    assert old.properties is not None
    return dataclasses.replace(old, properties=edit(old.properties))


def _first(**changes: object) -> Callable[[Properties], Properties]:
    def edit(old: Properties) -> Properties:
        first = dataclasses.replace(old.values[0], **changes)  # type: ignore[arg-type]
        return dataclasses.replace(old, values=(first, *old.values[1:]))

    return edit


def _quality(**changes: object) -> Callable[[Properties], Properties]:
    def edit(old: Properties) -> Properties:
        index = old.keys.index("Quality")
        changed = dataclasses.replace(old.values[index], **changes)  # type: ignore[arg-type]
        return dataclasses.replace(old, values=(*old.values[:index], changed, *old.values[index + 1 :]))

    return edit


def _one_key_less(old: Properties) -> Properties:
    return dataclasses.replace(old, keys=old.keys[:-1])


def _one_value_less(old: Properties) -> Properties:
    return dataclasses.replace(old, values=old.values[:-1])


@rule("tck-id-payloads-propertyset-keys-array-size", broken_by=_broken("DBIRTH", _one_key_less))
@rule("tck-id-payloads-propertyset-values-array-size", broken_by=_broken("DBIRTH", _one_value_less))
def there_are_as_many_keys_as_values(view: View) -> None:
    for message, properties in _sets(view, *BIRTHS, *DATA):
        assert len(properties.keys) == len(properties.values), f"{message}: {properties.keys}"


@rule("tck-id-payloads-metric-propertyvalue-type-type", broken_by=_broken("DBIRTH", _first(type=2**33)))
def a_property_type_is_a_32_bit_number(view: View) -> None:
    for message, properties in _sets(view, *BIRTHS, *DATA):
        for value in properties.values:
            assert value.type is None or value.type < 2**32, f"{message}: a property of type {value.type}"


@rule(
    "tck-id-payloads-metric-propertyvalue-type-value",
    broken_by=_broken("DBIRTH", _first(type=sparkplug.FILE)),
)
def a_property_type_is_one_of_sparkplugs(view: View) -> None:
    for message, properties in _sets(view, *BIRTHS, *DATA):
        for value in properties.values:
            known = value.type is None or value.type in sparkplug.PROPERTY_TYPES
            assert known, f"{message}: a property of type {value.type}"


@rule("tck-id-payloads-metric-propertyvalue-type-req", broken_by=_broken("DBIRTH", _first(type=None)))
def births_state_the_type_of_every_property(view: View) -> None:
    for message, properties in _sets(view, *BIRTHS):
        for key, value in zip(properties.keys, properties.values, strict=False):
            assert value.type is not None, f"{message}: property {key} has no type"


def _qualities(view: View) -> list[tuple[Message, Property]]:
    cases = [(message, properties.get("Quality")) for message, properties in _sets(view, *BIRTHS, *DATA)]
    return found([(message, value) for message, value in cases if value is not None], "quality")


@rule(
    "tck-id-payloads-propertyset-quality-value-type",
    broken_by=_broken("DDATA", _quality(type=sparkplug.INT64), key="Quality"),
)
def quality_is_an_int32(view: View) -> None:
    for message, value in _qualities(view):
        assert value.type == sparkplug.INT32, f"{message}: the quality is of type {value.type}"


@rule(
    "tck-id-payloads-propertyset-quality-value-value",
    broken_by=_broken("DDATA", _quality(value=Value("int", 193)), key="Quality"),
)
def quality_is_bad_good_or_stale(view: View) -> None:
    for message, value in _qualities(view):
        assert value.value is not None, f"{message}: the quality is {value.value}"
        assert value.value.field == "int", f"{message}: the quality is {value.value}"
        assert value.value.content in _QUALITIES, f"{message}: the quality is {value.value.content!r}"
