"""The configuration of a device: where a machine is reached, and how the connection is secured."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator, model_validator

from edge.acquisition.command_settings import CallableMethod, WritableTags
from edge.acquisition.modbus_url import MODBUS_SCHEMES, endpoint_of
from edge.acquisition.setting_types import (
    DEFAULT_PORTS,
    EquipmentPath,
    SettingsPart,
    SparkplugId,
    checked_url,
    first_line,
)

SECURITY_FILES = ("certificate", "key", "trust", "password_file", "user_certificate", "user_key")


class Security(SettingsPart):
    """OPC UA security of one device."""

    policy: Literal["Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"] = "Basic256Sha256"
    mode: Literal["Sign", "SignAndEncrypt"] = "SignAndEncrypt"
    certificate: Path | None = None
    """The edge's application certificate, DER or PEM. Without one, the edge makes its own and keeps it."""
    key: Path | None = Field(default=None, validate_default=True)
    """The key of `certificate`, PEM or DER."""
    trust: Path | None = None
    """Server certificates to trust, or those of who signs them, with their revocation lists: a file, or a folder of files.
    Without, those that `lineside edge trust accept` was told to trust."""
    user: str | None = None
    """Whom to log in as; without, nobody in particular."""
    password_file: Path | None = Field(default=None, validate_default=True)
    """File whose first line is the password of `user`."""
    user_certificate: Path | None = None
    """Certificate to log in with in place of a name and a password, DER or PEM."""
    user_key: Path | None = Field(default=None, validate_default=True)
    """The key of `user_certificate`, PEM or DER, without a password."""

    @field_validator("key")
    @classmethod
    def _certificate_has_its_key(cls, key: Path | None, info: ValidationInfo) -> Path | None:
        if "certificate" in info.data and (key is None) != (info.data["certificate"] is None):
            raise ValueError("and certificate go together")
        return key

    @field_validator("password_file")
    @classmethod
    def _user_has_a_password(cls, password_file: Path | None, info: ValidationInfo) -> Path | None:
        if "user" in info.data and (password_file is None) != (info.data["user"] is None):
            raise ValueError("and user go together")
        return password_file

    @field_validator("user_key")
    @classmethod
    def _one_identity(cls, user_key: Path | None, info: ValidationInfo) -> Path | None:
        if "user_certificate" in info.data and (user_key is None) != (info.data["user_certificate"] is None):
            raise ValueError("and user_certificate go together")
        if user_key is not None and info.data.get("user") is not None:
            raise ValueError("and user cannot both be set: there is one identity")
        return user_key

    def password(self) -> str | None:
        """First line of the password file. Raises ConfigError if it cannot be read."""
        return first_line(self.password_file)


class MachineChoice(SettingsPart):
    """Which machine is meant, where one OPC UA server has several. All that is said here has to fit."""

    name: str | None = Field(default=None, min_length=1)
    """Its browse name, in whatever namespace."""
    serial_number: str | None = Field(default=None, min_length=1)
    """As its identification says it."""
    product_instance_uri: str | None = Field(default=None, min_length=1)
    """As its identification says it; unique in the world."""

    @model_validator(mode="after")
    def _says_something(self) -> "MachineChoice":
        if not self.model_fields_set:
            raise ValueError("should say name, serial_number or product_instance_uri")
        return self


class Device(SettingsPart):
    """One machine or meter: what it is, where it is reached, and where it stands in the plant."""

    name: SparkplugId
    """Sparkplug device id, unique within the edge also when case is ignored."""
    profile: str = Field(min_length=1)
    """Name of a profile that comes with Lineside, or a .yaml file of your own."""
    variant: str | None = None
    """Of the profile, where documents contradict one another: `lineside edge check` says which one fits."""
    url: str
    """`opc.tcp://host[:port][/path]`, `modbus://host[:port]`, `modbus+rtu://host:port` (RTU through a serial server) or
    `modbus+rtu:///dev/ttyUSB0?baud=9600&parity=E&stopbits=1`. Modbus devices with the same URL share one connection."""
    path: EquipmentPath
    """EquipmentPath: enterprise/site/area/line/station."""
    period_s: float = Field(default=1.0, ge=0.05, le=3600)
    """Time between two polls."""
    timeout_s: float = Field(default=4.0, gt=0, le=60)
    """Deadline of connecting and of one poll."""
    unit_id: int = Field(default=1, ge=0, le=255)
    """Modbus unit behind the address."""
    reply_s: float = Field(default=1.0, gt=0, le=60)
    """Modbus: how long one answer may take. A silent unit holds the others of its line up for so long at each attempt."""
    registers_per_read: int | None = Field(default=None, ge=1, le=125)
    """Modbus registers in one request, where the device takes fewer than its profile says."""
    ct_ratio: int = Field(default=1, ge=1, le=100_000)
    """Current transformers before a meter that does not know of them: 100/5 A is 20."""
    pt_ratio: int = Field(default=1, ge=1, le=100_000)
    """Voltage transformers, likewise: 10 kV/100 V is 100."""
    gap_limit: int | None = Field(default=None, ge=0, le=124)
    """Modbus registers nobody asked for that a request may span; 0: none. In place of the profile's."""
    nodes_per_read: int = Field(default=1000, ge=1, le=1000)
    """OPC UA nodes in one request, if the server's own limit is not lower. An S7-1200 is fastest with 100."""
    scalar_read: bool = False
    """OPC UA: decode polled numbers and texts by the edge's own short cut, for a fraction of the CPU. It leans on the inside
    of one version of the client library; with another the device is read as usual."""
    namespace: str | None = None
    """OPC UA namespace URI of the machine, in place of the profile's."""
    machine: MachineChoice | None = None
    """OPC UA: which machine of the server, for a profile that finds machines by a companion specification. Without, there
    has to be one alone."""
    security: Security = Security()
    insecure: bool = False
    """OPC UA without signing and encryption. Only where the network is trusted."""
    writable: WritableTags = ()
    """Tags a host may write, with a DCMD to the tag's metric. None, unless they stand here."""
    methods: tuple[CallableMethod, ...] = ()
    """OPC UA methods a host may call. None, unless they stand here."""

    @field_validator("url")
    @classmethod
    def _known_protocol(cls, url: str) -> str:
        if urlsplit(url).scheme not in MODBUS_SCHEMES:
            return checked_url(url, ("opc.tcp", *MODBUS_SCHEMES))
        endpoint_of(url)
        return url

    @field_validator("insecure")
    @classmethod
    def _one_or_the_other(cls, insecure: bool, info: ValidationInfo) -> bool:
        security: Security | None = info.data.get("security")
        if insecure and security is not None and security.model_fields_set - {"user", "password_file"}:
            raise ValueError("and security cannot both be set")
        return insecure

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or DEFAULT_PORTS[self.scheme]
