"""/core/v2/partners: whose objects a caller sees, what becomes of them, and who is told. What a write may say stands in
test_partners_writes.py."""

import json
import threading
import urllib.parse

import pytest

from partners import PARTNERS, READ_ONLY, SEED, UNKNOWN, WRITABLE, Partners, error


@pytest.fixture(scope="module")
def partners(module_bed):
    return Partners(module_bed(seed=SEED))


# ---- whose objects a caller sees (F-35) ----

OBJECTS = ["root", "parent", "self", "child", "grandchild", "stranger"]
ABOVE = {"root": [], "parent": ["root"], "self": ["parent", "root"], "child": ["self", "parent", "root"],
         "grandchild": ["child", "self", "parent", "root"], "stranger": ["root"]}
CALLS = {
    "GET": ("GET", None),
    "PATCH name": ("PATCH", {"name": "Renamed"}),
    "PATCH login": ("PATCH", {"login": "renamed"}),
    "PATCH status": ("PATCH", {"status": "suspended"}),
    "PATCH scopes": ("PATCH", {"available_scopes": []}),
    "PUT": ("PUT", {"name": "Put", "login": "put", "status": "active", "available_scopes": [], "acls": [],
                    "parent_assigned_acls": []}),
    "DELETE": ("DELETE", None),
}


def expected(caller, target, call):
    if target == caller:
        return 200 if call in ("GET", "PATCH name") else 403
    if caller not in ABOVE[target]:
        return 404
    return 204 if call == "DELETE" else 200


@pytest.mark.parametrize("caller", [name for name in OBJECTS if name != "root"])
@pytest.mark.parametrize("target", OBJECTS)
def test_F_35_n_by_n(partners, caller, target):
    """Each partner's token against each partner's object; what is refused leaves everything as it was. What would be
    done is done as a dry run, so that the tree stays for the next cell."""
    token = partners.token(caller)
    before = partners.all()
    for call, (method, body) in CALLS.items():
        query = {"dry_run": "true"} if method != "GET" else {}
        reply = partners.ask(method, f"/{partners.sids[target]}", body, token, **query)
        want = expected(caller, target, call)
        assert reply.status == (200 if want == 204 else want), (call, reply.body)
    assert partners.all() == before


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_F_35_unknown_malformed_and_foreign_look_alike(partners, method):
    token = partners.token("self")
    body = CALLS["PUT"][1] if method in ("PATCH", "PUT") else None
    own = partners.sids["child"]
    paths = [UNKNOWN, partners.sids["parent"], partners.sids["stranger"], own.upper(), own[:-1], own + "0", "abc",
             own.replace("-", ""), "%00", "%zz", "..%2f" + own, own.replace("-7", "-4", 1), "null", "*"]
    before = partners.all()
    bodies = set()
    for path in paths:
        reply = partners.ask(method, f"/{path}", body, token)
        assert reply.status == 404, (path, reply.body)
        bodies.add(reply.body)
    assert len(bodies) == 1 and partners.all() == before


@pytest.mark.parametrize("caller", OBJECTS)
def test_F_35_lists_show_the_own_subtree(partners, caller):
    token = None if caller == "root" else partners.token(caller)
    reply = partners.ask("GET", "", None, token, limit=1000)
    found = {item["partner_sid"] for item in reply.json["items"]}
    visible = {partners.sids[name] for name in OBJECTS if name == caller or caller in ABOVE[name]}
    assert visible <= found and reply.json["total"] == len(found)
    if caller != "root":
        assert found & set(partners.sids.values()) == visible


VERBS = {"GET": "read", "PATCH": "update", "PUT": "update", "DELETE": "delete", "POST": "create", "LIST": "read"}


@pytest.mark.parametrize("held", ["partners.manage", "partners.create", "partners.read", "partners.update",
                                  "partners.delete", "calls.manage"])
def test_F_36_each_verb_needs_its_scope(partners, held):
    token = partners.token("self", scope=held)
    for call, verb in VERBS.items():
        method = "GET" if call == "LIST" else call
        path = "" if call in ("LIST", "POST") else f"/{UNKNOWN}"
        body = {} if call in ("POST", "PATCH", "PUT") else None
        reply = partners.ask(method, path, body, token)
        if held in ("partners.manage", f"partners.{verb}"):
            assert reply.status != 403, (call, reply.body)
        else:
            assert reply.status == 403 and error(reply)["code"] == "insufficient_scope", (call, reply.body)
            assert f'scope="partners.manage partners.{verb}"' in reply.header("WWW-Authenticate")


# ---- making them ----

def test_create_below_the_caller_and_below_its_descendants(partners):
    token = partners.token("self")
    made = partners.create(token)
    assert made["parent_sid"] == partners.sids["self"] and made["status"] == "unverified"
    assert made["acls"] == made["parent_assigned_acls"] == [] and set(made) == READ_ONLY | WRITABLE | {"parent_sid"}
    assert partners.create(token, parent_sid=partners.sids["grandchild"])["parent_sid"] == partners.sids["grandchild"]
    assert partners.show(made["partner_sid"]) == made


def test_F_35_no_children_for_others(partners):
    token = partners.token("self")
    before = partners.all()
    bodies = set()
    for parent in (partners.sids["parent"], partners.sids["stranger"], partners.sids["root"], UNKNOWN):
        reply = partners.ask("POST", "", {"name": "x", "parent_sid": parent}, token)
        assert reply.status == 422 and error(reply)["field"] == "parent_sid"
        bodies.add(reply.body)
    assert len(bodies) == 1 and partners.all() == before


def test_default_scopes_are_clipped_to_parent_and_caller(partners):
    made = partners.create()
    defaults = set(made["available_scopes"])
    assert {"partners.read", "lookup.dids.read", "oauth.allow_token_scope_update", "ReadAccounts"} <= defaults
    assert not {"scopemint.audit", "DirectRingOut", "partners.manage"} & defaults
    within = partners.create(partners.token("self"))["available_scopes"]
    assert within == ["calls.manage", "partners.read", "partners.update"], "of the defaults, what RIGHTS include"
    by_less = partners.create(partners.token("self", scope="partners.create calls.read"))
    assert by_less["available_scopes"] == []


def test_skipped_steps_need_their_scopes(partners):
    token = partners.token("self")
    for field, scope in [("skip_email_verification", "partners.skip_email_verifications"),
                         ("skip_partner_review", "partners.skip_partner_review")]:
        reply = partners.ask("POST", "", {"name": "x", field: True}, token)
        assert reply.status == 403 and scope in reply.header("WWW-Authenticate"), reply.body
        assert partners.create(token, **{field: False})["status"] == "unverified"
        assert partners.create(**{field: True})["status"] == "unverified"
    assert partners.active()["status"] == "active"


def test_logins_are_unique(partners):
    taken = partners.create()["login"]
    other = partners.create()
    assert error(partners.ask("POST", "", {"name": "x", "login": taken}))["field"] == "login"
    reply = partners.patch(other["partner_sid"], {"login": taken}, status=409)
    assert error(reply)["field"] == "login" and partners.show(other["partner_sid"]) == other
    assert partners.create(login=None)["login"] is None
    assert partners.create(login=None)["login"] is None


def test_a_tree_is_at_most_32_deep(partners):
    parent = partners.sids["root"]
    for _ in range(31):
        parent = partners.active(parent_sid=parent, available_scopes=["calls.read"])["partner_sid"]
    reply = partners.ask("POST", "", {"name": "x", "parent_sid": parent})
    assert reply.status == 422 and error(reply)["field"] == "parent_sid"


# ---- status ----

STATUSES = ["unverified", "active", "suspended", "canceled"]
WAYS = {("unverified", "active"), ("active", "suspended"), ("suspended", "active"), ("unverified", "canceled"),
        ("active", "canceled"), ("suspended", "canceled")}


def in_status(partners, status):
    made = partners.create() if status == "unverified" else partners.active()
    if status in ("suspended", "canceled"):
        partners.patch(made["partner_sid"], {"status": status})
    return made["partner_sid"]


@pytest.mark.parametrize("to", STATUSES)
@pytest.mark.parametrize("status", STATUSES)
def test_status(partners, status, to):
    sid = in_status(partners, status)
    allowed = (status, to) in WAYS or (status == to and status != "canceled")
    partners.patch(sid, {"status": to}, status=200 if allowed else 409)
    assert partners.show(sid)["status"] == (to if allowed else status)


def test_canceled_is_final(partners):
    sid = in_status(partners, "canceled")
    before = partners.show(sid)
    for body in ({"name": "x"}, {"status": "active"}, {"available_scopes": []}, {}):
        partners.patch(sid, body, status=409)
    assert partners.ask("PUT", f"/{sid}", before).status == 409
    assert partners.ask("POST", "", {"name": "x", "parent_sid": sid}).status == 409
    assert partners.ask("DELETE", f"/{sid}").status == 204
    assert partners.show(sid) == before


def test_delete_cancels(partners):
    sid = in_status(partners, "active")
    below = partners.active(parent_sid=sid)
    assert partners.ask("DELETE", f"/{sid}", None, None, [("If-Match", '"9"')]).status == 412
    for _ in range(2):
        reply = partners.ask("DELETE", f"/{sid}")
        assert reply.status == 204 and reply.body == b""
    assert partners.show(sid)["status"] == "canceled"
    assert partners.ask("POST", "", {"name": "x", "parent_sid": below["partner_sid"]}).status == 409


APPLICATIONS, TOKENS = "/core/v2/applications", "/core/v2/oauth/token"


@pytest.mark.parametrize("place", ["itself", "below"])
@pytest.mark.parametrize("status", STATUSES)
def test_what_may_be_made_at_a_partner(partners, status, place):
    """Where all is final nothing is made; what waits may get what waits with it, but no tokens."""
    sid = partners.active()["partner_sid"]
    home = partners.active(parent_sid=sid)["partner_sid"] if place == "below" else sid
    if status == "unverified":
        sid = partners.create()["partner_sid"]
        home = partners.active(parent_sid=sid)["partner_sid"] if place == "below" else sid
    elif status != "active":
        partners.patch(sid, {"status": status})

    def make(path, body):
        headers = [("Authorization", f"Bearer {partners.admin}"), ("Content-Type", "application/json")]
        return partners.bed.request("POST", path, json.dumps(body).encode(), headers)

    tried = {"parent_sid": make(PARTNERS, {"name": "x", "parent_sid": home}),
             "partner_sid": make(APPLICATIONS, {"scopes": [], "partner_sid": home}),
             None: make(f"{TOKENS}/{home}", {"scopes": ["calls.read"]})}
    for field, reply in tried.items():
        refused = status == "canceled" or (status != "active" and field is None)
        assert reply.status == (409 if refused else 200), reply.body
        if refused:
            word = "canceled" if status == "canceled" else "not active"
            assert error(reply)["message"] == f"This partner or one above it is {word}"
            assert error(reply).get("field") == field
    if status == "canceled":  # before what is wrong with the scopes
        assert make(f"{TOKENS}/{home}", {"scopes": ["nosuch"]}).status == 409


def test_the_root_stays(partners):
    sid = partners.sids["root"]
    before = partners.show(sid)
    for body in ({"status": "suspended"}, {"status": "canceled"}, {"available_scopes": []},
                 {"available_scopes": ["calls.read"]}, {"login": "other"}):
        partners.patch(sid, body, status=403)
    assert partners.ask("DELETE", f"/{sid}").status == 403
    assert partners.show(sid) == before
    assert partners.ask("PUT", f"/{sid}", before).status == 200


def test_of_its_own_object_a_partner_writes_name_and_acls(partners):
    token, sid = partners.token("stranger"), partners.sids["stranger"]
    before = partners.show(sid)
    reply = partners.ask("PUT", f"/{sid}", {"name": "By itself", "acls": []}, token)
    assert reply.status == 200 and reply.json["name"] == "By itself"
    assert partners.ask("PUT", f"/{sid}", {**before, "name": "Again"}, token).status == 200
    assert partners.ask("PUT", f"/{sid}", {**before, "status": "suspended"}, token).status == 403
    assert partners.ask("PUT", f"/{sid}", {"name": "x"}, token).status == 422
    partners.patch(sid, {"name": before["name"], "available_scopes": before["available_scopes"]}, token)
    after = partners.show(sid)
    assert {**after, "date_updated": before["date_updated"]} == before


# ---- two at the same time ----

def test_if_match(partners):
    made = partners.active()
    path = f"/{made['partner_sid']}"
    first = partners.ask("GET", path).header("ETag")
    second = partners.ask("PATCH", path, {"name": "a"}, None, [("If-Match", first)]).header("ETag")
    assert second != first
    for tag in (first, '"x"', "1", f"W/{second}", "", '"1', "*x"):
        reply = partners.ask("PATCH", path, {"name": "b"}, None, [("If-Match", tag)])
        assert reply.status == (200 if tag == "*" else 412), tag
    reply = partners.ask("PATCH", path, {"name": "a"}, None, [("If-Match", f'"7", {second}')])
    assert reply.status == 200 and reply.header("ETag") == second, "nothing changed, so neither did the tag"


def test_patches_that_race_see_each_other(partners):
    """Each adds a value of its own to what it read: with If-Match none is lost."""
    made = partners.active(available_scopes=[])
    path = f"/{made['partner_sid']}"
    values = ["calls.read", "sms.read", "app.read", "batch.read", "push.read", "tts.read"]
    strange = []

    def add(value):
        while True:
            reply = partners.ask("GET", path)
            body = {"available_scopes": sorted({*reply.json["available_scopes"], value})}
            answer = partners.ask("PATCH", path, body, None, [("If-Match", reply.header("ETag"))])
            if answer.status == 200:
                return
            if answer.status not in (409, 412):
                strange.append(answer.body)
                return

    threads = [threading.Thread(target=add, args=(value,)) for value in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not strange and partners.show(made["partner_sid"])["available_scopes"] == sorted(values)


def test_patches_of_different_fields_both_hold(partners):
    made = partners.active()
    path = f"/{made['partner_sid']}"
    replies = []
    bodies = [{"name": f"Race {n}"} if n % 2 else {"login": f"race{n}"} for n in range(8)]
    threads = [threading.Thread(target=lambda b=body: replies.append(partners.ask("PATCH", path, b)))
               for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply.status for reply in replies} <= {200, 409}
    after = partners.show(made["partner_sid"])
    assert after["name"].startswith("Race ") and after["login"].startswith("race")


# ---- lists ----

def test_lists(partners):
    parent = partners.active()["partner_sid"]
    made = [partners.active(parent_sid=parent, name=f"Listed {n % 3}")["partner_sid"] for n in range(9)]
    below = f"parent_sid eq {parent}"
    assert partners.ask("GET", filter=below, limit=100).json["total"] == 9
    reply = partners.ask("GET", filter=f"{below} and name like 'Listed 1%'", order="date_created desc")
    assert {item["partner_sid"] for item in reply.json["items"]} == set(made[1::3])
    newest_first = [(item["date_created"], item["partner_sid"]) for item in reply.json["items"]]
    assert newest_first == sorted(newest_first, reverse=True)
    found, path = [], f"?{urllib.parse.urlencode({'filter': below, 'limit': 2, 'include_fields': 'partner_sid'})}"
    while path:
        reply = partners.ask("GET", path)
        found += [item["partner_sid"] for item in reply.json["items"]]
        assert reply.json["total"] == 9
        path = "?" + reply.json["pagination"]["next"].split("?")[1] if reply.json["has_more"] else None
    assert found == sorted(made), "SIDs of one millisecond are in no order of making"
    assert partners.ask("GET", offset=10**9).json["items"] == []
    for bad in ({"filter": "available_scopes eq x"}, {"order": "acls"}, {"filter": "name eq 'x' or 1 eq 1"},
                {"filter": "status eq"}, {"limit": 0}, {"limit": 1001}, {"after": "x"}, {"include_fields": "x"}):
        assert partners.ask("GET", **bad).status == 422, bad
    injected = partners.ask("GET", filter="name eq \"x' or '1' eq '1\"")
    assert injected.status == 200 and injected.json["total"] == 0


# ---- the audit log ----

def test_F_37_each_change_is_recorded_once(partners):
    made = partners.active(available_scopes=["calls.read"])
    sid = made["partner_sid"]
    partners.patch(sid, {"name": "Renamed", "available_scopes": []})
    partners.patch(sid, {"name": "Renamed"})
    partners.ask("DELETE", f"/{sid}")
    partners.ask("DELETE", f"/{sid}")
    lacking = partners.token("self", scope="partners.manage")
    assert partners.ask("POST", "", {"name": "x", "available_scopes": ["calls.read"]}, lacking).status == 403
    rows = partners.bed.offline("SELECT record FROM audit ORDER BY seq")
    records = [record for record in (json.loads(row[0]) for row in rows) if record.get("object") == sid]
    assert [record["action"] for record in records] == ["partner.create", "partner.update", "partner.cancel"]
    assert all(record["result"] == "done" and record["partner_sid"] == sid for record in records)
    assert records[0]["detail"]["after"]["available_scopes"] == ["calls.read"]
    assert records[1]["detail"] == {"before": {"name": made["name"], "available_scopes": ["calls.read"]},
                                    "after": {"name": "Renamed", "available_scopes": []}}
    assert records[2]["detail"] == {"before": {"status": "active"}, "after": {"status": "canceled"}}
    refused = [json.loads(row[0]) for row in rows if '"rule":"M3"' in row[0]]
    assert refused and refused[0]["result"] == "refused" and refused[0]["detail"]["field"] == "available_scopes"
    assert refused[0]["detail"]["missing"]
