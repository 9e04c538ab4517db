"""Apps and jobs of the local target run for real: what a user of an app sees of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest

from infra_lib.local import LocalResourceManager, serve
from tests.local.conftest import GROUP, Clients
from tests.local.running import PORT, READINESS, SERVE, App, World, eventually, get, needs_namespaces

pytestmark = needs_namespaces


@pytest.fixture
def world(stored: Callable[..., Clients]) -> Iterator[World]:
    clients = stored()
    yield World(clients)
    clients.manager.reset()


def processes_of(folder: Path) -> list[str]:
    """The keepers of a store, by their command lines."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in listed if str(folder) in line and "replicas.keeper" in line]


def log(world: World, app: App, **query: str) -> str:
    stream = app.replicas()[0].properties.containers[0].log_stream_endpoint
    token = world.clients.apps.container_apps.get_auth_token(GROUP, app.name).properties.token
    return read(world, stream, token, **query)


def read(world: World, stream: str, token: str, **query: str) -> str:
    request = HttpRequest("GET", stream, params={"output": "text", "tailLines": "100", **query})
    request.headers["Authorization"] = f"Bearer {token}"
    response = world.clients.manager.transport().send(request)
    assert response.status_code == 200, response.text()
    return str(response.text())


# ---------------------------------------------------------------------------------------------- an app


def test_provisioning_starts_nothing(world: World) -> None:
    app = world.app()
    assert app.replicas() == []
    assert get(app.url)[0] == 0


def test_a_restart_starts_the_app_with_the_share_at_its_mount_path(world: World) -> None:
    (world.share / "index.html").write_text("from the share")
    app = world.app(f"cd /mount; {SERVE}")
    app.deploy()
    assert get(app.url) == (200, "from the share")
    assert app.apps.container_apps_revisions.get_revision(GROUP, "app1", app.revision).properties.running_state == "Running"


def test_what_a_container_writes_to_its_mount_is_on_the_share_and_nowhere_else(world: World) -> None:
    app = world.app(f"echo hello > /mount/written; touch /etc/infra-test; touch /tmp/infra-test; {SERVE}")
    app.deploy()
    assert (world.share / "written").read_text() == "hello\n"
    assert not Path("/mount").exists() or not (Path("/mount") / "written").exists()
    assert not Path("/etc/infra-test").exists()
    assert not Path("/tmp/infra-test").exists()


def test_environment_and_secrets_are_set_and_secrets_are_masked_in_logs(world: World) -> None:
    container = world.container(
        f"echo plain=$PLAIN token=$TOKEN $CONTAINER_APP_NAME > /mount/seen; echo the token is $TOKEN; {SERVE}",
        probes=[READINESS],
        env=[{"name": "PLAIN", "value": "a b"}, {"name": "TOKEN", "secretRef": "token"}],
    )  # fmt: skip
    app = world.app_of(world.template(container), secrets=[{"name": "token", "value": "s3cret-value"}])
    app.deploy()
    assert (world.share / "seen").read_text() == "plain=a b token=s3cret-value app1\n"
    assert "the token is ***" in log(world, app)
    folder = world.clients.manager.store_path
    assert folder is not None
    kept = [path for path in folder.rglob("*") if path.is_file() and b"s3cret-value" in path.read_bytes()]
    assert kept == [world.share.resolve() / "seen"] or kept == [world.share / "seen"]


def test_two_apps_on_the_same_port_do_not_collide(world: World) -> None:
    command = "mkdir -p /tmp/web; cd /tmp/web; echo {} > index.html; {}"
    apps = [world.app(command.format(name, SERVE), name) for name in ("one", "two")]
    for app in apps:
        app.deploy()
    assert [get(app.url)[1].strip() for app in apps] == ["one", "two"]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", PORT)) != 0


def test_nothing_listens_beyond_loopback(world: World) -> None:
    app = world.app()
    app.deploy()
    port = int(app.url.rpartition(":")[2])
    lines = Path("/proc/net/tcp").read_text().splitlines()
    assert [line.split()[1] for line in lines if f":{port:04X} 00000000:0000 0A" in line] == [f"0100007F:{port:04X}"]


def test_a_restart_replaces_the_replica(world: World) -> None:
    app = world.app(f"date +%N > /mount/begun; {SERVE}")
    first = app.deploy().name
    begun = (world.share / "begun").read_text()
    second = app.deploy().name
    assert first != second
    assert [item.name for item in app.replicas()] == [second]
    assert (world.share / "begun").read_text() != begun


def test_a_new_revision_takes_over_when_it_is_ready_and_not_before(world: World) -> None:
    (world.share / "old").mkdir()
    (world.share / "old/index.html").write_text("old")
    (world.share / "new").mkdir()
    (world.share / "new/index.html").write_text("new")
    app = world.app(f"cd /mount/old; {SERVE}")
    app.deploy()
    old = app.revision
    seen = set()
    world.app(f"sleep 0.6; cd /mount/new; {SERVE}")
    assert app.revision != old

    def is_new() -> bool:
        answer = get(app.url)
        seen.add(answer)
        return answer[1] == "new"

    eventually(is_new)
    assert seen == {(200, "old"), (200, "new")}
    eventually(lambda: app.replicas(old) == [])


def test_an_app_that_was_not_started_is_not_started_by_a_new_revision(world: World) -> None:
    world.app("echo one")
    app = world.app(SERVE)
    assert app.replicas() == []


def test_a_command_that_ends_is_started_again_and_shown_as_a_crash_loop(world: World) -> None:
    app = world.app("echo about to fail; exit 3")
    app.restart()
    eventually(lambda: app.replicas() and app.replicas()[0].properties.containers[0].restart_count >= 3)
    assert "CrashLoopBackOff: it ended with exit status 3." in app.details()
    revision = app.apps.container_apps_revisions.get_revision(GROUP, "app1", app.revision).properties
    assert (revision.running_state, revision.health_state) == ("Failed", "Unhealthy")
    assert (revision.provisioning_state, revision.provisioning_error) == ("Failed", "Container crashing: main")
    assert "about to fail" in log(world, app)
    assert get(app.url) == (503, "The app has no replica that is ready.\n")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (f"{SERVE} --bind 127.0.0.1", f"It listens on 127.0.0.1:{PORT} alone"),
        ("python3 -m http.server 8000", f"It listens on port 8000, and not on {PORT}"),
    ],
)
def test_an_app_that_listens_elsewhere_is_told_so(world: World, command: str, said: str) -> None:
    app = world.app(command)
    app.restart()
    eventually(lambda: said in app.details())
    assert app.ready() == []


def test_the_initial_delay_of_a_probe_is_not_waited_for(world: World) -> None:
    app = world.app()
    app.deploy()
    assert app.ready()


def test_with_a_pace_probes_keep_the_delays_of_the_template(stored: Callable[..., Clients]) -> None:
    clients = stored(pace={"Microsoft.App/jobs": 1})
    world = World(clients)
    probe = {**READINESS, "initialDelaySeconds": 1, "periodSeconds": 1}
    app = world.app_of(world.template(world.container(SERVE, probes=[probe])))
    began = time.monotonic()
    app.deploy()
    assert time.monotonic() - began > 1
    clients.manager.reset()


def test_a_container_that_stops_answering_is_started_again_by_its_liveness_probe(world: World) -> None:
    probes = [
        {"type": "Liveness", "httpGet": {"path": "/alive", "port": PORT}, "periodSeconds": 1, "failureThreshold": 1},
        {"type": "Readiness", "tcpSocket": {"port": PORT}},
    ]
    (world.share / "alive").touch()
    app = world.app_of(world.template(world.container(f"cd /mount; {SERVE}", probes=probes)))
    app.deploy()
    (world.share / "alive").unlink()
    eventually(lambda: app.replicas()[0].properties.containers[0].restart_count > 0)
    assert "The liveness probe failed too often" in log(world, app)


def test_sidecars_share_a_network_and_initial_containers_run_first(world: World) -> None:
    main = world.container(f"cd /mount; {SERVE}", probes=[READINESS])
    fetch = f"import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:{PORT}/init').read().decode())"
    until = f'until python3 -c "{fetch}" > /mount/fetched 2>/dev/null; do sleep 0.1; done; sleep 100'
    side = {**world.container(until), "name": "side"}
    init = {**world.container("echo prepared > /mount/init"), "name": "init"}
    app = world.app_of(world.template(main, side, initContainers=[init]))
    app.deploy()
    eventually(lambda: (world.share / "fetched").exists() and (world.share / "fetched").read_text().strip() == "prepared")


def test_traffic_is_divided_among_revisions(world: World) -> None:
    for name in ("one", "two"):
        (world.share / name).mkdir()
        (world.share / name / "index.html").write_text(name)
    app = world.app(f"cd /mount/one; {SERVE}", mode="Multiple")
    app.deploy()
    first = app.revision
    template = world.template(world.container(f"cd /mount/two; {SERVE}", probes=[READINESS]))
    world.clients.app(
        "app1", template=template,
        configuration={
            "activeRevisionsMode": "Multiple",
            "ingress": {
                "targetPort": PORT,
                "traffic": [{"revisionName": first, "weight": 50}, {"latestRevision": True, "weight": 50}],
            },
        },
    )  # fmt: skip
    eventually(app.ready)
    seen = [get(app.url)[1] for _ in range(40)]
    assert set(seen) == {"one", "two"}


# ---------------------------------------------------------------------------------------------- what they install


def test_pip_installs_into_the_store(world: World) -> None:
    wheel = world.share / "tinything-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tinything.py", "NAME = 'tiny'\n")
        archive.writestr("tinything-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinything\nVersion: 1.0\n")
        tags = "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr("tinything-1.0.dist-info/WHEEL", tags)
        archive.writestr("tinything-1.0.dist-info/RECORD", "")
    world.job(f"pip install --quiet --no-index --no-deps /mount/{wheel.name} && python3 -c 'import tinything'")
    assert world.ended(world.run()) == "Succeeded"
    folder = world.clients.manager.store_path
    assert folder is not None
    assert [*(folder / "environments").rglob("tinything.py")]
    assert subprocess.run([sys.executable, "-c", "import tinything"], capture_output=True, check=False).returncode != 0


@pytest.mark.skipif(not os.environ.get("INFRA_TEST_NETWORK"), reason="needs the internet: set INFRA_TEST_NETWORK")
def test_a_container_reaches_the_internet_through_the_proxy(world: World) -> None:
    world.job("python3 -c \"import urllib.request; print(urllib.request.urlopen('https://pypi.org/simple/six/').status)\"")
    assert world.ended(world.run()) == "Succeeded"


# ---------------------------------------------------------------------------------------------- jobs


def test_a_job_runs_to_its_end_and_its_log_stays(world: World) -> None:
    world.job("echo training; echo done > /mount/result")
    name = world.run()
    assert world.ended(name) == "Succeeded"
    assert (world.share / "result").read_text() == "done\n"
    job = world.clients.id("Microsoft.App/jobs/job1")
    path = f"{job}/executions/{name}/replicas"
    version = "2023-11-02-preview"
    replica = world.clients.raw("GET", path, version=version).json()["value"][0]["name"]
    token = world.clients.raw("POST", f"{job}/getAuthToken", version=version).json()["properties"]["token"]
    base = str(world.clients.apps.jobs.get(GROUP, "job1").properties.event_stream_endpoint).partition("/subscriptions/")[0]
    inside = f"{world.clients.group_id}/jobs/job1/executions/{name}/replicas/{replica}/containers/main/logstream"
    assert "training" in read(world, base + inside, token)


def test_a_start_may_name_other_commands_and_keeps_the_mounts(world: World) -> None:
    world.job("echo declared > /mount/result")
    other = {"name": "main", "image": "example.org/app:1", "command": ["/bin/bash", "-c", "echo other > /mount/result"]}
    assert world.ended(world.run({"containers": [other]})) == "Succeeded"
    assert (world.share / "result").read_text() == "other\n"


def test_a_job_that_fails_is_tried_again_as_often_as_it_allows(world: World) -> None:
    world.job("echo x >> /mount/tries; exit 1", replicaRetryLimit=2)
    assert world.ended(world.run()) == "Failed"
    assert (world.share / "tries").read_text() == "x\nx\nx\n"


def test_a_job_may_not_take_longer_than_its_timeout(world: World) -> None:
    world.job("sleep 100", replicaTimeout=1)
    assert world.ended(world.run()) == "Failed"


def test_an_execution_can_be_stopped(world: World) -> None:
    world.job("echo begun > /mount/begun; sleep 100")
    name = world.run()
    eventually(lambda: (world.share / "begun").exists())
    world.clients.apps.jobs.begin_stop_execution(GROUP, "job1", name).result()
    assert world.ended(name) == "Stopped"
    assert world.clients.manager.store_path is not None
    eventually(lambda: not processes_of(world.clients.manager.store_path))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------- logs


def test_a_log_is_followed_over_http_until_the_replica_is_gone(world: World) -> None:
    app = world.app(f"(while true; do echo tick; sleep 0.1; done) & {SERVE}")
    app.deploy()
    with serve(world.clients.manager) as server:
        import requests

        stream = app.replicas()[0].properties.containers[0].log_stream_endpoint
        stream = stream.replace(world.clients.manager.base_url, server.url)
        token = world.clients.apps.container_apps.get_auth_token(GROUP, "app1").properties.token
        headers = {"Authorization": f"Bearer {token}"}
        with requests.get(stream, params={"follow": "true"}, headers=headers, stream=True, timeout=10) as answer:
            lines = answer.iter_lines()
            assert sum(b"tick" in next(lines) for _ in range(8)) >= 3
            app.apps.container_apps.begin_stop(GROUP, "app1").result()
            for _ in lines:
                pass


def test_a_log_is_not_shown_without_its_token(world: World) -> None:
    app = world.app()
    app.deploy()
    stream = app.replicas()[0].properties.containers[0].log_stream_endpoint
    own = world.clients.manager.credential().get_token("x").token
    for token in ("", own, "9999999999.0000"):
        request = HttpRequest("GET", stream, headers={"Authorization": f"Bearer {token}"})
        assert world.clients.manager.transport().send(request).status_code == 401


# ---------------------------------------------------------------------------------------------- ends


def test_what_runs_survives_the_process_that_started_it_and_holds_none_of_its_streams(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from infra_lib.local import LocalResourceManager
from tests.local.conftest import Clients
from tests.local.running import World
manager = LocalResourceManager(Path({str(tmp_path / ".infra")!r}), key_file=Path({str(tmp_path / "key")!r}))
app = World(Clients(manager)).app()
app.deploy()
print(app.url)
"""
    # communicate() ends only when nobody holds the pipes any more.
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    url = done.stdout.strip()
    try:
        assert get(url)[0] == 200
    finally:
        with LocalResourceManager(tmp_path / ".infra", key_file=tmp_path / "key") as manager:
            manager.reset()
    assert get(url)[0] == 0
    eventually(lambda: not processes_of(tmp_path))


def test_a_reset_while_many_replicas_are_started_or_replaced_leaves_nothing(world: World) -> None:
    app = world.app_of(world.template(world.container("sleep 1000"), scale={"minReplicas": 40, "maxReplicas": 40}))
    app.restart()
    eventually(lambda: len(app.replicas()) == 40, seconds=30)
    app.restart()
    world.clients.manager.reset()
    folder = world.clients.manager.store_path
    assert folder is not None
    eventually(lambda: not processes_of(folder), seconds=30)


def test_deleting_the_app_ends_it(world: World) -> None:
    app = world.app()
    app.deploy()
    app.apps.container_apps.begin_delete(GROUP, "app1").result()
    assert get(app.url)[0] == 0


def test_a_stopped_app_can_be_started(world: World) -> None:
    app = world.app()
    app.deploy()
    app.apps.container_apps.begin_stop(GROUP, "app1").result()
    assert get(app.url)[0] == 0
    app.apps.container_apps.begin_start(GROUP, "app1").result()
    eventually(app.ready)
    assert get(app.url)[0] == 200


def test_what_runs_ends_when_the_store_is_deleted(tmp_path: Path) -> None:
    import shutil

    manager = LocalResourceManager(tmp_path / ".infra", key_file=tmp_path / "key")
    app = World(Clients(manager)).app()
    app.deploy()
    manager.close()
    shutil.rmtree(tmp_path / ".infra", ignore_errors=True)
    eventually(lambda: get(app.url)[0] == 0)
    eventually(lambda: not processes_of(tmp_path))


def test_a_deep_store_works(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-folder-name"] * 6) / ".infra"
    with LocalResourceManager(deep, key_file=tmp_path / "key") as manager:
        app = World(Clients(manager)).app()
        app.deploy()
        assert get(app.url)[0] == 200
        manager.reset()


def kill_keepers(world: World) -> None:
    folder = world.clients.manager.store_path
    assert folder is not None
    for line in processes_of(folder):
        os.kill(int(line.split()[0]), signal.SIGKILL)


def test_an_app_whose_keeper_was_killed_is_gone_and_can_be_started_again(world: World) -> None:
    app = world.app()
    app.deploy()
    kill_keepers(world)
    eventually(lambda: get(app.url)[0] == 0)
    assert app.replicas() == []
    app.deploy()
    assert get(app.url)[0] == 200


def test_an_execution_whose_keeper_was_killed_has_failed(world: World) -> None:
    world.job("echo begun > /mount/begun; sleep 100")
    name = world.run()
    eventually(lambda: (world.share / "begun").exists())
    kill_keepers(world)
    assert world.ended(name) == "Failed"
    assert "the process was ended from outside" in world.execution(name).properties.message


# ---------------------------------------------------------------------------------------------- refusals


def refusal(app: App) -> str:
    with pytest.raises(HttpResponseError) as caught:
        app.restart()
    return str(caught.value)


def test_a_container_without_a_command_is_refused(world: World) -> None:
    container: dict[str, Any] = {**world.container("x"), "command": None}
    assert "does not pull images. Give it a command, or choose" in refusal(world.app_of(world.template(container)))


def test_a_port_that_another_program_took_is_named(world: World) -> None:
    app = world.app()
    port = int(app.url.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        assert f"Port {port} of 127.0.0.1" in refusal(app)


def test_a_program_that_is_not_there_is_named_in_the_log(world: World) -> None:
    container = {**world.container("x", probes=[READINESS]), "command": ["/no/such/shell"]}
    app = world.app_of(world.template(container))
    app.restart()
    eventually(lambda: app.replicas() and "exit status 127" in app.details())
    assert "'/no/such/shell' cannot be started on this machine" in log(world, app)
