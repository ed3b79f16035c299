"""The steps of the walk of integration/test_model.py that change partners and applications."""

from model import Application, Partner

# Few names, so that they meet often: families, inclusions over two steps, restricted values.
CONTENT = ["calls.manage", "calls.read", "calls.create", "sms.manage", "sms.read", "rating.manage", "rating.read",
           "Accounts", "EditAccounts", "ReadAccounts", "EditMessages", "Faxes", "ReadMessages", "DirectRingOut"]
RIGHTS = ["oauth.manage", "oauth.manage_all_tokens", "oauth.allow_token_scope_update", "oauth.update",
          "oauth.create", "oauth.delete", "scopemint.revoke"]
PARTNERS_MAX, APPLICATIONS_MAX, DEPTH_MAX = 14, 30, 6


class TableSteps:
    """Of a Walk."""

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
        return "suspended" if what.status == "active" and self.random.random() < 0.25 else "active"

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
