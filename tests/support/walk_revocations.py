"""The steps of the walk of integration/test_model.py that revoke by selector and ask what became of it."""

import calendar
import time

from model import Refused
from model_revocations import Plan, Reach, Revocations, Selector

REVOCATIONS = "admin/revocations"
FOLLOWED_TIMEOUT_S = 60
PAGE = 1000


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".000Z"


class RevocationSteps:
    """Of a Walk. sequence: the highest number the server has said; following: revocations whose rows may not be
    through yet, among them those that hold back changes of tables."""

    def begin_revocations(self):
        self.revocations = Revocations(self.model)
        self.sequence = 0
        self.following, self.holding = {}, set()
        self.counts, self.about = {}, []

    def note(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def said(self, reply, is_own=False):
        """Scopemint-Sequence of an answer 2xx, which never falls; is_own: that of a revocation of before."""
        number = int(reply.header("Scopemint-Sequence"))
        assert is_own or number >= self.sequence, (number, self.sequence, self.history[-3:])
        self.sequence = max(self.sequence, number)
        return number

    # ---- choices ----

    def some_revoker(self):
        """Mostly somebody who may revoke by selector, of whatever partner."""
        roll = self.random.random()
        if roll < 0.5:
            return self.master
        tokens = [token for token in self.live_tokens() if token.scopes & {"scopemint.revoke", "oauth.manage_all_tokens"}]
        return self.random.choice(self.random.choice(tokens).shown) if tokens and roll < 0.95 else self.any_jwt()

    def some_selector(self, caller):
        """Mostly about one token and what is like it, now and then about nearly all."""
        home = caller.token.partner
        tokens = [token for token in self.live_tokens() if home in token.partner.chain] or self.model.watched
        if not tokens or self.random.random() < 0.1:
            tokens = self.model.watched or [caller.token]
        token = self.random.choice(tokens)
        application, partner = token.application, token.partner
        if self.random.random() < 0.2:
            partner = self.random.choice(partner.chain)
        scope = self.random.choice(sorted(token.scopes or {"calls.read"}))
        scope = self.random.choice(sorted(self.model.catalogue.reach[scope]))
        leaf = not any(partner in one.chain[1:] for one in self.model.partners)
        broad = self.random.random() < 0.12
        shapes = [Selector(application), Selector(application, scope=scope), Selector(application, partner),
                  Selector(application, over_ceiling=True), Selector(application, token.application.partner, True)]
        if partner.parent is not None or broad:
            shapes += [Selector(None, partner), Selector(None, partner, scope=scope),
                       Selector(None, partner, over_ceiling=True)]
        if (leaf and partner.parent is not None) or broad:
            shapes += [Selector(None, partner, True), Selector(None, partner, True, scope=scope)]
        if broad:
            shapes = [*shapes[5:], Selector(scope=scope), Selector(kid=token.newest.kid, scope=scope), Selector(),
                      Selector(kid=token.newest.kid), Selector(over_ceiling=True), Selector(descendants=True)]
        chosen = self.random.choice(shapes)
        if self.random.random() < 0.3:
            dates = sorted({jwt.iat for one in tokens for jwt in one.jwts}) or [self.now()]
            before_s = min(self.random.choice(dates) + self.random.choice((0, 1)), self.now())
            chosen = Selector(chosen.application, chosen.partner, chosen.descendants, chosen.kid, chosen.scope,
                              before_s, chosen.over_ceiling)
        return chosen

    @staticmethod
    def body_of(selector):
        body = {"client_id": selector.application and selector.application.client_id,
                "partner_sid": selector.partner and selector.partner.sid, "kid": selector.kid, "scope": selector.scope,
                "issued_before": None if selector.before_s is None else stamp(selector.before_s)}
        body = {name: value for name, value in body.items() if value is not None}
        return {**body, **({"descendants": True} if selector.descendants else {}),
                **({"over_ceiling": True} if selector.over_ceiling else {})}

    # ---- counting and carrying out ----

    def step_by_selector(self):
        caller = self.some_revoker()
        asked = self.some_selector(caller)
        is_dry = self.random.random() < 0.4
        body, number = self.body_of(asked), self.sequence
        what = f"{'count' if is_dry else 'revoke'} {body} by {caller.token.sid} of {caller.token.partner.sid}"
        if is_dry or self.random.random() < 0.5:
            body["dry_run"] = is_dry
        try:
            reach = Reach(self.model, caller, self.now())
            effective = reach.effective(asked)
            if not is_dry:
                self.revocations.room(reach, effective, number + 1)
        except Refused as refused:
            reply = self.expect(self.call("POST", REVOCATIONS, body, caller.text), *refused.statuses)
            self.note(f"refused {reply.status}")
            return f"{what} refused {reply.status}"
        before = self.now()
        reply = self.call("POST", REVOCATIONS, body, caller.text)
        if not is_dry and self.rests(reply, caller.token.partner, effective):
            return f"{what} rests"
        self.expect(reply, 200)
        number = self.said(reply)
        self.check_selector(reply.json["selector"], effective)
        if is_dry:
            self.check_counts(reply.json, effective, number, before)
            self.revocations.plans.append(
                Plan(reply.json["plan_id"], number, caller.token.partner, effective, time.time()))
            self.about = self.revocations.counted(effective, number, self.now())
            self.note("counted")
            return f"{what}: plan {reply.json['plan_id']} counts {reply.json['tokens']} below {number}"
        assert reply.json["epoch"] == reply.json["sequence"] == number, reply.json
        return f"{what}: {self.carried_out(reply.json, effective, number, caller.token.partner)}"

    def step_plan(self):
        """One of before by somebody, sometimes one that was used."""
        plans = self.revocations.plans[-20:]
        if not plans:
            return "no plan"
        plan = self.random.choice([one for one in plans if not one.is_used] or plans)
        if self.random.random() < 0.15:
            plan = self.random.choice(plans)
        peers = [token for token in self.live_tokens() if token.partner is plan.partner]
        caller = self.some_revoker()
        if plan.partner.parent is None and self.random.random() < 0.7:
            caller = self.master
        elif peers and self.random.random() < 0.7:
            caller = self.random.choice(self.random.choice(peers).shown)
        what = f"plan {plan.sid} by {caller.token.sid} of {caller.token.partner.sid}"
        body = {"plan_id": plan.sid}
        try:
            reach = Reach(self.model, caller, self.now())
            self.revocations.redeem(reach, plan, time.time())
        except Refused as refused:
            reply = self.expect(self.call("POST", REVOCATIONS, body, caller.text), *refused.statuses)
            self.note(f"plan refused {reply.status}")
            return f"{what} refused {reply.status}"
        reply = self.call("POST", REVOCATIONS, body, caller.text)
        if self.rests(reply, plan.partner, plan.selector):
            return f"{what} rests"
        self.expect(reply, 200)
        plan.is_used = True
        number = self.said(reply)
        assert reply.json["revocation_sid"] == plan.sid and reply.json["epoch"] == plan.number < number, reply.json
        return f"{what}: {self.carried_out(reply.json, plan.selector, plan.number, plan.partner)}"

    def rests(self, reply, home, selector):
        """Whether it is refused for another by over_ceiling, of which the clock alone knows how long that is so."""
        if reply.status != 409 or not self.revocations.may_rest(home, selector):
            return False
        self.note("rested")
        return True

    def carried_out(self, receipt, selector, below, home):
        """Its effect, and at times the worst that may happen to its rows' following."""
        made_s = calendar.timegm(time.strptime(receipt["date_executed"][:19], "%Y-%m-%dT%H:%M:%S"))
        self.revocations.execute(selector, made_s, below, home)
        sid = receipt["revocation_sid"]
        self.following[sid] = selector
        if selector.over_ceiling:
            self.holding.add(sid)
        self.note("predicates" if selector.subject is None else "epochs")
        what = f"revocation {sid} below {below} is {receipt['state']}"
        if self.revocations.is_late:
            self.wait_until_followed()
        roll = self.random.random()
        if roll < 0.12:
            self.compare()
            self.note("killed")
            return f"{what}; {self.step_kill()}"
        if roll < 0.4:
            self.wait_until_followed()
        return what

    def check_selector(self, shown, effective):
        """As it is carried out: the names of the scope are told too, and a date alone stands for itself."""
        want = self.body_of(effective)
        if effective.partner is not None:
            want["descendants"] = effective.descendants
        if effective.scope is not None:
            want["scopes"] = [name for name in self.model.catalogue.rank
                              if effective.scope in self.model.catalogue.reach[name]]
            shown = {**shown, "scopes": sorted(shown["scopes"], key=self.model.catalogue.rank.get)}
        if shown != want and effective.says("partner", "before_s") and effective.partner.parent is None:
            want = {"issued_before": want["issued_before"]}
        assert shown == want, (shown, want, self.history[-3:])

    def check_counts(self, plan, selector, number, before):
        """By application and partner; what ends while it is counted may be in it or not."""
        after = self.now()
        least = self.revocations.counted(selector, number, after, is_least=True)
        most = self.revocations.counted(selector, number, before)
        assert len(least) <= plan["tokens"] <= len(most), (
            plan["tokens"], len(least), len(most), number, plan["applications"], self.body_of(selector),
            [(t.sid[-6:], t.application.client_id[-6:], t.application.gone, t.newest.epoch, len(t.jwts)) for t in most])
        if len(least) < len(most):
            return
        for name, key, of in (("applications", "client_id", lambda token: token.application.client_id),
                              ("partners", "partner_sid", lambda token: token.partner.sid)):
            want = {}
            for token in least:
                want[of(token)] = want.get(of(token), 0) + 1
            assert {item[key]: item["tokens"] for item in plan[name]} == want, (plan, want)
            assert plan[f"{name}_total"] == len(want)
            assert [item["tokens"] for item in plan[name]] == sorted(want.values(), reverse=True), plan

    # ---- afterwards ----

    def wait_until_followed(self):
        """Until the rows of everything so far are through."""
        self.alive_master()
        deadline = time.monotonic() + FOLLOWED_TIMEOUT_S
        for sid in list(self.following):
            while self.expect(self.call("GET", f"{REVOCATIONS}/{sid}"), 200).json["state"] != "done":
                assert time.monotonic() < deadline, (sid, self.history[-20:])
                time.sleep(0.01)
            del self.following[sid]
            self.holding.discard(sid)

    def pages(self, path, bearer):
        """All items of a list."""
        items = []
        while path:
            page = self.expect(self.call("GET", path, None, bearer), 200).json
            items += page["items"]
            path = (page["pagination"].get("next") or "").removeprefix(f"{self.bed.issuer}/core/v2/")
        return items

    def step_listed(self):
        """Lists of tokens, and of revocations, as they are when the rows are through."""
        self.alive_master()
        tokens = [token for token in self.live_tokens() if "oauth.manage_all_tokens" in token.scopes]
        caller = self.random.choice(self.random.choice(tokens).shown) if tokens else self.master
        try:
            if "oauth.manage_all_tokens" not in self.model.rights(caller, self.now()):
                caller = self.master
        except Refused:
            caller = self.master
        self.wait_until_followed()
        home = caller.token.partner
        found = {status: {item["token_sid"] for item in self.pages(
            f"oauth/tokens?limit={PAGE}&status={status}", caller.text)} for status in ("revoked", "active")}
        now = self.now()
        for token in self.model.tokens:
            if token.partner is home and token.exp > now + 5 and not token.is_unsure:
                is_over = self.model.is_over(token)
                assert (token.sid in found["revoked"]) == is_over, (token.sid, is_over, token.application.gone, token.partner.status, token.application.partner.status, self.history[-30:])
                assert (token.sid in found["active"]) == (not is_over), (token.sid, is_over, token.application.gone, token.partner.status, token.application.partner.status, self.history[-30:])
        self.check_revocations()
        self.note("listed")
        return f"listed tokens of {home.sid}: {len(found['revoked'])} revoked, {len(found['active'])} active"

    def check_revocations(self):
        """Every plan is there, used or not; everything that was carried out is done."""
        items = {item["revocation_sid"]: item for item in self.pages(f"{REVOCATIONS}?limit={PAGE}", self.master.text)}
        for plan in self.revocations.plans:
            is_young = time.time() < plan.made_at + 590
            assert not is_young or items[plan.sid]["state"] == ("done" if plan.is_used else "planned"), items[plan.sid]
        assert not [item for item in items.values() if item["state"] == "following"], items

    # ---- the leak desk ----

    def step_leaks(self):
        caller = self.some_revoker()
        found = self.random.sample(self.model.watched, min(len(self.model.watched), self.random.randint(1, 4)))
        jwts = [self.random.choice(token.shown) for token in found]
        act = self.random.random() < 0.3
        body = {"strings": [jwt.text for jwt in jwts] + ["nothing of ours"], "act": act}
        what = f"leak desk act={act} of {[token.sid for token in found]} by {caller.token.sid}"
        try:
            reach = Reach(self.model, caller, self.now())
        except Refused as refused:
            self.expect(self.call("POST", "admin/leaks", body, caller.text), *refused.statuses)
            return f"{what} refused"
        reply = self.expect(self.call("POST", "admin/leaks", body, caller.text), 200)
        self.said(reply, is_own=act)  # all of them may have been revoked before
        items = reply.json["items"]
        assert items[-1]["kind"] == "unknown" and not items[-1]["acted"], items[-1]
        for jwt, item in zip(jwts, items):
            self.check_leak(jwt, item, reach, act)
        self.note("leaks")
        return what

    def check_leak(self, jwt, item, reach, act):
        token = jwt.token
        is_known = reach.holds(token.partner)
        assert item["known"] == is_known and item["checked"], (token.sid, item)
        if not is_known:
            assert item["state"] is None and not item["acted"], (token.sid, item)
            return
        assert (item["token_sid"], item["partner_sid"]) == (token.sid, token.partner.sid), item
        works = self.model.works(token.application, token.partner)
        is_over = token.revoked or jwt.ended or token.application.gone
        state = "revoked" if is_over else "live" if works else "disabled"
        if min(token.exp, jwt.exp) > self.now() + 2:
            assert item["state"] == ("revoked" if act else state), (token.sid, item, state)
            assert item["acted"] <= act, (token.sid, item)
            assert is_over or item["acted"] == act, (token.sid, item)  # over by no entry of its own, it gets one
        token.revoked = token.revoked or item["acted"]
