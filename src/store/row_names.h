/* The enums of store/rows.h as text, by position: as SQLite keeps them and as lists filter them. */
#ifndef STORE_ROW_NAMES_H
#define STORE_ROW_NAMES_H

#include "store/rows.h"

enum {
    PARTNER_STATUSES = PARTNER_CANCELED + 1,
    APPLICATION_TYPES = APPLICATION_PUBLIC + 1,
    APPLICATION_STATUSES = APPLICATION_SUSPENDED + 1,
    REVOCATION_STATES = REVOCATION_DONE + 1,
    AUTH_METHODS = CLIENT_AUTH_NONE + 1,
    AUTH_AUDIENCES = CLIENT_AUDIENCE_TOKEN_ENDPOINT + 1,
};

extern const struct str partner_status_names[PARTNER_STATUSES];
extern const struct str application_type_names[APPLICATION_TYPES];
extern const struct str application_status_names[APPLICATION_STATUSES];
extern const struct str revocation_state_names[REVOCATION_STATES];
extern const struct str auth_method_names[AUTH_METHODS];
extern const struct str auth_audience_names[AUTH_AUDIENCES];

#endif
