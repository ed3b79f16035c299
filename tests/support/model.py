"""The reference model: what every token is worth, worked out the slow and obvious way.

Nothing here looks at the server's code. Partners, applications and tokens are plain records; an answer is
computed from nothing but them, the scope tables of conf/scopes and the rules as the README states them (P1, the
grant rule, M1-M3). test_model.py drives it beside a real server and compares every answer.
"""

import json
import pathlib
from dataclasses import dataclass, field

ALL = "all"


class Catalogue:
    """The scope tables: names in catalogue order (table, then file), and what each includes."""

    def __init__(self, folder):
        tables = sorted((json.loads(path.read_text()) for path in pathlib.Path(folder).glob("*.json")),
                        key=lambda table: table["table"])
        values = [value for table in tables for value in table["values"]]
        self.rank = {value["name"]: number for number, value in enumerate(values)}
        self.includes = {value["name"]: set(value.get("includes", ())) for value in values}
        self.restricted = {value["name"] for value in values if value.get("restricted")}
        self.names = frozenset(self.rank)
        self.reach = {name: self._reach(name) for name in self.rank}

    def _reach(self, name):
        seen, waiting = set(), [name]
        while waiting:
            at = waiting.pop()
            if at not in seen:
                seen.add(at)
                waiting.extend(self.includes[at])
        return frozenset(seen)

    def closure(self, names):
        return frozenset().union(*(self.reach[name] for name in names))

    def text(self, names):
        return " ".join(sorted(names, key=self.rank.__getitem__))

    def surviving(self, names, bound):
        """The names within the closed bound; for lost ones the largest they included that are left."""
        kept = frozenset(names) & bound
        left = (self.closure(frozenset(names) - bound) & bound) - self.closure(kept)
        largest = {name for name in left if not any(name in self.reach[other] for other in left - {name})}
        return kept | largest


@dataclass(eq=False)
class Partner:
    sid: str
    parent: "Partner | None"
    scopes: object  # ALL or a frozenset
    status: str = "active"

    @property
    def chain(self):
        """Itself and its ancestors, the root last."""
        return [self] + (self.parent.chain if self.parent else [])

    def is_below(self, other):
        return other in self.chain[1:]


@dataclass(eq=False)
class Application:
    client_id: str
    client_secret: str
    partner: Partner
    scopes: object  # ALL or a frozenset
    approved: frozenset = frozenset()
    status: str = "active"
    gone: bool = False


@dataclass(eq=False)
class Jwt:
    """One signed text of a token: what it says never changes."""

    token: "Token"
    text: "str | None"  # None: nobody was shown it
    scopes: frozenset
    exp: int
    epoch: int = 0
    iat: int = 0
    kid: str = ""
    ended: bool = False  # by a selector
    is_undated: bool = False  # by one without a date


@dataclass(eq=False)
class Token:
    sid: str
    application: Application
    partner: Partner
    scopes: frozenset
    exp: int
    exp_signed: int
    name: str = ""
    revoked: bool = False
    jwts: list = field(default_factory=list)

    @property
    def newest(self):
        return self.jwts[-1]

    @property
    def is_unsure(self):
        """Whether its row may look live though its newest JWT is over: it does not say when that one was signed."""
        return (len(self.jwts) > 1 and self.newest.ended and not self.newest.is_undated
                and not self.revoked and not self.application.gone)

    @property
    def shown(self):
        return [jwt for jwt in self.jwts if jwt.text is not None]


class Refused(Exception):
    """What the server has to refuse, and the statuses that say so."""

    def __init__(self, *statuses):
        super().__init__(statuses)
        self.statuses = statuses


class Model:
    def __init__(self, catalogue):
        self.catalogue = catalogue
        self.partners, self.applications = [], []
        self.tokens, self.watched = [], []  # all that live, and those that the steps are about

    # ---- the tables ----

    def own(self, partner):
        return self.catalogue.names if partner.scopes == ALL else self.catalogue.closure(partner.scopes)

    def ceiling(self, partner):
        return frozenset.intersection(*(self.own(one) for one in partner.chain))

    def declared(self, application):
        if application.scopes == ALL:
            return self.catalogue.names
        return application.scopes - (self.catalogue.restricted - application.approved)

    def works(self, application, partner):
        return (not application.gone and application.status == "active"
                and all(one.status == "active" for one in application.partner.chain + partner.chain))

    def bound(self, application, partner):
        """What a token of the application at this partner can hold now."""
        return (self.catalogue.closure(self.declared(application))
                & self.ceiling(application.partner) & self.ceiling(partner))

    # ---- what a JWT is worth (P1) ----

    @staticmethod
    def is_over(token):
        """Revoked as a token is listed, changed and counted: by its sid, its newest JWT by a selector, or for good
        with its application."""
        return token.revoked or token.newest.ended or token.application.gone

    def worth(self, jwt, now):
        """(scopes, exp), or None when it is not active."""
        token = jwt.token
        exp = min(jwt.exp, token.exp)
        if token.revoked or jwt.ended or exp <= now or not self.works(token.application, token.partner):
            return None
        bound = self.bound(token.application, token.partner) & self.catalogue.closure(token.scopes)
        return self.catalogue.surviving(jwt.scopes, bound), exp

    def rights(self, jwt, now):
        """The closure of the caller's effective scopes; a caller that is not active gets 401."""
        worth = self.worth(jwt, now)
        if worth is None:
            raise Refused(401)
        return self.catalogue.closure(worth[0])

    # ---- the grant rule ----

    def grant(self, application, asked):
        """The names granted at /oauth/token; asked: None or a set."""
        if not self.works(application, application.partner):
            raise Refused(401)
        bound = self.bound(application, application.partner)
        names = self.declared(application) & bound if asked is None else asked
        if not names or not names <= bound:
            raise Refused(400)
        return frozenset(names)

    # ---- tokens under /core/v2 ----

    @staticmethod
    def need(rights, *one_of):
        if not rights & set(one_of):
            raise Refused(403)

    def create(self, caller, partner, asked, now):
        rights = self.rights(caller, now)
        self.need(rights, "oauth.manage_all_tokens", "oauth.manage", "oauth.create")
        home, application = caller.token.partner, caller.token.application
        if partner is not home and not partner.is_below(home):
            raise Refused(404)
        if not self.works(application, partner):
            raise Refused(403, 404, 409, 422)
        bound = self.bound(application, partner)
        if asked is None:
            # all that the grant rule and M3 allow, down to what a name beyond them included
            names = self.catalogue.surviving(self.declared(application), bound & rights)
        else:
            names = asked
            if not names <= bound:
                raise Refused(422)
            if not names <= rights:
                raise Refused(403)
        if not names:
            raise Refused(422)
        return frozenset(names)

    def target(self, rights, caller, token):
        """M2: without manage_all_tokens a token addresses itself alone."""
        everything = "oauth.manage_all_tokens" in rights
        if token is not caller.token and not (everything and token.partner is caller.token.partner):
            raise Refused(404)

    def patch(self, caller, token, asked, now):
        """Whether a new JWT is signed, which is when it widens, and whether the caller gets it: it is the token itself
        or holds all of it. asked: None (scopes absent) or a set."""
        rights = self.rights(caller, now)
        self.need(rights, "oauth.manage_all_tokens", "oauth.manage", "oauth.update")
        self.target(rights, caller, token)
        if (self.is_over(token) and not token.is_unsure) or token.exp <= now:
            raise Refused(409)
        if asked is None or asked == token.scopes:
            return False, False
        if "oauth.allow_token_scope_update" not in rights:
            raise Refused(403)
        added = asked - self.catalogue.closure(token.scopes)
        if not added <= self.bound(token.application, token.partner):
            raise Refused(422)
        if not added <= rights:
            raise Refused(403)
        return bool(added), bool(added) and (token is caller.token or asked <= rights)

    def delete(self, caller, token, now):
        rights = self.rights(caller, now)
        self.need(rights, "oauth.manage_all_tokens", "oauth.manage", "oauth.delete")
        self.target(rights, caller, token)
