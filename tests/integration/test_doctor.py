"""`scopemint doctor`: what it says of a node that is well, that is stopped, and of what is wrong, with a remedy."""

import json
import stat

from testbed import Testbed, free_port

OK, FAILED = 0, 1


def findings(bed, *settings, status=OK):
    result = bed.scopemint("doctor", *(part for setting in settings for part in ("--set", setting)))
    assert result.returncode == status, result.stdout + result.stderr
    items = json.loads(result.stdout)["items"]
    assert all(item["state"] == "ok" or item["remedy"] for item in items)
    return {item["check"]: item for item in items}


def test_doctor_of_a_well_node(bed):
    found = findings(bed)
    assert {item["state"] for item in found.values()} == {"ok"}
    assert set(found) >= {"configuration", "scope tables", "keys", "store", "process", "schema", "clock", "disk", "live",
                          "ready: store", "ready: redis", "published keys", "issuer"}
    assert str(bed.pid) in found["process"]["finding"]
    text = bed.scopemint("doctor", "--text")
    assert text.stdout.splitlines()[0].split() == ["state", "check", "finding", "remedy"]


def test_doctor_finds_what_is_wrong(bed):
    port = free_port()
    found = findings(bed, f"server.issuer=http://127.0.0.1:{port}", status=FAILED)
    assert found["issuer"]["state"] == found["published keys"]["state"] == "FAIL"
    found = findings(bed, f"admin.listen=127.0.0.1:{port}", status=FAILED)
    assert found["live"]["state"] == "FAIL" and "issuer" not in found
    found = findings(bed, "store.url=sqlite:/nonexistent/store.db", status=FAILED)
    assert found["store"]["state"] == "FAIL"
    assert findings(bed, "store.ulr=x", status=FAILED).keys() == {"configuration"}
    found = findings(bed, "keys.dir=/nonexistent", status=FAILED)
    assert found["keys"]["state"] == "FAIL"


def test_doctor_sees_modes_and_keys(bed):
    [key, *_] = bed.keys.glob("*.pem")
    key.chmod(0o644)
    found = findings(bed, status=FAILED)
    key.chmod(0o600)
    assert found["keys"]["state"] == "FAIL" and key.name in found["keys"]["finding"]
    bed.keys.chmod(0o750)
    found = findings(bed)
    bed.keys.chmod(0o700)
    assert found["keys"]["state"] == "warn" and "0750" in found["keys"]["finding"]
    assert stat.S_IMODE(bed.keys.stat().st_mode) == 0o700


def test_doctor_of_a_stopped_node(tmp_path):
    bed = Testbed(tmp_path / "state").start()
    bed.stop()
    found = findings(bed)
    assert found["process"]["state"] == "warn" and "live" not in found and found["schema"]["state"] == "ok"
    result = bed.scopemint("doctor", later_s=3 * 24 * 3600)
    clock = [item for item in json.loads(result.stdout)["items"] if item["check"] == "clock"]
    assert clock[0]["state"] == "warn" and "72 h ahead" in clock[0]["finding"]
