"""The reference model beside the server: seeded random steps (issue, create, patch, revoke, shrink and grow partner
and application tables, suspend, cancel, delete, rotate keys, restart, kill -9), and after each of them the answers
of introspection are compared with the model's. The seed is printed: --seed=N --steps=N repeats a run. 2,000 steps;
100,000 with --long."""

import base64
import json
import random
import time

import pytest

from model import ALL, Application, Catalogue, Jwt, Model, Partner, Refused, Token
from testbed import ROOT, Client, Testbed

# Few names, so that they meet often: families, inclusions over two steps, restricted values.
CONTENT = ["calls.manage", "calls.read", "calls.create", "sms.manage", "sms.read", "rating.manage", "rating.read",
           "Accounts", "EditAccounts", "ReadAccounts", "EditMessages", "Faxes", "ReadMessages", "DirectRingOut"]
RIGHTS = ["oauth.manage", "oauth.manage_all_tokens", "oauth.allow_token_scope_update", "oauth.update",
          "oauth.create", "oauth.delete"]
BATCH = 100
PARTNERS_MAX, APPLICATIONS_MAX, TOKENS_MAX, DEPTH_MAX = 14, 30, 400, 6


def claims(text):
    payload = text.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".000Z"


class Walk:
    def __init__(self, bed, seed):
        self.bed, self.random = bed, random.Random(seed)
        self.model = Model(Catalogue(ROOT / "conf" / "scopes"))
        self.link = None
        self.history = []
        self.compared = 0
        root = Partner(bed.partner_sid, None, ALL)
        self.model.partners.append(root)
        self.admin = Application(bed.admin.client_id, bed.admin.client_secret, root, ALL)
        self.master = None
        self.renew_master()
        self.make_application(root)
        for _ in range(3):
            self.step_partner_create()

    # ---- talking to the server ----

    def connection(self):
        if self.link is None:
            self.link = self.bed.connect()
        return self.link

    def forget_connection(self):
        if self.link is not None:
            self.link.close()
        self.link = None

    def call(self, method, path, body=None, bearer=None):
        headers = [("Authorization", f"Bearer {bearer or self.master.text}")]
        data = None
        if body is not None:
            headers.append(("Content-Type", "application/json"))
            data = json.dumps(body).encode()
        return self.bed.request(method, "/core/v2/" + path, data, headers, connection=self.connection())

    def expect(self, reply, *statuses):
        assert reply.status in statuses, (reply.status, reply.body, statuses, self.history[-1:])
        return reply

    def now(self):
        return int(time.time())

    def renew_master(self):
        """The administrator's own token, outside of what the steps change."""
        text = self.bed.issue(Client(self.admin.client_id, self.admin.client_secret), access_token_ttl=3600)
        says = claims(text)
        token = Token(says["jti"].split(".")[0], self.admin, self.admin.partner,
                      frozenset(says["scope"].split()), says["exp"], says["exp"])
        self.master = Jwt(token, text, token.scopes, says["exp"])
        token.jwts.append(self.master)

    # ---- choices ----

    def some(self, names, least=0):
        names = sorted(names)
        return frozenset(self.random.sample(names, self.random.randint(min(least, len(names)), len(names))))

    def live_tokens(self):
        return [token for token in self.model.tokens if not token.revoked]

    def any_jwt(self):
        """A JWT to call with: the master's half of the time."""
        tokens = self.live_tokens()
        if not tokens or self.random.random() < 0.3:
            return self.master
        return self.random.choice(self.random.choice(tokens).jwts)

    def working(self):
        return [one for one in self.model.applications if self.model.works(one, one.partner)]

    # ---- tables ----

    def make_application(self, partner):
        scopes = self.some(CONTENT, 1) | self.some(RIGHTS)
        reply = self.expect(self.call("POST", "applications", {
            "partner_sid": partner.sid, "name": "walker", "type": "confidential",
            "token_endpoint_auth_method": "client_secret_basic", "grant_types": ["client_credentials"],
            "scopes": sorted(scopes), "audiences": [self.bed.issuer, self.bed.audience]}), 200)
        application = Application(reply.json["client_id"], reply.json["client_secret"], partner, scopes)
        self.model.applications.append(application)
        return f"application {application.client_id} {sorted(scopes)}"

    def step_application_create(self):
        usable = [one for one in self.model.partners if one.status != "canceled"]
        if len(self.model.applications) >= APPLICATIONS_MAX:
            return self.step_application_scopes()
        return self.make_application(self.random.choice(usable))

    def step_application_scopes(self):
        application = self.pick_application()
        if application is None:
            return "no application"
        scopes = self.some(CONTENT) | self.some(RIGHTS)
        approved = self.some(self.model.catalogue.restricted & scopes)
        self.expect(self.call("PATCH", f"applications/{application.client_id}",
                              {"scopes": sorted(scopes), "approved_restricted": sorted(approved)}), 200)
        application.scopes, application.approved = scopes, approved
        return f"application {application.client_id} scopes {sorted(scopes)} approved {sorted(approved)}"

    def pick_application(self):
        there = [one for one in self.model.applications if not one.gone and one.partner.status != "canceled"]
        return self.random.choice(there) if there else None

    def other_status(self, what):
        """Mostly active, so that most tokens are worth something."""
        return "suspended" if what.status == "active" and self.random.random() < 0.4 else "active"

    def step_application_status(self):
        application = self.pick_application()
        if application is None:
            return "no application"
        application.status = self.other_status(application)
        self.expect(self.call("PATCH", f"applications/{application.client_id}", {"status": application.status}), 200)
        return f"application {application.client_id} {application.status}"

    def step_application_delete(self):
        application = self.pick_application()
        if application is None or self.random.random() < 0.6:
            return "no application deleted"
        self.expect(self.call("DELETE", f"applications/{application.client_id}"), 204)
        application.gone = True
        self.model.applications.remove(application)
        return f"application {application.client_id} deleted"

    def step_partner_create(self):
        parents = [one for one in self.model.partners if one.status == "active" and len(one.chain) < DEPTH_MAX]
        if len(self.model.partners) >= PARTNERS_MAX or not parents:
            return self.step_partner_scopes()
        parent = self.random.choice(parents)
        scopes = frozenset((set(CONTENT) | set(RIGHTS)) & self.model.ceiling(parent)) - self.some(CONTENT)
        reply = self.expect(self.call("POST", "partners", {
            "parent_sid": parent.sid, "name": "walker", "login": f"w{self.random.getrandbits(60):x}",
            "available_scopes": sorted(scopes), "skip_email_verification": True, "skip_partner_review": True}), 200)
        assert reply.json["status"] == "active", reply.body
        partner = Partner(reply.json["partner_sid"], parent, scopes)
        self.model.partners.append(partner)
        self.make_application(partner)
        return f"partner {partner.sid} below {parent.sid}"

    def pick_partner(self):
        there = [one for one in self.model.partners if one.parent and one.status != "canceled"]
        return self.random.choice(there) if there else None

    def step_partner_scopes(self):
        partner = self.pick_partner()
        if partner is None:
            return "no partner"
        scopes = (self.some(CONTENT) | self.some(RIGHTS)) & self.model.ceiling(partner.parent)
        self.expect(self.call("PATCH", f"partners/{partner.sid}", {"available_scopes": sorted(scopes)}), 200)
        partner.scopes = scopes
        return f"partner {partner.sid} scopes {sorted(scopes)}"

    def step_partner_status(self):
        partner = self.pick_partner()
        if partner is None:
            return "no partner"
        status = self.other_status(partner)
        self.expect(self.call("PATCH", f"partners/{partner.sid}", {"status": status}), 200)
        partner.status = status
        return f"partner {partner.sid} {status}"

    def step_partner_cancel(self):
        partner = self.pick_partner()
        leaf = partner and not any(partner in one.chain[1:] for one in self.model.partners)
        if not leaf or self.random.random() < 0.7:
            return "no partner canceled"
        self.expect(self.call("DELETE", f"partners/{partner.sid}"), 204)
        partner.status = "canceled"
        return f"partner {partner.sid} canceled"

    # ---- tokens ----

    def keep(self, application, partner, text, sid, scopes):
        says = claims(text)
        assert frozenset(says["scope"].split()) == scopes, (says, scopes)
        assert says["scope"] == self.model.catalogue.text(scopes)
        token = Token(sid, application, partner, scopes, says["exp"], says["exp"])
        token.jwts.append(Jwt(token, text, scopes, says["exp"]))
        self.model.tokens.append(token)
        if len(self.model.tokens) > TOKENS_MAX:
            self.model.tokens.pop(self.random.randrange(len(self.model.tokens)))
        return token

    def step_issue(self):
        if not self.model.applications:
            return "no application"
        application = self.random.choice(self.model.applications)
        asked = None if self.random.random() < 0.4 else self.some(CONTENT + RIGHTS, 1)
        if asked is not None and self.random.random() < 0.6:
            asked = asked & self.model.bound(application, application.partner) or None
        form = {"grant_type": "client_credentials", "access_token_ttl": "3600"}
        if asked is not None:
            form["scope"] = " ".join(self.random.sample(sorted(asked), len(asked)))
        client = Client(application.client_id, application.client_secret)
        try:
            granted = self.model.grant(application, asked)
        except Refused as refused:
            # a failed authentication is counted by address: each comes from another
            source = self.bed.addresses.fresh()
            self.expect(self.bed.post("/oauth/token", form, client, source=source), *refused.statuses)
            return f"issue {application.client_id} {asked} refused"
        reply = self.expect(self.bed.post("/oauth/token", form, client, connection=self.connection()), 200)
        text = reply.json["access_token"]
        token = self.keep(application, application.partner, text, claims(text)["jti"].split(".")[0], granted)
        return f"issue {token.sid} {sorted(granted)}"

    def step_create(self):
        caller = self.any_jwt()
        partner = self.random.choice(self.model.partners)
        own = self.random.random() < 0.4
        if own:
            partner = caller.token.partner
        elif partner is caller.token.partner:
            return "its own partner's path is no descendant's"
        asked = None if self.random.random() < 0.4 else self.some(CONTENT + RIGHTS, 1)
        if asked is not None and self.random.random() < 0.7:
            asked = asked & self.model.bound(caller.token.application, partner) or None
        body = {"access_token_expires_in": 3600}
        if asked is not None:
            body["scopes"] = sorted(asked)
        path = "oauth/token" if own else f"oauth/token/{partner.sid}"
        try:
            granted = self.model.create(caller, partner, asked, self.now())
        except Refused as refused:
            self.expect(self.call("POST", path, body, caller.text), *refused.statuses)
            return f"create at {partner.sid} refused"
        reply = self.expect(self.call("POST", path, body, caller.text), 200).json
        token = self.keep(caller.token.application, partner, reply["access_token"], reply["token_sid"], granted)
        return f"create {token.sid} at {partner.sid} {sorted(granted)}"

    def step_patch(self):
        tokens = [one for one in self.model.tokens if self.model.works(one.application, one.partner)]
        if not tokens:
            return "no token"
        token = self.random.choice(tokens)
        caller = self.any_jwt()
        roll = self.random.random()
        if roll < 0.3:
            caller = self.random.choice(token.jwts)
        elif roll < 0.8:
            peers = [one for one in self.live_tokens() if one.partner is token.partner]
            caller = self.random.choice(self.random.choice(peers).jwts) if peers else caller
        asked = self.choose_asked(token)
        body = {"name": f"n{self.random.getrandbits(20)}"}
        if asked is not None:
            body["scopes"] = self.random.sample(sorted(asked), len(asked))
        try:
            is_shown = self.model.patch(caller, token, asked, self.now())
        except Refused as refused:
            reply = self.expect(self.call("PATCH", f"oauth/tokens/{token.sid}", body, caller.text), *refused.statuses)
            return f"patch {token.sid} {asked} refused {reply.status}"
        reply = self.expect(self.call("PATCH", f"oauth/tokens/{token.sid}", body, caller.text), 200).json
        if asked is not None:
            token.scopes = asked
        token.name = body["name"]
        assert reply["name"] == token.name and frozenset(reply["scopes"]) == token.scopes, reply
        assert (reply["access_token"] is not None) == is_shown, reply
        if is_shown:
            says = claims(reply["access_token"])
            assert says["exp"] == token.exp and frozenset(says["scope"].split()) == token.scopes, says
            token.jwts.append(Jwt(token, reply["access_token"], token.scopes, says["exp"]))
        return f"patch {token.sid} to {sorted(token.scopes)}, a new JWT: {is_shown}"

    def choose_asked(self, token):
        roll = self.random.random()
        if roll < 0.1:
            return None
        if roll < 0.2:
            return token.scopes
        if roll < 0.5:
            return self.some(token.scopes)
        wider = token.scopes | self.some(CONTENT)
        if roll < 0.8:
            wider &= self.model.bound(token.application, token.partner) | token.scopes
        return frozenset(wider)

    def step_expiry(self):
        tokens = [one for one in self.live_tokens()
                  if one.exp_signed > self.now() + 900 and self.model.works(one.application, one.partner)]
        if not tokens:
            return "no token"
        token = self.random.choice(tokens)
        caller = self.random.choice(token.jwts)
        latest, soonest = token.jwts[-1].exp, self.now() + 600
        if latest <= soonest:
            return "too near its end to say what the server's clock will find"
        exp = self.random.choice([latest, self.random.randint(soonest, latest), latest + 1, self.now() - 5])
        body = {"date_expiration_access_token": stamp(exp)}
        try:
            self.model.patch(caller, token, None, self.now())
        except Refused as refused:
            self.expect(self.call("PATCH", f"oauth/tokens/{token.sid}", body, caller.text), *refused.statuses)
            return f"expiry of {token.sid} refused"
        allowed = self.now() < exp <= latest
        self.expect(self.call("PATCH", f"oauth/tokens/{token.sid}", body, caller.text), 200 if allowed else 422)
        if allowed:
            token.exp = exp
        return f"expiry of {token.sid} {exp} {allowed}"

    def step_revoke(self):
        tokens = self.live_tokens()
        if not tokens:
            return "no token"
        token = self.random.choice(tokens)
        roll = self.random.random()
        if roll < 0.4:
            return self.revoke_by_client(token)
        if roll < 0.7:
            reply = self.bed.post("/oauth/revoke", {"token": self.random.choice(token.jwts).text},
                                  bearer=self.master.text, connection=self.connection())
            self.expect(reply, 200)
            token.revoked = True
            return f"revoke {token.sid} by scopemint.revoke"
        caller = self.random.choice(token.jwts) if roll < 0.85 else self.any_jwt()
        try:
            self.model.delete(caller, token, self.now())
        except Refused as refused:
            self.expect(self.call("DELETE", f"oauth/tokens/{token.sid}", None, caller.text), *refused.statuses)
            return f"delete {token.sid} refused"
        self.expect(self.call("DELETE", f"oauth/tokens/{token.sid}", None, caller.text), 204)
        token.revoked = True
        return f"delete {token.sid}"

    def revoke_by_client(self, token):
        application = token.application
        client = Client(application.client_id, application.client_secret)
        works = self.model.works(application, application.partner)
        reply = self.bed.post("/oauth/revoke", {"token": self.random.choice(token.jwts).text}, client,
                              source=self.bed.addresses.fresh())
        self.expect(reply, 200 if works else 401)
        token.revoked = token.revoked or works
        return f"revoke {token.sid} by its client: {works}"

    # ---- the server itself ----

    def step_rotate(self):
        result = self.bed.scopemint("key", "rotate")
        return f"rotate keys: {result.returncode}"

    def step_restart(self):
        self.forget_connection()
        self.bed.restart()
        return "restart"

    def step_kill(self):
        self.forget_connection()
        self.bed.kill()
        self.bed.start()
        return "kill -9"

    # ---- comparing ----

    def compare(self):
        jwts = [jwt for token in self.model.tokens for jwt in token.jwts]
        jwts = self.random.sample(jwts, min(BATCH, len(jwts)))
        if not jwts:
            return
        before = self.now()
        body = json.dumps({"tokens": [jwt.text for jwt in jwts]}).encode()
        headers = [("Authorization", self.bed.resource_server.basic), ("Content-Type", "application/json")]
        reply = self.bed.request("POST", "/oauth/introspect/batch", body, headers, connection=self.connection())
        self.expect(reply, 200)
        after = self.now()
        for jwt, got in zip(jwts, reply.json["items"], strict=True):
            self.compare_one(jwt, got, before, after)
        self.compared += len(jwts)

    def compare_one(self, jwt, got, before, after):
        want = self.model.worth(jwt, before)
        if want is None or self.model.worth(jwt, after) is None:
            assert want is not None or got == {"active": False}, (jwt.token.sid, got, self.history[-20:])
            return
        scopes, exp = want
        assert got["active"], (jwt.token.sid, "is inactive, and should be worth", scopes, self.history[-20:])
        expected = self.model.catalogue.text(scopes)
        assert got["scope"] == expected, (jwt.token.sid, got["scope"], expected, self.history[-20:])
        assert got["exp"] == exp, (jwt.token.sid, got["exp"], exp, self.history[-20:])

    def run(self, steps):
        kinds = {
            self.step_issue: 300, self.step_patch: 260, self.step_create: 90, self.step_revoke: 50,
            self.step_expiry: 50, self.step_partner_scopes: 70, self.step_partner_status: 60,
            self.step_application_scopes: 70, self.step_application_status: 40, self.step_application_create: 12,
            self.step_partner_create: 8, self.step_application_delete: 6, self.step_partner_cancel: 4,
            self.step_rotate: 3, self.step_restart: 2, self.step_kill: 1,
        }
        for number in range(steps):
            step = self.random.choices(list(kinds), list(kinds.values()))[0]
            self.history.append(f"{number}: {step()}")
            if self.master.exp < self.now() + 600:
                self.renew_master()
            self.compare()


@pytest.mark.parametrize("verified_kept", [65536, 16, 0])
def test_the_server_agrees_with_the_model(tmp_path, request, is_long, verified_kept):
    """P1, P2, M1, M2, M3 over random steps, with the cache of verified tokens on, tiny and off."""
    steps = request.config.getoption("--steps") or (100_000 if is_long else 2_000)
    steps = steps if verified_kept == 65536 else steps // 4
    seed = request.config.getoption("--seed") or random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    bed = Testbed(tmp_path / "bed", settings=[
        "keys.jwks_max_age_s=1", f"tokens.verified_kept={verified_kept}"]).start()
    try:
        walk = Walk(bed, seed)
        try:
            walk.run(steps)
        except Exception:
            print(f"repeat with --seed={seed} --steps={len(walk.history) + 1}; the last steps:")
            print("\n".join(walk.history[-30:]))
            raise
        assert walk.compared > steps * 20
    finally:
        bed.stop()
