"""A configuration as it was read once: the file, the profiles it names, and what they mean together.

Each file is read a single time, so that what was checked is what is used and what is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge.acquisition.located_yaml import Located, parse_yaml, read_text
from edge.acquisition.profile import Profile
from edge.drivers import profile_of
from edge.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Texts:
    """The file, and each profile file it names: by its path, relative to the file's folder where it lies below it."""

    file: str = ""
    profiles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Configuration:
    """Valid as a whole. `profiles`: by device."""

    settings: Settings
    profiles: Mapping[str, Profile]
    texts: Texts = Texts()

    @classmethod
    def of(cls, settings: Settings) -> "Configuration":
        """Of settings that are in no file. Raises ConfigError for a profile."""
        return cls(settings, {device.name: profile_of(device) for device in settings.devices})


class ConfigurationFiles:
    """What is read on the way to a configuration, also to one that is refused. `kept`: texts in place of the disk's."""

    def __init__(self, path: Path, kept: Texts | None = None) -> None:
        self.path = path
        self._folder = path.resolve().parent
        self._kept = {} if kept is None else {"": kept.file, **kept.profiles}
        self._texts: dict[str, str] = {}
        self._parsed: dict[str, Located] = {}  # Many devices name the same profile.
        self.paths: list[Path] = []

    @property
    def texts(self) -> Texts:
        """Of the files that were there."""
        profiles = {name: text for name, text in self._texts.items() if name}
        return Texts(self._texts.get("", ""), profiles)

    def configuration(self, present: Configuration | None = None) -> Configuration:
        """Raises ConfigError with every mistake in the file and in the profiles it names. `present`: what it takes over of
        this is not made again, for an edge has other things to do meanwhile."""
        settings = load_settings(self.path, self._read)
        made = {} if present is None else self._as_before(present, settings)
        profiles = {
            device.name: made.get(device.name) or profile_of(device, self._read)
            for device in settings.devices
        }
        return Configuration(settings, profiles, self.texts)

    def _as_before(self, present: Configuration, settings: Settings) -> dict[str, Profile]:
        """Of the devices that are the same, and whose profile's text is, or comes with Lineside."""
        texts = self.texts.profiles
        changed = {name for name, text in present.texts.profiles.items() if texts.get(name) != text}
        before = {device.name: device for device in present.settings.devices}
        return {
            device.name: present.profiles[device.name]
            for device in settings.devices
            if device == before.get(device.name) and self._name(Path(device.profile)) not in changed
        }

    def _read(self, path: Path) -> Located:
        name = self._name(path)
        if name not in self._texts:
            self.paths.append(path)
            self._texts[name] = self._kept[name] if name in self._kept else read_text(path)
        if name not in self._parsed:
            self._parsed[name] = parse_yaml(self._texts[name], source=str(path))
        return self._parsed[name]

    def _name(self, path: Path) -> str:
        if path == self.path:
            return ""
        return str(path.relative_to(self._folder)) if path.is_relative_to(self._folder) else str(path)


def read_configuration(path: Path, kept: Texts | None = None) -> Configuration:
    """Raises ConfigError with every mistake in the file and in the profiles it names."""
    return ConfigurationFiles(path, kept).configuration()
