"""What the testbed that most tests share has beside its own: partners and applications, each for one question."""

import assertion

CLIENT = {"type": "confidential", "status": "active", "partner": "root", "grant_types": ["client_credentials"],
          "token_endpoint_auth_method": "client_secret_basic"}
BY_KEY = {"token_endpoint_auth_method": "private_key_jwt", "scopes": ["calls.read"]}
SEED = {
    "partners": [
        {"ref": "suspended_partner", "parent": "root", "name": "Suspended", "login": "suspended",
         "status": "suspended", "available_scopes": "default"},
        {"ref": "narrow_partner", "parent": "root", "name": "Narrow", "login": "narrow", "status": "active",
         "available_scopes": ["calls.read"]},
    ],
    "applications": [
        {**CLIENT, "ref": "post", "name": "Secret in the body", "scopes": ["calls.read"],
         "token_endpoint_auth_method": "client_secret_post"},
        {**CLIENT, "ref": "public", "name": "Public", "type": "public", "scopes": ["calls.read"],
         "token_endpoint_auth_method": "none", "grant_types": []},
        {**CLIENT, "ref": "no_grant", "name": "Without a grant", "scopes": ["calls.read"], "grant_types": []},
        {**CLIENT, "ref": "suspended", "name": "Suspended", "scopes": ["calls.read"], "status": "suspended"},
        {**CLIENT, "ref": "of_suspended", "name": "Of a suspended partner", "scopes": ["calls.read"],
         "partner": "suspended_partner"},
        {**CLIENT, "ref": "of_narrow", "name": "Wants more than its partner has",
         "scopes": ["calls.manage", "sms.read"], "partner": "narrow_partner"},
        {**CLIENT, "ref": "other_server", "name": "Another resource server", "scopes": ["calls.read"],
         "introspection": True, "audiences": ["https://other.testbed.example"]},
        {**CLIENT, "ref": "sub_server", "name": "Resource server of the sub-partner", "scopes": ["calls.read"],
         "introspection": True, "audiences": ["https://api.testbed.example"], "partner": "sub"},
        {**CLIENT, "ref": "many", "name": "With several audiences", "scopes": ["calls.read"],
         "audiences": ["https://api.testbed.example", "https://other.testbed.example",
                       "https://third.testbed.example/x"]},
        {**CLIENT, "ref": "brief", "name": "With a short life", "scopes": ["calls.read"], "access_token_ttl": 120,
         "audiences": ["https://api.testbed.example"]},
        {**CLIENT, "ref": "legacy", "name": "For an old library", "scopes": ["calls.read"],
         "audiences": ["https://legacy.testbed.example"]},
        {**CLIENT, **BY_KEY, "ref": "by_key", "name": "With a key for each algorithm", "introspection": True,
         "jwks": assertion.key_set(*assertion.KEYS.values()), "audiences": ["https://api.testbed.example"]},
        {**CLIENT, **BY_KEY, "ref": "by_endpoint", "name": "As Authlib addresses its assertions",
         "jwks": assertion.key_set(assertion.SINGLE), "token_endpoint_auth_audience": "token_endpoint"},
        {**CLIENT, **BY_KEY, "ref": "by_key_suspended", "name": "Suspended, with a key", "status": "suspended",
         "jwks": assertion.key_set(*assertion.KEYS.values())},
    ],
}
