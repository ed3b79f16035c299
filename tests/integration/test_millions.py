"""What happens a million times leaves no more behind than what happens once. A second's worth each in the short form;
scripts/check --long does it by the program as it is released, where memory is watched, and under ASan, which reports
leaks when the testbed stops."""

import contextlib
import sqlite3
import time

from forge import Forger, token_sid
from hammer import hammer
from testbed import eventually

MILLION = 1_000_000
SEEN = 1_000  # tokens that are looked at in turn
KEPT = 4_096  # verified tokens that the server remembers
GROWTH_KIB = 8 * 1024
GRANT = {"grant_type": "client_credentials", "scope": "calls.read"}


def look_at_memory(bed, before_kib, figures):
    """Under ASan freed memory is kept back, and the end of the program tells of leaks."""
    if not bed.is_sanitized:
        grown_kib = bed.rss_kib() - before_kib
        figures(KiB_more=grown_kib)
        assert grown_kib < GROWTH_KIB
    bed.stop()


def test_F_20_tokens_and_introspections_leave_no_memory_behind(own_bed, is_long, figures):
    count = MILLION if is_long else 1_000
    bed = own_bed([f"tokens.verified_kept={KEPT}"])
    link = bed.connect()
    seen = [bed.post("/oauth/token", GRANT, bed.app, connection=link).json["access_token"]
            for _ in range(SEEN)]
    link.close()

    def work(count):
        issued = hammer(bed, "/oauth/token", bed.app, [GRANT], count // 10)
        return issued, hammer(bed, "/oauth/introspect", bed.resource_server, [{"token": one} for one in seen],
                              count - count // 10)

    work(2 * 10 * KEPT)  # until all is full that is bounded
    before_kib = bed.rss_kib()
    issued, looks = work(count)
    assert bed.is_active(seen[0])
    figures(tokens_issued=issued, introspections=looks)
    look_at_memory(bed, before_kib, figures)


def traces(bed):
    """Rows of the store but for tokens, and entries of the feed in Redis, once all that was revoked before is there, and
    one more."""
    marker = bed.issue()
    assert bed.revoke(marker).status == 200
    assert eventually(lambda: bed.redis("EXISTS", f"scopemint:v1:revoked:{token_sid(marker)}") == "1")
    with contextlib.closing(sqlite3.connect(f"file:{bed.facts['store']}?mode=ro", uri=True)) as link:
        tables = [name for name, in link.execute("SELECT name FROM sqlite_schema WHERE type = 'table'") if name != "tokens"]
        rows = sum(link.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables)
    return rows, int(bed.redis("XLEN", "scopemint:v1:feed"))


def test_F_16_7009_2_2_c_an_expired_token_leaves_one_trace_at_most(own_bed, is_long, figures):
    """In the first hour after a start the clock may be ahead, and what looks expired be alive once it is put right: so it
    has one entry, that goes as soon as it is over for sure (P2), however often it is revoked. By then it has none:
    a_token_that_is_over_makes_no_entry, in unit/store/test_contract.c."""
    bed, now = own_bed(), int(time.time())
    expired = Forger(bed).make(payload={"iat": now - 100, "exp": now - 1, "jti": "0190a000-0000-7000-8000-00000000f16a.1"})
    assert bed.revoke(expired).status == 200
    first, second = traces(bed), traces(bed)
    before_kib = bed.rss_kib()
    revocations = hammer(bed, "/oauth/revoke", bed.app, [{"token": expired}], MILLION if is_long else 1_000)
    third = traces(bed)
    assert [b - a for a, b in zip(second, third)] == [b - a for a, b in zip(first, second)]
    assert bed.redis("EXISTS", f"scopemint:v1:revoked:{token_sid(expired)}") == "0"  # by Redis' own clock
    figures(revocations=revocations, rows_more=0)
    look_at_memory(bed, before_kib, figures)
