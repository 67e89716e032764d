"""Health checks of docker-compose.yml: who has one, and that it asks for what is there.

They are run for real where their processes run: tests/system/test_plain_installation.py and test_composed_sim.py.
"""

import re
from urllib.parse import urlsplit

import yaml
from typer.testing import CliRunner

import lineside
from plant_server.installation.doctor_texts import TEXTS
from plant_server.policy_table import POLICY
from tests.architecture.compose_file import OURS, ROOT, SERVICES, TOOLS, service, words_of


@service(*(name for name in SERVICES if name not in TOOLS | {"migrate"}))
def test_a_lasting_service_says_whether_it_is_well(name: str) -> None:
    test = SERVICES[name]["healthcheck"]["test"]
    if test[:2] == ["CMD", "lineside"]:
        done = CliRunner().invoke(lineside.app, [*test[2:], "--help"])
        assert done.exit_code == 0, done.output
        assert f"{test[-1]}-absent" in TEXTS, "the doctor knows the check"


def test_addresses_of_health_checks_are_routes_of_ours() -> None:
    asked = {
        name: re.findall(r'"(https?://[^"]+)"', str(one.get("healthcheck", ""))) for name, one in OURS.items()
    }
    found = {name: urlsplit(urls[0]) for name, urls in asked.items() if urls}
    assert set(found) == {"api", "bridge", "edge"}
    assert ("GET", found["api"].path) in POLICY
    of_bridge = (ROOT / "erp_bridge/api.py").read_text(encoding="utf-8")
    assert f'add_api_route("{found["bridge"].path}"' in of_bridge
    edge = found.pop("edge")
    example = yaml.safe_load((ROOT / "plant_server/installation/lineside.yaml").read_text(encoding="utf-8"))
    assert (edge.hostname, edge.port) == (example["metrics"]["host"], example["metrics"]["port"])
    assert f'path == "{edge.path}"' in (ROOT / "edge/health_server.py").read_text(encoding="utf-8")
    for name, url in found.items():
        assert str(url.port) in words_of(OURS[name]), "the port it listens on"
