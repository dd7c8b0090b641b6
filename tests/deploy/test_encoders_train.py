"""`vitrine encoders train`: a config in, a model out, or one line on what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from deploy.cli.main import app
from encoders.folders import folder_revision
from tests.encoders.shop.shops import some_goods, write_shop
from tests.encoders.tiny_models import build_tiny_text_model

VITRINE = Path(sys.executable).with_name("vitrine")


def test_a_model_comes_out(tmp_path: Path) -> None:
    """The answer names the model's folder and what it finds, before and after."""
    write_shop(tmp_path / "shop", some_goods())
    (tmp_path / "base").mkdir()
    build_tiny_text_model(tmp_path / "base")
    config = tmp_path / "train.toml"
    config.write_text(
        f'data = "{tmp_path}/shop/products.csv"\nout = "{tmp_path}/out"\nbase = "{tmp_path}/base"\n'
        'labels = ["colour"]\nsplit = ["group"]\nheld_out = 0.25\nbatch = 12\nepochs = 1\n'
    )
    result = CliRunner().invoke(app, ["encoders", "train", str(config), "--json"])
    assert result.exit_code == 0, result.output
    outcome = json.loads(result.stdout)
    assert folder_revision(Path(outcome["model"]))
    assert {line["measure"] for line in outcome["lines"]} >= {"Success@1", "P@5"}

    again = CliRunner().invoke(app, ["encoders", "train", str(config)])
    assert f"VITRINE_ENCODERS__TEXT={outcome['model']}" in again.stdout.replace("\n", "")


def test_a_wrong_setting_exits_with_2(tmp_path: Path) -> None:
    """A setting that does not exist ends the command with what was meant, and no traceback."""
    config = tmp_path / "train.toml"
    config.write_text('data = "products.csv"\nout = "out"\nepoch = 3\n')
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VITRINE_")}
    result = subprocess.run(
        [VITRINE, "encoders", "train", str(config)], env=clean, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 2
    assert "epoch is no setting: did you mean epochs?" in result.stderr
    assert "Traceback" not in result.stderr
