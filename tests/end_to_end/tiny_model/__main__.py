"""``python -m tests.end_to_end.tiny_model [FOLDER]``: build a tiny model, fine-tune it and serve it on the local target, ask it.

Needs requirements.txt of this folder, and Linux with namespaces. With ``--screenshot FILE`` and Chromium, the chat page is
opened in it once.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from infra_lib import Project, Target
from infra_lib.workloads.scaffold import write_project
from tests.end_to_end.tiny_model.model import build_model

_EPOCHS = 2


def say(text: str) -> None:
    """One line of what is done."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Go the whole way in a new project."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="the new project (default: a folder that is deleted in the end)")
    parser.add_argument("--screenshot", type=Path, default=None, help="where to put a picture of the page")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="tiny-model-")) / "tiny"
    write_project(folder)
    project = Project.open(folder)
    say(f"built a model of {build_model(folder / 'model-cache' / 'tiny', folder / 'dataset' / 'dataset.jsonl'):,} parameters")
    with Target.local(project.store) as target:
        try:
            finetune(project, target)
            ask(project, target, arguments.screenshot)
        finally:
            if arguments.folder is None and target.manager is not None:
                target.manager.reset()
    if arguments.folder is None:
        shutil.rmtree(folder.parent, ignore_errors=True)


def finetune(project: Project, target: Target) -> None:
    """Train a LoRA adapter through the job, which leaves it on the share."""
    project.finetuning.provision(target, resource_group="tiny", location="westus3")
    config = project.config("finetuning")
    commands = ["cd /mount/finetuning", f"python3 finetune.py --epochs {_EPOCHS}"]
    config.write({**config.values, "COMMANDS": commands})
    execution = project.finetuning.run(target)
    for line in project.finetuning.logs(target, execution=execution.name, follow=True):
        say(f"  {line.text}")
    say(f"fine-tuning: {project.finetuning.wait(target, execution.name).status}")


def ask(project: Project, target: Target, screenshot: Path | None) -> None:
    """Serve base model and adapter through the app, and talk to them over HTTP."""
    project.inference.provision(target, resource_group="tiny", location="westus3")
    endpoint = project.inference.deploy(target, listener=lambda event: say(f"  {event.state} {event.message}"))
    with urllib.request.urlopen(f"{endpoint.url}/api/health", timeout=10) as answer:
        model = json.load(answer)["model"]
    say(f"{endpoint.url} serves {model}")
    if "adapter" not in model:
        raise SystemExit("The app does not serve the adapter.")
    question = urllib.request.Request(
        f"{endpoint.url}/api/chat", data=json.dumps({"message": "Hello"}).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(question, timeout=60) as answer:
        say(f"it says: {json.load(answer)['reply']!r}")
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if screenshot is not None and browser is not None:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000", f"--screenshot={screenshot}"]
        subprocess.run([browser, *options, endpoint.url], check=True, capture_output=True, timeout=120)
        say(f"the page is in {screenshot}")


if __name__ == "__main__":
    main()
