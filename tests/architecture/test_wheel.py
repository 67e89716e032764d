"""The wheel installs with each extra alone, and what an extra promises can be imported with it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = str(Path(sys.executable).with_name("uv"))
IMPORTS = {
    "edge": [
        "edge.run",
        "edge.drivers.opcua",
        "edge.drivers.modbus",
        "edge.onboarding.browsing",
        "edge.onboarding.probing",
        "edge.commands",
    ],
    "server": [
        "plant_server.ingest.run",
        "plant_server.keeper.run",
        "plant_server.api",
        "plant_server.commands",
        "plant_server.installation.commands",
        "plant_server.installation.doctor",
        "plant_server.installation.restore",
        "dashboards.preview",
    ],
    "bridge": ["erp_bridge.run", "erp_bridge.api", "erp_bridge.commands"],
    "sim": ["simulators.factory", "simulators.erp_core", "simulators.plm", "simulators.commands"],
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        UV,
        "build",
        "--wheel",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "--out-dir",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=110)
    (built,) = folder.glob("lineside-*.whl")
    return built


@pytest.mark.timeout(300)
@pytest.mark.parametrize("extra", IMPORTS)
def test_an_extra_alone_is_enough_for_its_processes(extra: str, wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    subprocess.run(
        [UV, "venv", "--quiet", "--python", sys.executable, str(environment)], check=True, timeout=60
    )
    python = str(environment / "bin" / "python")
    install = [
        UV,
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "--constraint",
        str(ROOT / "requirements.lock"),
    ]
    subprocess.run([*install, f"{wheel}[{extra}]"], check=True, timeout=200)
    for module in IMPORTS[extra]:
        subprocess.run([python, "-c", f"import {module}"], check=True, cwd=tmp_path, timeout=60)
    shown = subprocess.run(
        [python, "-m", "lineside", "--help"],
        check=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "shop-floor" in shown.stdout


def test_without_its_extra_a_subcommand_says_which_one_to_install(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    subprocess.run(
        [UV, "venv", "--quiet", "--python", sys.executable, str(environment)], check=True, timeout=60
    )
    python = str(environment / "bin" / "python")
    subprocess.run([UV, "pip", "install", "--quiet", "--python", python, str(wheel)], check=True, timeout=110)
    ran = subprocess.run(
        [python, "-m", "lineside", "ingest"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 1
    assert "pip install 'lineside[server]'" in ran.stderr
