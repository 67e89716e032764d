"""One tag as it is written in a profile, and every mistake that can be made in it."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from edge.acquisition.addresses import Address, ModbusAddress, OpcUaAddress, RegisterType, Table, WordOrder
from edge.acquisition.plc_addresses import PLCS
from edge.acquisition.profile import Tag, Watch
from edge.acquisition.written_parts import (
    ModbusDefaults,
    OpcUaDefaults,
    WrittenPart,
    WrongTag,
    datatype_of,
    exact_of,
    paths_of,
    raw_patterns_of,
    scale_of,
    steps_of,
)
from edge.contract.datatypes import DataType
from edge.contract.roles import Counts, Role

VOCABULARIES = {
    Role.STATE: frozenset(
        {"packml", "machinery", "machinetool_program", "machinetool_channel", "euromap_job", "cell"}
    ),
    Role.MODE: frozenset({"packml_mode", "machinery_mode", "machinetool_mode", "euromap_mode"}),
}
"""Code tables by the role of the tags that are read by them; the plant knows the same names."""

COUNTED_UNITS = {Role.COUNTER: frozenset({"parts", "cycles"}), Role.METER: frozenset({"Wh"})}


class TagEntry(WrittenPart):
    """One tag as it is written: what it means, and the address keys of its driver."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)*$", max_length=120)
    role: Role
    unit: str = Field(default="1", min_length=1, max_length=24)
    datatype: Annotated[DataType | None, BeforeValidator(datatype_of)] = None
    scale: Annotated[Fraction, BeforeValidator(scale_of)] = Fraction(1)
    offset: Annotated[Fraction, BeforeValidator(exact_of)] = Fraction(0)
    transformer: Literal["current", "voltage", "both"] | None = None
    deadband: float = Field(default=0.0, ge=0)
    period_s: float | None = Field(default=None, gt=0)
    width: int | None = Field(default=None, ge=8, le=64, validate_default=True)
    rate_max: float | None = Field(default=None, gt=0, validate_default=True)
    counts: Counts | None = Field(default=None, validate_default=True)
    vocabulary: str | None = Field(default=None, validate_default=True)
    # OPC UA
    node: str | None = None
    path: Annotated[tuple[str, ...], BeforeValidator(paths_of)] = ()
    at: Annotated[tuple[int | str, ...], BeforeValidator(steps_of)] = ()
    mode: Literal["poll", "subscribe"] | None = None
    sampling_ms: int | None = Field(default=None, ge=0, le=3_600_000)
    publishing_ms: int | None = Field(default=None, ge=10, le=60_000)
    queue: int | None = Field(default=None, ge=1, le=10_000)
    discard_oldest: bool | None = None
    # Modbus
    register_: int | None = Field(default=None, alias="register", ge=0, le=65535)
    address: str | None = None  # As the PLC's maker writes it; `modbus.plc` says whose notation it is.
    scale_register: int | None = Field(default=None, ge=0, le=65535)
    table: Table | None = None
    type: RegisterType = RegisterType.UINT16
    word_order: WordOrder | None = None
    bit: int = Field(default=0, ge=0, le=15)
    length: int = Field(default=0, ge=0, le=125)
    nan: Annotated[tuple[int, ...], BeforeValidator(raw_patterns_of)] = ()

    @field_validator("unit")
    @classmethod
    def _unit_counts_whole_things(cls, unit: str, info: ValidationInfo) -> str:
        allowed = COUNTED_UNITS.get(info.data.get("role", Role.TEXT))
        if allowed and unit not in allowed:
            raise ValueError(f"of a {info.data['role']} should be {' or '.join(sorted(allowed))}")
        return unit

    @field_validator("deadband")
    @classmethod
    def _counts_have_no_deadband(cls, deadband: float, info: ValidationInfo) -> float:
        if deadband and _is_counted(info):
            raise ValueError("a counter or meter has none: each count matters")
        return deadband

    @field_validator("offset")
    @classmethod
    def _counts_begin_at_nought(cls, offset: Fraction, info: ValidationInfo) -> Fraction:
        if offset and _is_counted(info):
            raise ValueError("a counter or meter has none")
        return offset

    @field_validator("width", "rate_max")
    @classmethod
    def _counted_is_bounded(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is None and _is_counted(info):
            raise ValueError("is needed for a counter or meter: the plant tells a wrap from a restart by it")
        if value is not None and "role" in info.data and not _is_counted(info):
            raise ValueError("is for counters and meters only")
        return value

    @field_validator("counts")
    @classmethod
    def _counter_says_what(cls, counts: Counts | None, info: ValidationInfo) -> Counts | None:
        if "role" in info.data and (counts is None) == (info.data["role"] is Role.COUNTER):
            raise ValueError("goes with a counter, and a counter needs it: cycles, parts, good or reject")
        return counts

    @field_validator("vocabulary")
    @classmethod
    def _known_code_table(cls, vocabulary: str | None, info: ValidationInfo) -> str | None:
        role = info.data.get("role", Role.TEXT)
        known = VOCABULARIES.get(role, frozenset())
        if vocabulary is None and role is Role.STATE:
            raise ValueError(f"is needed for a state: one of {', '.join(sorted(known))}")
        if vocabulary is not None and "role" in info.data and vocabulary not in known:
            raise ValueError(f"of role {role} should be {' or '.join(sorted(known)) or 'absent'}")
        return vocabulary

    def tag(self, driver: str, namespace: str | None, modbus: ModbusDefaults, opcua: OpcUaDefaults) -> Tag:
        """The tag in a profile with these defaults. Raises WrongTag."""
        address: Address = self._node(namespace, opcua) if driver == "opcua" else self._registers(modbus)
        datatype = self.datatype or self._datatype_of_registers(address)
        self._check_counted(address, datatype)
        return Tag(
            name=self.name,
            role=self.role,
            datatype=datatype,
            address=address,
            unit=self.unit,
            scale=self.scale,
            offset=self.offset,
            transformer=self.transformer,
            width=self.width,
            rate_max=self.rate_max,
            counts=self.counts,
            deadband=self.deadband,
            period_s=self.period_s,
            vocabulary=self.vocabulary,
            watch=self._watch(opcua) if driver == "opcua" else None,
        )

    def _watch(self, defaults: OpcUaDefaults) -> Watch | None:
        given = {key: getattr(self, key) for key in _WATCH_KEYS}
        if (self.mode or defaults.mode) == "poll":
            if said := [key for key, value in given.items() if value is not None]:
                raise WrongTag(said[0], "goes with mode: subscribe, and this tag is polled")
            return None
        if self.period_s is not None:
            raise WrongTag("period_s", "is for a tag that is polled; this one is told by the server")
        return Watch(
            **{key: getattr(defaults, key) if value is None else value for key, value in given.items()}
        )

    def _node(self, namespace: str | None, opcua: OpcUaDefaults) -> OpcUaAddress:
        if self.node is None and not self.path:
            raise WrongTag("node", "is missing, and so is path")
        for key in (
            "register_",
            "address",
            "scale_register",
            "table",
            "word_order",
            "bit",
            "length",
            "nan",
            "type",
        ):
            if key in self.model_fields_set:
                raise WrongTag(key.rstrip("_"), "is for Modbus, and this profile is for OPC UA")
        if self.node is None:
            return OpcUaAddress(at=self.at, paths=tuple(opcua.path(text, "path") for text in self.path))
        if self.path:
            raise WrongTag("path", "takes the place of node")
        if self.node.startswith(("ns=", "nsu=")):
            return OpcUaAddress(self.node, self.at)
        if not self.node.startswith(("s=", "i=", "g=", "b=")):
            raise WrongTag("node", "should be a node id such as s=Admin.ProdProcessedCount or nsu=urn:x;i=12")
        if namespace is None:
            return OpcUaAddress(self.node, self.at)
        return OpcUaAddress(f"nsu={namespace};{self.node}", self.at)

    def _registers(self, modbus: ModbusDefaults) -> ModbusAddress:
        for key in ("node", "path", "at", "mode", *_WATCH_KEYS):
            if key in self.model_fields_set:
                raise WrongTag(key, "is for OPC UA, and this profile is for Modbus")
        table, register, maker_order = self._place(modbus)
        if table.is_bits and self.type is not RegisterType.BIT:
            raise WrongTag("type", f"of a {table} should be bit")
        if (self.type is RegisterType.STRING) != (self.length > 0):
            raise WrongTag("length", "in registers goes with a string, and a string needs it")
        said = "word_order" in modbus.model_fields_set or maker_order is None
        word_order = self.word_order or (modbus.word_order if said else maker_order) or WordOrder.ABCD
        address = ModbusAddress(
            table, register, self.type, word_order, self.bit, self.length, self.nan, self.scale_register
        )
        if address.end > 65536:
            raise WrongTag(
                "register", f"the value would end at register {address.end - 1}, the last is 65535"
            )
        if address.end - address.first > modbus.max_registers_per_read:
            key = "length" if self.scale_register is None else "scale_register"
            raise WrongTag(key, f"is more than the {modbus.max_registers_per_read} of one read")
        return address

    def _place(self, modbus: ModbusDefaults) -> tuple[Table, int, WordOrder | None]:
        """Table and register, and the order in which the maker of the PLC puts words, where it is known."""
        if self.address is None:
            if self.register_ is None:
                raise WrongTag("register", "is missing")
            return self.table or modbus.table, self.register_, None
        if self.register_ is not None or self.table is not None:
            raise WrongTag("address", "takes the place of register and table")
        if modbus.plc is None:
            raise WrongTag("address", "needs modbus: {plc: …}, which says whose notation it is")
        try:
            table, register = PLCS[modbus.plc].place(self.address)
        except ValueError as error:
            raise WrongTag("address", str(error)) from error
        return table, register, PLCS[modbus.plc].word_order

    def _datatype_of_registers(self, address: Address) -> DataType:
        if not isinstance(address, ModbusAddress):
            raise WrongTag("datatype", "is missing")
        if self.role.is_counted:
            return DataType.UINT64
        if self.scale != 1 or self.offset or address.scale_register is not None:
            return DataType.DOUBLE
        return _DATATYPES[address.type]

    def _check_counted(self, address: Address, datatype: DataType) -> None:
        if not self.role.is_counted or self.width is None:
            return
        if datatype > DataType.UINT64:
            raise WrongTag("datatype", "of a counter or meter should be an integer")
        if self.scale < 0:
            raise WrongTag("scale", "of a counter or meter should be above 0")
        if not isinstance(address, ModbusAddress):
            return
        if address.type in (RegisterType.BIT, RegisterType.STRING):
            raise WrongTag("type", "of a counter or meter should be a number")
        if not address.goes_round_at_its_width:
            return
        if self.scale.denominator != 1:
            raise WrongTag(
                "scale", f"of a counter or meter should be a whole number of {self.unit} per count"
            )
        if self.width > address.type.bits:
            raise WrongTag("width", f"is more than the {address.type.bits} bits of {address.type}")


_WATCH_KEYS = ("sampling_ms", "publishing_ms", "queue", "discard_oldest")

_DATATYPES = {
    RegisterType.UINT16: DataType.UINT16,
    RegisterType.INT16: DataType.INT16,
    RegisterType.UINT32: DataType.UINT32,
    RegisterType.INT32: DataType.INT32,
    RegisterType.UINT64: DataType.UINT64,
    RegisterType.INT64: DataType.INT64,
    RegisterType.FLOAT32: DataType.FLOAT,
    RegisterType.FLOAT64: DataType.DOUBLE,
    RegisterType.BCD16: DataType.UINT16,
    RegisterType.BCD32: DataType.UINT32,
    RegisterType.BIT: DataType.BOOLEAN,
    RegisterType.STRING: DataType.STRING,
}


def _is_counted(info: ValidationInfo) -> bool:
    role = info.data.get("role")
    return isinstance(role, Role) and role.is_counted
