"""The reference model's revocations by selector: who may ask for what, what a selector is about, what a plan may do
later. As in model.py everything is worked out from plain records, the slow and obvious way."""

from collections import Counter
from dataclasses import dataclass, replace

from model import Application, Partner, Refused

SELECTORS_MAX, SELECTORS_ROOT, DATES_MAX = 64, 16, 8
OF_PARTNER, EXECUTED_MAX = 8, 1000  # all but the root
PLAN_LASTS_S = 600


@dataclass(frozen=True)
class Selector:
    """A conjunction: what is None or False says nothing."""

    application: "Application | None" = None
    partner: "Partner | None" = None
    descendants: bool = False
    kid: "str | None" = None
    scope: "str | None" = None
    before_s: "int | None" = None
    over_ceiling: bool = False

    def says(self, *names):
        return {name for name in ("application", "partner", "kid", "scope", "before_s", "over_ceiling")
                if getattr(self, name) not in (None, False)} == set(names)

    def matches(self, model, token, jwt):
        """Whether all of it holds for this JWT of the token now. Numbers are somebody else's."""
        here = self.partner in token.partner.chain if self.descendants else self.partner in (None, token.partner)
        return (here and self.application in (None, token.application) and self.kid in (None, jwt.kid)
                and (self.before_s is None or jwt.iat < self.before_s)
                and (self.scope is None or any(self.scope in model.catalogue.reach[name] for name in token.scopes))
                and not (self.over_ceiling and token.scopes <= model.bound(token.application, token.partner)))

    @property
    def subject(self):
        """What it is an epoch of, whatever its date; None: a predicate, of which only so many are in force."""
        if self.scope is not None or self.over_ceiling:
            return None
        said = [one for one in (self.application, self.partner, self.kid) if one is not None]
        return None if len(said) > 1 else (said[0] if isinstance(said[0], str) else id(said[0]), self.descendants)


@dataclass
class Plan:
    sid: str
    number: int
    partner: Partner
    selector: Selector
    made_at: float
    is_used: bool = False


class Reach:
    """Whom the caller's revocations are about: its partner, and what is below where it has scopemint.revoke."""

    def __init__(self, model, caller, now):
        rights = model.rights(caller, now)
        model.need(rights, "scopemint.revoke", "oauth.manage_all_tokens")
        self.home = caller.token.partner
        self.is_tree = "scopemint.revoke" in rights
        self.is_root = self.is_tree and self.home.parent is None

    def holds(self, partner):
        return partner is self.home or (self.is_tree and partner.is_below(self.home))

    def may(self, selector):
        """Whether all that it is about lies within, whoever it was made by."""
        if self.is_root:
            return True
        if selector.kid is not None:
            return False
        if selector.partner is not None and self.holds(selector.partner):
            return self.is_tree or not selector.descendants
        application = selector.application  # of one that is gone nobody below the root knows any more whose it was
        return (self.is_tree and application is not None and not application.gone
                and self.holds(application.partner))

    def effective(self, asked):
        """The selector that is carried out for it."""
        statuses = set()
        if asked == Selector() or (asked.descendants and asked.partner is None):
            statuses.add(422)
        if asked.application is not None and (asked.application.gone or not self.holds(asked.application.partner)):
            statuses.add(422)
        if asked.partner is not None and not self.holds(asked.partner):
            statuses.add(422)
        if not self.is_root and (asked.kid is not None or asked.says("before_s")):
            statuses.add(403)
        if asked.descendants and not self.is_tree:
            statuses.add(403)
        if statuses:
            raise Refused(*statuses)
        return self.within(asked)

    def within(self, asked):
        partner, descendants = asked.partner, asked.descendants
        if partner is None:
            partner, descendants = self.home, self.is_tree
        is_implied = descendants and (asked.application is not None and partner in asked.application.partner.chain
                                      or partner.parent is None and not asked.says("before_s")
                                      and not asked.says("partner") and not asked.says("partner", "before_s"))
        if is_implied:
            partner, descendants = None, False
        return Selector(asked.application, partner, descendants, asked.kid, asked.scope, asked.before_s,
                        asked.over_ceiling)


class Revocations:
    """What was revoked by selector so far. model: of what; it gets JWTs ended and tokens revoked here."""

    def __init__(self, model):
        self.model = model
        self.plans, self.cuts = [], []
        self.dates = {}  # by subject: the dated ones that are kept, (below, before_s)
        self.predicates = 0
        self.is_late = False  # the last one takes JWTs that are younger than its number, once it comes to their rows
        self.predicates_of, self.executed_of, self.ceilings_of = Counter(), Counter(), Counter()  # by who asked

    # ---- counting ----

    def counted(self, selector, number, now, is_least=False):
        """Live tokens that it is about: those whose newest JWT is older than the number. At least those of which it
        is known when that JWT was signed, which is where there was no other."""
        return [token for token in self.model.tokens
                if (not self.model.is_over(token) or (token.is_unsure and not is_least))
                and token.exp > now and token.newest.epoch < number
                and not (is_least and selector.before_s is not None and len(token.jwts) > 1)
                and selector.matches(self.model, token, token.newest)]

    # ---- carrying out ----

    def room(self, reach, selector, below):
        """Raises where there is none: 64 predicates, 16 of them the root's and 8 of one other; 8 dates of one subject."""
        home = reach.home
        if home.parent is not None and (self.executed_of[home] >= EXECUTED_MAX
                                        or selector.subject is None and self.predicates_of[home] >= OF_PARTNER):
            raise Refused(409)
        if selector.subject is None:
            if self.predicates >= SELECTORS_MAX - (0 if home.parent is None else SELECTORS_ROOT):
                raise Refused(409)
        elif selector.before_s is not None and len(self.dates_with(selector, below)) > DATES_MAX:
            raise Refused(409)

    def may_rest(self, home, selector):
        """Whether one of its own by over_ceiling may be followed, or have been a moment ago, and stand in the way."""
        return (home.parent is not None and self.ceilings_of[home] > 0 and selector.subject is None
                and (selector.over_ceiling or self.predicates_of[home] == OF_PARTNER - 1))

    def dates_with(self, selector, below):
        new = (below, selector.before_s)
        kept = self.dates.get(selector.subject, [])
        if any(new[0] <= one[0] and new[1] <= one[1] for one in kept):
            return kept
        return [one for one in kept if not (one[0] <= new[0] and one[1] <= new[1])] + [new]

    def execute(self, selector, made_s, below, home):
        """All JWTs with an epoch below that it matches are over, and stay so. made_s: the second it was; home:
        the partner that asked."""
        self.executed_of[home] += 1
        self.is_late = False
        if selector.subject is None:
            self.predicates += not selector.over_ceiling  # which is over when its rows are through
            self.predicates_of[home] += not selector.over_ceiling
            self.ceilings_of[home] += selector.over_ceiling
        elif selector.before_s is not None:
            self.dates[selector.subject] = self.dates_with(selector, below)
        if selector.over_ceiling:
            taken = [token for token in self.model.tokens
                     if not token.revoked and self.takes_whole(token, selector, below)]
            self.is_late = any(token.newest.epoch >= below for token in taken)
            for token in taken:
                token.revoked = True
            return
        self.cuts.append((made_s, below, selector))
        for token in self.model.tokens:
            self.cut(token, selector, below)

    def takes_whole(self, token, selector, below):
        """Of one that was signed again no row tells which keys and numbers its JWTs had before: it is taken."""
        if len(token.jwts) == 1:
            return token.newest.epoch < below and selector.matches(self.model, token, token.newest)
        return replace(selector, kid=None).matches(self.model, token, token.jwts[0])

    def lets_go(self, token, scopes):
        """Whether with other scopes what a selector may have ended of a token that was signed again would be out of
        its reach: such a change is refused. The selector is of the second of the token's first JWT or later."""
        if len(token.jwts) == 1:
            return False
        first, before = token.jwts[0], token.scopes
        about = [selector for made_s, _, selector in self.cuts if selector.scope is not None and first.iat <= made_s
                 and replace(selector, kid=None).matches(self.model, token, first)]
        token.scopes = scopes
        try:
            return not all(replace(selector, kid=None).matches(self.model, token, first) for selector in about)
        finally:
            token.scopes = before

    def cut(self, token, selector, below):
        for jwt in token.jwts:
            if jwt.epoch < below and selector.matches(self.model, token, jwt):
                jwt.ended = True
                jwt.is_undated = jwt.is_undated or selector.before_s is None

    def changed(self, token):
        """Its scopes: what a selector by scope spared it may be about now. Nothing comes back."""
        for _, below, selector in self.cuts:
            if selector.scope is not None:
                self.cut(token, selector, below)

    # ---- plans ----

    def redeem(self, reach, plan, now):
        if plan.partner is not reach.home:
            raise Refused(422)
        if plan.is_used or now > plan.made_at + PLAN_LASTS_S:
            raise Refused(409)
        if not reach.may(plan.selector):
            raise Refused(403)
        self.room(reach, plan.selector, plan.number)
