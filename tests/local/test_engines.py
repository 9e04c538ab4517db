"""Apps and jobs in Docker and Podman: what a user of an app sees of it.

By default through a stand-in that takes an engine's command lines and runs processes. INFRA_TEST_CONTAINERS names engines to try
for real (``docker,podman``), INFRA_TEST_IMAGE an image with BusyBox's programs that they have or can pull.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from infra_lib.deploy.target import Target
from infra_lib.errors import InputError
from infra_lib.local.replicas.engine import private_folder
from tests.local.conftest import GROUP, Clients
from tests.local.running import App, World, eventually, get
from tests.local.test_replicas import log, processes_of

REAL = [name for name in os.environ.get("INFRA_TEST_CONTAINERS", "").split(",") if name]
STAND_IN = "stand-in"
IMAGE = os.environ.get("INFRA_TEST_IMAGE", "docker.io/library/busybox:latest")


def install_stand_in(folder: Path) -> Path:
    """A folder of programs with a stand-in for Docker."""
    programs = folder / "bin"
    for name in ("containers", "volumes", "images"):
        (programs / "state" / name).mkdir(parents=True)
    (programs / "state/images/there").touch()
    shutil.copy(Path(__file__).with_name("stand_in_engine.py"), programs / "docker")
    (programs / "docker").chmod(0o755)
    return programs


class EngineWorld(World):
    """A world whose containers run from an image."""

    def __init__(self, clients: Clients, engine: str) -> None:
        super().__init__(clients)
        self.stands_in = engine == STAND_IN
        self.engine = "docker" if self.stands_in else engine
        self.image = "there" if self.stands_in else IMAGE
        if self.stands_in:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
        clients.manager.choose_containers(self.engine)
        (self.share / "index.html").write_text("from the share")

    @property
    def serve(self) -> str:
        """The command of an app that serves the share."""
        web = "python3 -m http.server --directory /mount" if self.stands_in else "httpd -f -h /mount -p"
        return f"exec {web} {self.port}"

    def container(self, command: str, **more: Any) -> dict[str, Any]:
        return {**super().container(command), "image": self.image, "command": ["/bin/sh", "-c", command], **more}

    def app(self, command: str = "", name: str = "app1", *, mode: str = "Single", **more: Any) -> App:
        probe = {"type": "Readiness", "httpGet": {"path": "/", "port": self.port}}
        return self.app_of(self.template(self.container(command or self.serve, probes=[probe], **more)), name, mode=mode)

    def template(self, *containers: dict[str, Any], **more: Any) -> dict[str, Any]:
        return super().template(*containers, terminationGracePeriodSeconds=1, **more)

    def left(self, folder: Path) -> list[str]:
        """The containers and volumes of an app that the engine still has."""
        chosen = ["--quiet", "--filter", f"label=infra-lib.folder={folder}"]
        return [item for what in (("ps", "--all"), ("volume", "ls")) for item in self.ask(*what, *chosen).split()]

    def folder(self) -> Path:
        """The folder of the one app or execution that runs."""
        store = self.clients.manager.store_path
        assert store is not None
        return next((store.resolve() / "replicas").rglob("engine")).parent

    def ask(self, *arguments: str) -> str:
        return subprocess.run([self.engine, *arguments], capture_output=True, text=True, check=True).stdout


@pytest.fixture(params=[STAND_IN, *REAL])
def world(
    stored: Callable[..., Clients], tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EngineWorld]:
    if request.param == STAND_IN:
        monkeypatch.setenv("PATH", f"{install_stand_in(tmp_path)}:{os.environ['PATH']}")
    clients = stored()
    made = EngineWorld(clients, request.param)
    yield made
    clients.manager.reset()


@pytest.fixture
def real(world: EngineWorld) -> EngineWorld:
    if world.stands_in:
        pytest.skip("needs a container engine: name it in INFRA_TEST_CONTAINERS")
    return world


# ---------------------------------------------------------------------------------------------- apps


def test_an_app_answers_from_its_image_with_the_share_mounted_and_leaves_nothing(world: EngineWorld) -> None:
    app = world.app()
    app.deploy()
    assert get(app.url) == (200, "from the share")
    folder = world.folder()
    assert len(world.left(folder)) == 1
    app.apps.container_apps.begin_delete(GROUP, "app1").result()
    eventually(lambda: get(app.url)[0] == 0)
    eventually(lambda: not world.left(folder))


def test_a_restart_replaces_the_container(world: EngineWorld) -> None:
    app = world.app()
    first = app.deploy().name
    held = world.left(world.folder())
    assert app.deploy().name != first
    assert set(world.left(world.folder())).isdisjoint(held)


def test_secrets_are_set_masked_in_logs_and_in_no_process_list(world: EngineWorld) -> None:
    secret = "s3cret\nin two lines"
    command = f'echo "$PLAIN, $TOKEN"; [ "$TOKEN" = "{secret}" ] && echo it is equal; {world.serve}'
    env = [{"name": "PLAIN", "value": "a b"}, {"name": "TOKEN", "secretRef": "token"}]
    container = world.container(command.replace(secret, "$OTHER"), env=[*env, {"name": "OTHER", "secretRef": "token"}])
    app = world.app_of(world.template(container), secrets=[{"name": "token", "value": secret}])
    app.deploy()
    eventually(lambda: "it is equal" in log(world, app))
    assert "a b, " in log(world, app)
    shown = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "s3cret" not in shown


def test_a_container_that_ends_is_shown_as_a_crash_loop(world: EngineWorld) -> None:
    app = world.app("echo about to fail; exit 3")
    app.restart()
    eventually(lambda: app.replicas() and app.replicas()[0].properties.containers[0].restart_count >= 2, seconds=20)
    assert "CrashLoopBackOff: it ended with exit status 3." in app.details()
    assert "about to fail" in log(world, app)


def test_a_container_without_a_command_runs_what_its_image_says(world: EngineWorld) -> None:
    app = world.app_of(world.template({**world.container(""), "command": None}))
    app.restart()
    eventually(lambda: "it ended with exit status 0" in app.details())


def test_an_image_that_is_not_there_is_pulled(world: EngineWorld) -> None:
    image = "can-be-pulled" if world.stands_in else world.image
    world.app(image=image).deploy()
    assert image in world.ask("image", "inspect", image) or world.stands_in


def test_an_image_that_cannot_be_pulled_is_named(world: EngineWorld) -> None:
    app = world.app(image="127.0.0.1:9/none:1")
    app.restart()
    eventually(lambda: "ImagePullFailure" in app.details(), seconds=30)
    assert "cannot pull 127.0.0.1:9/none:1" in app.details()
    revision = app.apps.container_apps_revisions.get_revision(GROUP, "app1", app.revision).properties
    assert revision.running_state == "Failed"


def test_containers_of_a_replica_share_volumes_and_the_initial_one_runs_first(world: EngineWorld) -> None:
    empty = {"volumeName": "empty", "mountPath": "/empty"}
    share = {"volumeName": "v", "mountPath": "/mount"}
    main = world.container(f"cp /empty/* /mount; {world.serve}", volumeMounts=[share, empty])
    side = {**world.container("echo beside > /mount/beside; sleep 100"), "name": "side"}
    init = {**world.container("echo prepared > /empty/prepared", volumeMounts=[empty]), "name": "init"}
    app = world.app_of(world.template(main, side, initContainers=[init]))
    app.deploy()
    assert get(app.url, "/prepared") == (200, "prepared\n")
    eventually(lambda: get(app.url, "/beside") == (200, "beside\n"))


def test_secrets_are_files_in_a_volume(world: EngineWorld) -> None:
    template = world.template(
        world.container(
            f"cat /secrets/a /secrets/below/b > /mount/seen; {world.serve}",
            volumeMounts=[{"volumeName": "s", "mountPath": "/secrets"}, {"volumeName": "v", "mountPath": "/mount"}],
        )
    )
    chosen = [{"secretRef": "a"}, {"secretRef": "b", "path": "below/b"}]
    template["volumes"].append({"name": "s", "storageType": "Secret", "secrets": chosen})
    app = world.app_of(template, secrets=[{"name": "a", "value": "one "}, {"name": "b", "value": "two"}])
    app.deploy()
    assert get(app.url, "/seen") == (200, "one two")
    private = private_folder(app.replicas()[0].name)
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    app.apps.container_apps.begin_delete(GROUP, "app1").result()
    eventually(lambda: not private.exists())


@pytest.mark.parametrize(("there", "passed"), [(True, "all"), (False, "")])
def test_graphics_cards_are_passed_on_where_the_engine_has_them(
    world: EngineWorld, tmp_path: Path, there: bool, passed: str
) -> None:
    if not world.stands_in:
        pytest.skip("needs an engine that says that it has cards")
    if there:
        (tmp_path / "bin/state/cards").touch()
    world.job("echo $GPUS > /mount/cards")
    assert world.ended(world.run()) == "Succeeded"
    assert (world.share / "cards").read_text() == f"{passed}\n"


# ---------------------------------------------------------------------------------------------- its network


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("httpd -f -p 127.0.0.1:7860", "It listens on 127.0.0.1:7860 alone"),
        ("httpd -f -p 8000", "It listens on port 8000, and not on 7860"),
        ("sleep 100", "Nothing listens on port 7860 yet."),
    ],
)
@pytest.mark.parametrize("probe", ["httpGet", "tcpSocket"])
def test_an_app_that_listens_elsewhere_is_told_so(real: EngineWorld, probe: str, command: str, said: str) -> None:
    asked = {"type": "Readiness", probe: {"path": "/", "port": 7860}}
    app = real.app_of(real.template(real.container(f"exec {command}", probes=[asked])))
    app.restart()
    eventually(lambda: said in app.details())
    assert app.ready() == []


def test_an_app_without_probes_is_ready_when_its_port_is_open(world: EngineWorld) -> None:
    app = world.app_of(world.template(world.container(f"sleep 1; {world.serve}")))
    app.deploy()
    assert get(app.url) == (200, "from the share")


def test_sidecars_share_the_network_of_the_first_container(real: EngineWorld) -> None:
    side = {
        **real.container("until wget -q -O /mount/fetched http://127.0.0.1:7860/; do sleep 0.1; done; sleep 100"),
        "name": "side",
    }
    app = real.app_of(real.template(real.container(real.serve), side))
    app.deploy()
    eventually(lambda: (real.share / "fetched").exists() and (real.share / "fetched").read_text() == "from the share")


def test_a_new_revision_takes_over_when_it_is_ready_and_the_old_one_leaves_nothing(real: EngineWorld) -> None:
    for name in ("old", "new"):
        (real.share / name).mkdir()
        (real.share / name / "index.html").write_text(name)
    app = real.app("exec httpd -f -p 7860 -h /mount/old")
    app.deploy()
    seen = set()
    real.app("sleep 0.6; exec httpd -f -p 7860 -h /mount/new")

    def is_new() -> bool:
        answer = get(app.url)
        seen.add(answer)
        return answer[1] == "new"

    eventually(is_new, seconds=20)
    assert seen == {(200, "old"), (200, "new")}
    eventually(lambda: len(real.left(real.folder())) == 1, seconds=20)


# ---------------------------------------------------------------------------------------------- jobs


def test_a_job_runs_to_its_end(world: EngineWorld) -> None:
    world.job("echo done > /mount/result")
    assert world.ended(world.run()) == "Succeeded"
    assert (world.share / "result").read_text() == "done\n"


def test_a_job_that_fails_says_its_exit_status(world: EngineWorld) -> None:
    world.job("exit 7")
    name = world.run()
    assert world.ended(name) == "Failed"
    assert "7" in world.execution(name).properties.message


def test_replicas_of_an_execution_run_beside_each_other(real: EngineWorld) -> None:
    again = {"parallelism": 3, "replicaCompletionCount": 3}
    real.job(
        "echo x >> /mount/ran; mkdir /mount/first 2>/dev/null && exit 1; exit 0", manualTriggerConfig=again, replicaRetryLimit=1
    )
    name = real.run()
    eventually(lambda: real.execution(name).properties.status.value == "Succeeded", seconds=40)
    assert (real.share / "ran").read_text() == "x\n" * 4


def test_an_execution_can_be_stopped(world: EngineWorld) -> None:
    world.job("echo begun > /mount/begun; exec sleep 100")
    name = world.run()
    eventually(lambda: (world.share / "begun").exists())
    folder = world.folder()
    world.clients.apps.jobs.begin_stop_execution(GROUP, "job1", name).result()
    eventually(lambda: world.execution(name).properties.status.value == "Stopped", seconds=40)
    eventually(lambda: not world.left(folder), seconds=40)


# ---------------------------------------------------------------------------------------------- ends


def test_containers_end_with_the_process_that_keeps_them_and_the_app_can_be_started_again(world: EngineWorld) -> None:
    app = world.app()
    app.deploy()
    folder = world.folder()
    for line in processes_of(folder):
        os.kill(int(line.split()[0]), signal.SIGKILL)
    eventually(lambda: not world.left(folder))
    app.deploy()
    assert get(app.url)[0] == 200


def test_containers_that_were_left_behind_are_removed_by_a_reset(world: EngineWorld) -> None:
    app = world.app()
    app.deploy()
    folder = world.folder()
    listed = subprocess.run(["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout.splitlines()
    ours = [line for line in listed if str(folder) in line and "replicas.keeper" in line]
    pods = subprocess.run(["ps", "-o", "pid=", "--ppid", ours[0].split()[0]], capture_output=True, text=True, check=True).stdout
    for pid in (ours[0].split()[0], *pods.split()):
        os.kill(int(pid), signal.SIGKILL)
    assert world.left(folder)
    world.clients.manager.reset()
    assert not world.left(folder)


# ---------------------------------------------------------------------------------------------- choosing


def test_the_choice_is_kept_in_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{install_stand_in(tmp_path)}:{os.environ['PATH']}")
    with Target.local(tmp_path / "store", containers="docker"):
        pass
    with Target.local(tmp_path / "store") as target:
        assert target.manager is not None
        assert target.manager.containers == "docker"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lxc", "write one of process, docker, podman"),
        ("podman", "There is no `podman` on this machine"),
        ("docker", "does not answer"),
    ],
)
def test_an_engine_that_cannot_be_chosen_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\necho 'Cannot connect to the daemon.' >&2; exit 1\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/nowhere")
    with pytest.raises(InputError, match=said):
        Target.local(tmp_path / "store", containers=name)


def test_a_target_in_memory_runs_no_containers() -> None:
    with pytest.raises(InputError, match=r"give it a folder"):
        Target.local(containers="docker")


def test_an_engine_that_is_gone_is_named(world: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    app = world.app()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(HttpResponseError, match=f"There is no `{world.engine}` on this machine"):
        app.restart()
