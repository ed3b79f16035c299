"""The reference model beside the server: seeded random steps (issue, create, patch, revoke, shrink and grow partner
and application tables, suspend, cancel, delete, revoke by selector at once or by a plan, rotate keys, restart, kill -9),
and after each of them the answers of introspection are compared with the model's. The seed is printed: --seed=N
--steps=N repeats a run, as far as no clock decides. 2,000 steps; 100,000 with --long."""

import base64
import json
import random
import time

import pytest

from model import ALL, Application, Catalogue, Jwt, Model, Partner, Refused, Token
from testbed import ROOT, Client, Testbed, eventually
from walk_revocations import RevocationSteps, stamp
from walk_tables import CONTENT, RIGHTS, TableSteps

BATCH = 100
STEPS_A_SERVER = 5_000
LOOKED_FOR = {"counted", "epochs", "predicates", "listed", "leaks", "signed again"}
TOKENS_MAX = 400


def part(text, number):
    piece = text.split(".")[number]
    return json.loads(base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4)))


def claims(text):
    return part(text, 1)


class Walk(TableSteps, RevocationSteps):
    def __init__(self, bed, seed):
        self.bed, self.random = bed, random.Random(seed)
        self.model = Model(Catalogue(ROOT / "conf" / "scopes"))
        self.link = None
        self.history = []
        self.compared = 0
        self.kid = ""
        self.begin_revocations()
        root = Partner(bed.partner_sid, None, ALL)
        self.model.partners.append(root)
        self.admin = Application(bed.admin.client_id, bed.admin.client_secret, root, ALL)
        self.masters = []
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
        reply = self.call_once(method, path, body, bearer or self.master.text)
        while reply.status == 503 and reply.header("Retry-After") == "1":
            # no scopes change while tokens above today's are looked for
            assert self.holding and path.startswith(("partners", "applications")), (path, reply.body)
            self.note("held back")
            self.wait_until_followed()
            reply = self.call_once(method, path, body, bearer or self.master.text)
        return reply

    def call_once(self, method, path, body, bearer):
        headers, data = [("Authorization", f"Bearer {bearer}")], None
        if body is not None:
            headers.append(("Content-Type", "application/json"))
            data = json.dumps(body).encode()
        return self.bed.request(method, "/core/v2/" + path, data, headers, connection=self.connection())

    def expect(self, reply, *statuses):
        assert reply.status in statuses, (statuses, reply.status, reply.body)
        return reply

    def now(self):
        return int(time.time())

    def renew_master(self):
        """The administrator's own token, outside of what the steps change."""
        text = self.bed.issue(Client(self.admin.client_id, self.admin.client_secret), access_token_ttl=3600)
        says = claims(text)
        token = Token(says["jti"].split(".")[0], self.admin, self.admin.partner,
                      frozenset(says["scope"].split()), says["exp"], says["exp"])
        self.masters.append(self.signed(token, text))
        self.model.tokens.append(token)

    @property
    def master(self):
        return self.masters[-1]

    def alive_master(self):
        """Revocations end the administrator's own token too."""
        if self.master.exp < self.now() + 600 or self.model.worth(self.master, self.now()) is None:
            self.renew_master()

    def signed(self, token, text):
        """A JWT of the token, by what it says itself."""
        says, self.kid = claims(text), part(text, 0)["kid"]
        jwt = Jwt(token, text, frozenset(says["scope"].split()), says["exp"], says["epoch"], says["iat"], self.kid)
        token.jwts.append(jwt)
        return jwt

    # ---- choices ----

    def some(self, names, least=0):
        names = sorted(names)
        return frozenset(self.random.sample(names, self.random.randint(min(least, len(names)), len(names))))

    def live_tokens(self):
        return [token for token in self.model.watched if not self.model.is_over(token)]

    def any_jwt(self):
        """A JWT to call with: the master's half of the time."""
        tokens = self.live_tokens()
        if not tokens or self.random.random() < 0.3:
            return self.master
        return self.random.choice(self.random.choice(tokens).shown)

    def mostly(self, choose, decide):
        """What choose() comes up with; in most cases something that is not refused, if a few tries find it."""
        for _ in range(12 if self.random.random() < 0.6 else 1):
            chosen = choose()
            try:
                decide(*chosen)
                break
            except Refused:
                pass
        return chosen

    # ---- tokens ----

    def keep(self, application, partner, text, sid, scopes):
        says = claims(text)
        assert frozenset(says["scope"].split()) == scopes, (says, scopes)
        assert says["scope"] == self.model.catalogue.text(scopes)
        token = Token(sid, application, partner, scopes, says["exp"], says["exp"])
        self.signed(token, text)
        self.model.tokens.append(token)
        self.model.watched.append(token)
        if len(self.model.watched) > TOKENS_MAX:
            self.model.watched.pop(self.random.randrange(len(self.model.watched)))
        return token

    def choose_issue(self):
        application = self.random.choice(self.model.applications)
        asked = None if self.random.random() < 0.4 else self.some(CONTENT + RIGHTS, 1)
        if asked is not None and self.random.random() < 0.6:
            asked = asked & self.model.bound(application, application.partner) or None
        return application, asked

    def step_issue(self):
        if not self.model.applications:
            return "no application"
        application, asked = self.mostly(self.choose_issue, self.model.grant)
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

    def choose_patch(self):
        tokens = [one for one in self.model.watched if self.model.works(one.application, one.partner)]
        about = [one for one in self.about if one in tokens]  # what the last plan counted
        if about and self.random.random() < 0.4:
            tokens = about
        token = self.random.choice(tokens or self.model.watched)
        caller = self.any_jwt()
        roll = self.random.random()
        if roll < 0.3:
            caller = self.random.choice(token.shown)
        elif roll < 0.8:
            peers = [one for one in self.live_tokens() if one.partner is token.partner]
            caller = self.random.choice(self.random.choice(peers).shown) if peers else caller
        return caller, token, self.choose_asked(token)

    def try_patch(self, chosen, is_wide):
        is_signed, _ = self.model.patch(*chosen, self.now())
        if is_wide and not is_signed:
            raise Refused()

    def step_patch(self):
        if not self.model.watched:
            return "no token"
        is_wide = self.random.random() < 0.4
        caller, token, asked = self.mostly(self.choose_patch, lambda *chosen: self.try_patch(chosen, is_wide))
        body = {"name": f"n{self.random.getrandbits(20)}"}
        if asked is not None:
            body["scopes"] = self.random.sample(sorted(asked), len(asked))
        try:
            is_signed, is_shown = self.model.patch(caller, token, asked, self.now())
            if asked is not None and self.revocations.lets_go(token, asked):
                raise Refused(409)
        except Refused as refused:
            reply = self.expect(self.call("PATCH", f"oauth/tokens/{token.sid}", body, caller.text), *refused.statuses)
            return f"patch {token.sid} {asked} refused {reply.status}"
        may_refuse = token.is_unsure or (self.holding and len(token.jwts) > 1)
        answer = self.expect(self.call("PATCH", f"oauth/tokens/{token.sid}", body, caller.text),
                             200, *([409] if may_refuse else []))
        if answer.status == 409:
            return f"patch {token.sid} {asked} refused by what its row cannot tell"
        number, reply = self.said(answer), answer.json
        if asked is not None:
            token.scopes = asked
        token.name = body["name"]
        assert reply["name"] == token.name and frozenset(reply["scopes"]) == token.scopes, reply
        assert (reply["access_token"] is not None) == is_shown, reply
        if is_signed:
            self.note("split" if any(jwt.ended for jwt in token.jwts) else "signed again")
        if is_shown:
            says = claims(reply["access_token"])
            assert says["exp"] == token.exp and frozenset(says["scope"].split()) == token.scopes, says
            self.signed(token, reply["access_token"])
        elif is_signed:
            token.jwts.append(Jwt(token, None, token.scopes, token.exp, number - 1, self.now(), self.kid))
        self.revocations.changed(token)
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
        caller = self.random.choice(token.shown)
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
        reply = self.expect(self.call("PATCH", f"oauth/tokens/{token.sid}", body, caller.text), 200 if allowed else 422)
        if allowed:
            self.said(reply)
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
            reply = self.bed.post("/oauth/revoke", {"token": self.random.choice(token.shown).text},
                                  bearer=self.master.text, connection=self.connection())
            self.said(self.expect(reply, 200))
            token.revoked = True
            return f"revoke {token.sid} by scopemint.revoke"
        caller = self.random.choice(token.shown) if roll < 0.85 else self.any_jwt()
        try:
            self.model.delete(caller, token, self.now())
        except Refused as refused:
            self.expect(self.call("DELETE", f"oauth/tokens/{token.sid}", None, caller.text), *refused.statuses)
            return f"delete {token.sid} refused"
        self.said(self.expect(self.call("DELETE", f"oauth/tokens/{token.sid}", None, caller.text), 204),
                  self.model.is_over(token))
        token.revoked = True
        return f"delete {token.sid}"

    def revoke_by_client(self, token):
        application = token.application
        client = Client(application.client_id, application.client_secret)
        works = self.model.works(application, application.partner)
        reply = self.bed.post("/oauth/revoke", {"token": self.random.choice(token.shown).text}, client,
                              source=self.bed.addresses.fresh())
        self.expect(reply, 200 if works else 401)
        token.revoked = token.revoked or works
        return f"revoke {token.sid} by its client: {works}"

    # ---- the server itself ----

    def step_rotate(self):
        result, before = self.bed.scopemint("key", "rotate"), self.kid
        if result.returncode == 0:
            assert eventually(lambda: (self.renew_master(), self.kid != before)[1], step_s=0.1)
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
        jwts = [*self.masters[-10:], *(jwt for token in self.model.watched for jwt in token.shown)]
        jwts = self.random.sample(jwts, min(BATCH, len(jwts)))
        before = self.now()
        body = json.dumps({"tokens": [jwt.text for jwt in jwts], "min_sequence": self.sequence}).encode()
        headers = [("Authorization", self.bed.resource_server.basic), ("Content-Type", "application/json")]
        reply = self.bed.request("POST", "/oauth/introspect/batch", body, headers, connection=self.connection())
        self.expect(reply, 200)
        self.ask_ahead(jwts[0])
        after = self.now()
        for jwt, got in zip(jwts, reply.json["items"], strict=True):
            self.compare_one(jwt, got, before, after)
        self.compared += len(jwts)

    def ask_ahead(self, jwt):
        """Of a number that nobody was told yet no node has heard (P4)."""
        if self.random.random() < 0.02:
            self.expect(self.bed.introspection(jwt.text, min_sequence=str(self.sequence + 1_000_000)), 503)

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
            self.step_by_selector: 30, self.step_plan: 14, self.step_leaks: 8, self.step_listed: 8, self.step_rotate: 3, self.step_restart: 2, self.step_kill: 1,
        }
        for number in range(steps):
            step = self.random.choices(list(kinds), list(kinds.values()))[0]
            self.history.append(f"{number}: {step()}")
            self.alive_master()
            self.compare()


def walk_once(folder, seed, steps, verified_kept):
    bed = Testbed(folder, settings=["keys.jwks_max_age_s=1", f"tokens.verified_kept={verified_kept}"]).start()
    try:
        walk = Walk(bed, seed)
        try:
            walk.run(steps)
        except Exception:
            print(f"repeat with --seed={seed} --steps={len(walk.history) + 1}; the last steps:")
            print("\n".join(walk.history[-30:]))
            raise
        print(f"{walk.compared} compared; {sorted(walk.counts.items())}")
        assert walk.compared > steps * min(20, steps // 25)  # there are few tokens at the beginning
        assert steps < 2000 or LOOKED_FOR <= set(walk.counts), walk.counts
        return walk.compared
    finally:
        bed.stop()


@pytest.mark.parametrize("verified_kept", [65536, 16, 0])
def test_the_server_agrees_with_the_model(tmp_path, request, is_long, verified_kept, figures):
    """P1, P2, M1, M2, M3 over random steps, with the cache of verified tokens on, tiny and off. Long walks begin again
    at times: 64 selectors are in force for an hour, and nothing else would be asked of them."""
    steps = request.config.getoption("--steps") or (100_000 if is_long else 2_000)
    steps = steps if verified_kept == 65536 else steps // 4
    seed = request.config.getoption("--seed")
    seed = random.SystemRandom().getrandbits(32) if seed is None else seed
    compared = 0
    for number, begun in enumerate(range(0, steps, STEPS_A_SERVER)):
        print(f"seed {seed + number}")
        compared += walk_once(tmp_path / f"bed{number}", seed + number, min(STEPS_A_SERVER, steps - begun),
                              verified_kept)
    figures(steps=steps, verdicts_compared=compared)
