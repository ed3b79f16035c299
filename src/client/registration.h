/* What an application may look like, wherever it comes from: a seed file or the management API
 * (SPEC 3; names and their consistency as RFC7591-2 has them). Texts are judged one by one, then
 * the row as a whole; what is wrong is said in fixed words that hold nothing of the input. */
#ifndef CLIENT_REGISTRATION_H
#define CLIENT_REGISTRATION_H

#include <stddef.h>

#include "store/rows.h"

enum registration_grant {
    REGISTRATION_CLIENT_CREDENTIALS,
    REGISTRATION_REFRESH_TOKEN,
    REGISTRATION_AUTHORIZATION_CODE,
};

enum {
    REGISTRATION_GRANTS = REGISTRATION_AUTHORIZATION_CODE + 1,
    REGISTRATION_URIS_MAX = 16,
    REGISTRATION_REFRESH_TTL_MIN_S = 60,
    REGISTRATION_REFRESH_TTL_MAX_S = 366 * 24 * 3600,
};

/* By position, as stored and shown. */
extern const struct str registration_grant_names[REGISTRATION_GRANTS];

/* The grants named in a row's text, as bits (1 << enum registration_grant). */
unsigned registration_grants(struct str names);

/* Each: NULL, or what is wrong with the text. Names: party_check_name. */
const char *registration_check_grant(struct str text);
/* RFC7519-2: a StringOrURI, as `aud` and `resource` hold it; RFC8707-2: without a fragment. */
const char *registration_check_audience(struct str text);
/* RFC6749-3.1.2: absolute, without a fragment; RFC8252-7: clear text on loopback alone, private
 * schemes with a domain's dot in them. It is compared byte by byte (9700-2.1-a), so what two
 * parsers may read as two addresses is not taken: user information, escapes in the host, dot
 * segments, wildcards (THREATS-47). */
const char *registration_check_redirect(struct str text);

/* Whether the method proves itself by a secret that we hand out. */
bool registration_has_secret(enum client_auth_method method);

struct registration_problem {
    const char *field; /* of the API and of seed files */
    const char *message;
};

enum { REGISTRATION_PROBLEMS_MAX = 8 };

/* How it authenticates and what for: fields that constrain each other (F-23, 6749-4.4-a). Returns
 * how many problems there are. */
size_t registration_check(const struct application_row *row,
                          struct registration_problem out[REGISTRATION_PROBLEMS_MAX]);

#endif
