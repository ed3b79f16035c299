"""Redis as the public read-only interface: what stands there, and that its absence changes no answer."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import pytest

from forge import claims, header, token_sid
from gateway import ACCEPT, ASK, REFUSE, Redis, decide
from node import redis_of
from testbed import ROOT, binary, environment, eventually, free_port

FEED = "scopemint:v1:feed"


def key_of(token):
    return f"scopemint:v1:revoked:{token_sid(token)}"


def redis_pid(bed):
    lines = bed.redis("INFO", "server").splitlines()
    return int(next(line for line in lines if line.startswith("process_id:")).split(":")[1])


@contextlib.contextmanager
def frozen(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def assert_the_job_works(bed, within_s=2.0):
    begin = time.monotonic()
    token = bed.issue()
    assert bed.is_active(token)
    assert bed.revoke(token).status == 200
    assert bed.introspect(token) == {"active": False}
    assert time.monotonic() - begin < within_s
    return token


def test_a_revoked_token_has_a_key_with_its_life_and_an_entry_in_the_feed(own_bed):
    bed = own_bed()
    token = bed.issue(bed.app, access_token_ttl="300")
    assert bed.redis("EXISTS", key_of(token)) == "0"
    bed.revoke(token)
    assert eventually(lambda: bed.redis("EXISTS", key_of(token)) == "1")
    left = claims(token)["exp"] - time.time()
    assert left - 2 <= int(bed.redis("TTL", key_of(token))) <= left + 2
    assert int(bed.redis("GET", key_of(token))) >= 1
    assert token_sid(token) in bed.redis("XRANGE", FEED, "-", "+")


def test_the_numbers_rise_in_commit_order(own_bed):
    bed = own_bed()
    tokens = [bed.issue() for _ in range(20)]
    for token in tokens:
        bed.revoke(token)
    assert eventually(lambda: bed.redis("EXISTS", key_of(tokens[-1])) == "1")
    numbers = [int(bed.redis("GET", key_of(token))) for token in tokens]
    assert numbers == sorted(set(numbers))


def test_F_11_F_14_a_flushed_redis_is_filled_again(own_bed):
    bed = own_bed()
    dead = [bed.issue() for _ in range(30)]
    for token in dead:
        bed.revoke(token)
    assert eventually(lambda: all(bed.redis("EXISTS", key_of(token)) == "1" for token in dead))
    for command in ("FLUSHALL", "FLUSHDB"):
        bed.redis(command)
        begin = time.monotonic()
        for token in dead:
            assert bed.introspect(token) == {"active": False}
        assert eventually(lambda: all(bed.redis("EXISTS", key_of(token)) == "1" for token in dead), timeout_s=10)
        assert time.monotonic() - begin < 2.0
    assert int(bed.redis("TTL", key_of(dead[0]))) > 0


def test_F_11_F_12_F_44_a_stopped_redis(own_bed):
    bed = own_bed()
    before = assert_the_job_works(bed)
    assert eventually(lambda: bed.redis("EXISTS", key_of(before)) == "1")
    with frozen(redis_pid(bed)):
        during = assert_the_job_works(bed)
        assert bed.introspect(before) == {"active": False}
        assert bed.get("/livez", admin=True).status == 200
        assert bed.get("/readyz", admin=True).status == 200
    assert eventually(lambda: bed.redis("EXISTS", key_of(during)) == "1")
    assert_the_job_works(bed)


def test_F_12_F_14_F_44_a_killed_redis_and_an_empty_one_in_its_place(own_bed):
    bed = own_bed()
    before = assert_the_job_works(bed)
    assert eventually(lambda: bed.redis("EXISTS", key_of(before)) == "1")
    os.kill(redis_pid(bed), signal.SIGKILL)
    during = assert_the_job_works(bed)
    assert bed.introspect(before) == {"active": False}

    def degraded():
        reply = bed.get("/readyz", admin=True)
        assert reply.status == 200
        return b"degraded" in reply.body and b"redis" in reply.body.lower()

    assert eventually(degraded)
    with redis_of(bed):
        for token in (before, during):
            assert eventually(lambda token=token: bed.redis("EXISTS", key_of(token)) == "1" if
                              os.path.exists(bed.facts["redis_socket"]) else False, timeout_s=10)
        assert eventually(lambda: b"degraded" not in bed.get("/readyz", admin=True).body)


def test_F_14_restarted_on_its_folder_with_an_empty_redis(own_bed):
    bed = own_bed()
    token = assert_the_job_works(bed)
    bed.restart()
    assert bed.introspect(token) == {"active": False}
    assert eventually(lambda: bed.redis("EXISTS", key_of(token)) == "1")


# ---- what it is told about, and what follows ----


def metric(bed, name):
    return int(re.search(rf"^{name} (\d+)$", bed.get("/metrics", admin=True).body.decode(), re.MULTILINE)[1])


def readiness(bed):
    reply = bed.get("/readyz", admin=True)
    assert reply.status == 200
    return reply.json["parts"]["redis"]


def is_level(bed):
    return metric(bed, "scopemint_redis_following") == 1 and metric(bed, "scopemint_redis_behind_entries") == 0


@pytest.mark.parametrize("spoil, mend, words", [
    pytest.param("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "read-only replica", id="F-13-F-14-replica"),
    pytest.param("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "out of memory", id="F-13-maxmemory"),
    pytest.param("CONFIG SET requirepass other", None, "password", id="F-13-THREATS-77-password"),
    pytest.param("ACL SETUSER default -set", "ACL SETUSER default +set", "ACL", id="F-13-acl"),
])
def test_a_redis_that_refuses_us_is_named_and_followed_again(own_bed, spoil, mend, words):
    bed = own_bed()
    before = assert_the_job_works(bed)
    assert eventually(lambda: is_level(bed))
    bed.redis(*spoil.split())
    if mend is None:  # a connection stays who it is
        bed.redis("-a", "other", "--no-auth-warning", "CLIENT", "KILL", "TYPE", "normal")
        mend = "-a other --no-auth-warning CONFIG SET requirepass"
    during = assert_the_job_works(bed)
    assert bed.introspect(before) == {"active": False}
    assert eventually(lambda: words in readiness(bed).get("reason", "")), readiness(bed)
    assert readiness(bed)["state"] == "degraded"
    assert metric(bed, "scopemint_redis_behind_entries") >= 1
    assert eventually(lambda: metric(bed, "scopemint_redis_behind_seconds") >= 1)
    bed.redis(*mend.split(), *([""] if mend.endswith("requirepass") else []))
    assert eventually(lambda: is_level(bed), timeout_s=10)
    assert metric(bed, "scopemint_redis_behind_seconds") == 0
    assert readiness(bed)["state"] == "ok"
    assert bed.redis("EXISTS", key_of(during)) == "1"


def test_F_14_another_store_s_redis_is_taken_over(own_bed):
    bed = own_bed()
    dead = assert_the_job_works(bed)
    assert eventually(lambda: is_level(bed))
    ours = bed.redis("GET", "scopemint:v1:feed_id")
    rebuilt = metric(bed, "scopemint_redis_last_rebuild_timestamp_seconds")
    assert abs(rebuilt - time.time()) < 60
    bed.redis("FLUSHALL")
    bed.redis("SET", "scopemint:v1:feed_id", "01900000-0000-7000-8000-000000000000")
    bed.redis("HSET", "scopemint:v1:epochs", "application:x", "99")
    assert eventually(lambda: bed.redis("GET", "scopemint:v1:feed_id") == ours, timeout_s=10)
    assert bed.redis("EXISTS", key_of(dead)) == "1"
    assert bed.redis("HEXISTS", "scopemint:v1:epochs", "application:x") == "0"
    assert metric(bed, "scopemint_redis_last_rebuild_timestamp_seconds") >= rebuilt


def test_F_12_a_lost_connection_goes_on_where_it_ended(own_bed):
    bed = own_bed()
    assert_the_job_works(bed)
    assert eventually(lambda: is_level(bed))
    published = metric(bed, "scopemint_redis_published_total")
    rebuilt = metric(bed, "scopemint_redis_last_rebuild_timestamp_seconds")
    bed.redis("CLIENT", "KILL", "TYPE", "normal")
    token = assert_the_job_works(bed)
    assert eventually(lambda: bed.redis("EXISTS", key_of(token)) == "1")
    assert eventually(lambda: is_level(bed))
    assert metric(bed, "scopemint_redis_published_total") == published + 1
    assert metric(bed, "scopemint_redis_last_rebuild_timestamp_seconds") == rebuilt


def test_THREATS_77_a_redis_that_may_evict_our_keys_is_warned_of(own_bed):
    bed = own_bed()
    bed.redis("CONFIG", "SET", "maxmemory-policy", "volatile-lru")
    bed.redis("CONFIG", "SET", "maxmemory", "100mb")
    assert eventually(lambda: metric(bed, "scopemint_redis_may_evict") == 1, timeout_s=15)
    assert "evict" in readiness(bed).get("reason", "")
    assert "redis_may_evict" in bed.log()
    assert_the_job_works(bed)
    bed.redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
    assert eventually(lambda: metric(bed, "scopemint_redis_may_evict") == 0, timeout_s=15)
    assert readiness(bed)["state"] == "ok"


# ---- who may do what ----


def acl_lines():
    """What the README tells an operator to write, by the user's name."""
    lines = re.findall(r"^user (\w+) on >(\S+) (.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    return {name: (password, rules) for name, password, rules in lines}


@contextlib.contextmanager
def redis_with_acl(folder, users):
    """A redis-server on loopback and on a socket, whose users are these alone."""
    port, path = free_port(), folder / "acl.sock"
    (folder / "users.acl").write_text("".join(f"user {name} on >{password} {rules}\n"
                                              for name, (password, rules) in users.items()))
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--unixsocket", str(path), "--save", "",
         "--appendonly", "no", "--dir", str(folder), "--aclfile", str(folder / "users.acl")],
        stdout=subprocess.DEVNULL)
    try:
        assert eventually(path.exists)
        yield port, path
    finally:
        process.terminate()
        process.wait()


def test_the_acl_of_the_readme_is_enough_for_server_and_gateway(own_bed, tmp_path):
    users = acl_lines()
    ours, theirs = users["scopemint"][0], users["gateway"][0]
    everything = ("root-password", "~* &* +@all")
    with redis_with_acl(tmp_path, {"default": everything, **users}) as (port, _):
        root = Redis(("127.0.0.1", port), password=everything[0])
        bed = own_bed(redis_url=f"redis://scopemint:{ours}@127.0.0.1:{port}/2")
        dead, alive = assert_the_job_works(bed), bed.issue()
        assert eventually(lambda: is_level(bed))
        gateway = Redis(("127.0.0.1", port), "gateway", theirs, database=2)
        assert decide(gateway, claims(dead), header(dead)["kid"]) == REFUSE
        assert decide(gateway, claims(alive), header(alive)["kid"]) == ACCEPT
        root.ask("FLUSHALL")
        assert eventually(lambda: decide(gateway, claims(dead), header(dead)["kid"]) == REFUSE)
        assert root.ask("ACL", "LOG") == [], "nothing was refused"
        gateway.close()
        root.close()
        bed.stop()


def test_over_a_unix_socket_we_are_the_default_user(own_bed, tmp_path):
    _, rules = acl_lines()["scopemint"]
    password = tmp_path / "password"
    password.write_text("secret-of-the-server\n")
    password.chmod(0o600)
    users = {"default": ("secret-of-the-server", rules), "root": ("root-password", "~* &* +@all")}
    with redis_with_acl(tmp_path, users) as (_, path):
        bed = own_bed([f"redis.password_file={password}"], redis_url=f"unix:{path}")
        token = assert_the_job_works(bed)
        assert eventually(lambda: is_level(bed))
        root = Redis(str(path), "root", "root-password")
        assert root.ask("EXISTS", key_of(token)) == 1
        assert root.ask("ACL", "LOG") == []
        root.close()
        bed.stop()


@pytest.mark.parametrize("url", ["redis://192.0.2.1:6379", "redis://redis.example", "redis://[2001:db8::1]/1"])
def test_THREATS_77_an_open_redis_elsewhere_is_refused_at_start(own_bed, url):
    bed = own_bed()
    bed.stop()
    done = subprocess.run([binary(), "serve", "--config", str(bed.config), "--set", f"redis.url={url}"],
                          capture_output=True, text=True, timeout=20, check=False, env=environment())
    assert done.returncode not in (0, -signal.SIGSEGV, -signal.SIGABRT)
    assert "password" in done.stdout + done.stderr
    bed.start()


# ---- the gateway of the README ----


def verdict(redis, token):
    return decide(redis, claims(token), header(token)["kid"])


def test_F_14_a_gateway_takes_no_dead_token_for_a_live_one(own_bed):
    """Whatever is lost of Redis, and however far it is filled again."""
    bed = own_bed()
    alive, dead = bed.issue(), [bed.issue() for _ in range(200)]
    for token in dead:
        bed.revoke(token)
    assert eventually(lambda: is_level(bed))
    redis = Redis(bed.facts["redis_socket"])
    assert verdict(redis, alive) == ACCEPT
    seen = set()
    for command in (["FLUSHALL"], ["DEL", "scopemint:v1:feed_id"], ["DEL", "scopemint:v1:feed"], ["FLUSHALL"]):
        redis.ask(*command)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            answers = [verdict(redis, dead[0]), verdict(redis, dead[-1])]
            assert ACCEPT not in answers
            seen.update(answers)
            if answers == [REFUSE, REFUSE] and verdict(redis, alive) == ACCEPT and is_level(bed):
                break
    assert seen == {ASK, REFUSE}
    redis.close()


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def just_behind(body):
    """The first moment that the token was issued before, once it has come."""
    assert eventually(lambda: time.time() >= body["iat"] + 1)
    return moment(body["iat"] + 1)


# A partner two levels below the root, and its application.
LEAF = {
    "partners": [{"ref": "leaf", "parent": "sub", "name": "Leaf", "login": "leaf", "status": "active",
                  "available_scopes": ["calls.manage", "sms.manage"]}],
    "applications": [{"ref": "leaf_app", "partner": "leaf", "name": "Of the leaf", "type": "confidential",
                      "status": "active", "grant_types": ["client_credentials"], "scopes": ["calls.manage", "sms.manage"],
                      "token_endpoint_auth_method": "client_secret_basic",
                      "audiences": ["https://api.testbed.example"]}],
}

# What is revoked, of bed and the token's claims and kid; what the gateway then says of a token of the leaf.
SELECTORS = [
    pytest.param(lambda bed, body, kid: {"client_id": body["client_id"]}, REFUSE, id="application"),
    pytest.param(lambda bed, body, kid: {"client_id": bed.app.client_id}, ACCEPT, id="another-application"),
    pytest.param(lambda bed, body, kid: {"partner_sid": body["partner_sid"]}, REFUSE, id="partner"),
    pytest.param(lambda bed, body, kid: {"partner_sid": body["partner_sid"], "descendants": True}, REFUSE,
                 id="own-tree"),
    pytest.param(lambda bed, body, kid: {"partner_sid": bed.partner_sid}, ACCEPT, id="another-partner"),
    pytest.param(lambda bed, body, kid: {"partner_sid": bed.partner_sid, "descendants": True}, ASK, id="tree-above"),
    pytest.param(lambda bed, body, kid: {"kid": kid}, REFUSE, id="key"),
    pytest.param(lambda bed, body, kid: {"client_id": body["client_id"], "issued_before": moment(body["iat"])}, ACCEPT,
                 id="issued-before-it"),
    pytest.param(lambda bed, body, kid: {"client_id": body["client_id"], "issued_before": just_behind(body)},
                 REFUSE, id="issued-before"),
    pytest.param(lambda bed, body, kid: {"scope": "sms.read", "client_id": body["client_id"]}, REFUSE, id="scope"),
    pytest.param(lambda bed, body, kid: {"scope": "app.read", "client_id": body["client_id"]}, ACCEPT,
                 id="another-scope"),
    pytest.param(lambda bed, body, kid: {"scope": "sms.read", "kid": kid}, REFUSE, id="scope-and-key"),
    pytest.param(lambda bed, body, kid: {"scope": "sms.read", "descendants": True,
                                         "partner_sid": bed.facts["sub_partner"]["partner_sid"]}, ASK,
                 id="scope-in-tree-above"),
    pytest.param(lambda bed, body, kid: {"over_ceiling": True, "partner_sid": body["partner_sid"]}, ACCEPT,
                 id="over-ceiling"),
]


def test_a_gateway_agrees_with_introspection_about_selectors(own_bed):
    """It refuses and accepts as introspection does, or asks: over-ceiling is looked at when the rows have followed."""
    bed = own_bed(seed=LEAF)
    redis = Redis(bed.facts["redis_socket"])
    admin = bed.issue(bed.admin, scope="scopemint.revoke")
    for case in SELECTORS:
        make, expected = case.values
        token = bed.issue(bed.seeded("leaf_app"), scope="sms.manage calls.read")
        body, kid = claims(token), header(token)["kid"]
        reply = bed.request("POST", "/core/v2/admin/revocations", json.dumps(make(bed, body, kid)).encode(),
                            [("Content-Type", "application/json"), ("Authorization", f"Bearer {admin}")])
        assert reply.status == 200, (case.id, reply.body)
        assert eventually(lambda: is_level(bed))
        assert eventually(lambda want=expected, it=token: verdict(redis, it) == want), (case.id, verdict(redis, token))
        truth = bed.is_active(token)
        assert expected == ASK or truth == (expected == ACCEPT), case.id
        admin = bed.issue(bed.admin, scope="scopemint.revoke")  # a key's revocation ends it too
    redis.close()


@pytest.mark.parametrize("settings", [["server.threads=1"], ["server.threads=2"]], ids=lambda value: "F-41-" + value[0])
def test_sigterm_drains(own_bed, settings):
    """What was sent before is answered, nothing is half done, the end is 0; what was answered holds."""
    bed = own_bed(settings)
    revoked, torn, stop = [], [], threading.Event()

    def work():
        link = bed.connect()
        while not stop.is_set():
            try:
                token = bed.post("/oauth/token", {"grant_type": "client_credentials"}, bed.app,
                                 connection=link).json["access_token"]
                if bed.post("/oauth/revoke", {"token": token}, bed.app, connection=link).status == 200:
                    revoked.append(token)
            except ValueError as error:  # an answer that is not whole
                torn.append(error)
            except Exception:  # noqa: BLE001: the connection was closed between two requests
                return
        link.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    begin = time.monotonic()
    assert bed.stop() == 0
    assert time.monotonic() - begin < 15
    stop.set()
    for thread in threads:
        thread.join()
    assert revoked and not torn
    bed.start()
    for token in revoked[-50:]:
        assert bed.introspect(token) == {"active": False}


def test_F_41_an_idle_connection_does_not_hold_up_the_end(own_bed):
    bed = own_bed()
    link = bed.connect()
    bed.post("/oauth/token", {"grant_type": "client_credentials"}, bed.app, connection=link)
    begin = time.monotonic()
    assert bed.stop() == 0
    assert time.monotonic() - begin < 5
    link.close()
