#include "store/row_names.h"

const struct str partner_status_names[PARTNER_STATUSES] = {
    [PARTNER_UNVERIFIED] = STR_INIT("unverified"),
    [PARTNER_ACTIVE] = STR_INIT("active"),
    [PARTNER_SUSPENDED] = STR_INIT("suspended"),
    [PARTNER_CANCELED] = STR_INIT("canceled"),
};

const struct str application_type_names[APPLICATION_TYPES] = {
    [APPLICATION_CONFIDENTIAL] = STR_INIT("confidential"),
    [APPLICATION_PUBLIC] = STR_INIT("public"),
};

const struct str application_status_names[APPLICATION_STATUSES] = {
    [APPLICATION_ACTIVE] = STR_INIT("active"),
    [APPLICATION_SUSPENDED] = STR_INIT("suspended"),
};

const struct str revocation_state_names[REVOCATION_STATES] = {
    [REVOCATION_PLANNED] = STR_INIT("planned"),
    [REVOCATION_FOLLOWING] = STR_INIT("following"),
    [REVOCATION_DONE] = STR_INIT("done"),
};

const struct str auth_method_names[AUTH_METHODS] = {
    [CLIENT_AUTH_BASIC] = STR_INIT("client_secret_basic"),
    [CLIENT_AUTH_POST] = STR_INIT("client_secret_post"),
    [CLIENT_AUTH_PRIVATE_KEY] = STR_INIT("private_key_jwt"),
    [CLIENT_AUTH_NONE] = STR_INIT("none"),
};

const struct str auth_audience_names[AUTH_AUDIENCES] = {
    [CLIENT_AUDIENCE_ISSUER] = STR_INIT("issuer"),
    [CLIENT_AUDIENCE_TOKEN_ENDPOINT] = STR_INIT("token_endpoint"),
};
