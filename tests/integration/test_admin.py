"""The admin listener: health and metrics (F-44, SPEC 10)."""

import re
import shutil
import subprocess

import pytest

from testbed import eventually

PARTS = {"process", "key", "store", "index", "tables", "redis", "clock"}


def test_livez(bed):
    reply = bed.get("/livez", admin=True)
    assert reply.status == 200 and reply.json == {"status": "ok"}


def test_readyz_names_every_part(bed):
    reply = eventually(lambda: r if (r := bed.get("/readyz", admin=True)).json["status"] == "ready" else None)
    assert reply.status == 200 and set(reply.json["parts"]) == PARTS
    assert {part["state"] for part in reply.json["parts"].values()} == {"ok"}
    assert all("reason" not in part for part in reply.json["parts"].values())


def test_F_44_without_redis_the_node_is_degraded(own_bed):
    bed = own_bed(redis_url="unix:/nonexistent/redis.sock")
    reply = bed.get("/readyz", admin=True)
    assert reply.status == 200 and reply.json["status"] == "degraded"
    assert reply.json["parts"]["redis"]["state"] == "degraded" and reply.json["parts"]["redis"]["reason"]


def test_they_are_on_the_admin_listener_alone(bed):
    for path in ("/livez", "/readyz", "/metrics"):
        assert bed.get(path).status == 404
        assert bed.request("POST", path, b"", admin=True).status in (404, 405)
    assert bed.get("/oauth/jwks", admin=True).status == 404


def test_metrics(bed):
    before = bed.get("/metrics", admin=True)
    assert before.status == 200 and before.header("content-type").startswith("text/plain; version=0.0.4")
    token = bed.issue(scope="calls.read")
    assert bed.revoke(token).status == 200
    text = bed.get("/metrics", admin=True).body.decode()

    def value(name, of):
        return float(re.search(rf"^{re.escape(name)} (\S+)$", of, re.MULTILINE)[1])

    for name in ("scopemint_tokens_issued_total", "scopemint_revocations_total"):
        assert value(name, text) > value(name, before.body.decode())
    assert value("scopemint_index_complete", text) == 1
    assert value("scopemint_index_sequence_number", text) == value("scopemint_store_sequence_number", text) >= 1
    assert 0 < value("process_resident_memory_bytes", text) < 100e6
    assert value("process_open_fds", text) > 3
    assert re.search(r'^scopemint_build_info\{version="[\d.]+"\} 1$', text, re.MULTILINE)
    names = re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)
    assert len(names) == len(set(names))
    assert token not in text


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing(bed):
    text = bed.get("/metrics", admin=True).body
    result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=30, check=False)
    assert result.returncode == 0 and not result.stdout + result.stderr, result.stdout + result.stderr
