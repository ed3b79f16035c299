"""A small tree of partners, each with an application, as the suites of the management API need it: `self`, one above it,
one below it, and a stranger."""

TREE = {"parent": "root", "self": "parent", "child": "self", "stranger": "root"}
UNKNOWN = "018f0000-0000-7000-8000-000000000000"


def application(ref, partner, scopes, name=None):
    return {"type": "confidential", "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_basic", "ref": ref, "partner": partner,
            "name": name or f"App of {ref}", "scopes": scopes}


def seed(rights, *more):
    """For a testbed: partners and applications that may hold all of these, and more applications."""
    return {
        "partners": [{"ref": ref, "parent": parent, "name": f"Partner {ref}", "login": ref, "available_scopes": rights}
                     for ref, parent in TREE.items()],
        "applications": [application(ref, ref, rights) for ref in TREE] + list(more),
    }
