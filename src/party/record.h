/* One partner or application, made from its row. Shared memory (core/shared.h), immutable once it
 * is in tables that others see. */
#ifndef PARTY_RECORD_H
#define PARTY_RECORD_H

#include "party/party.h"

/* parent: NULL for the root. Held once; NULL when out of memory. */
struct party_partner *partner_new(const struct scope_catalogue *catalogue,
                                  const struct partner_row *row, const struct party_partner *parent,
                                  uint32_t number);
void partner_unref(const void *partner);

/* The secrets are those of earlier (NULL: none). Held once; NULL when out of memory. */
struct party_application *application_new(const struct scope_catalogue *catalogue,
                                          const struct application_row *row,
                                          const struct party_partner *partner,
                                          const struct party_application *earlier);
void application_unref(const void *application);

/* The same without a secret. Held once; NULL when out of memory. */
struct party_application *application_without_secrets(const struct party_application *application);

/* False: there is no room. Only while no other thread sees the application. */
bool application_add_secret(struct party_application *application, const struct secret_row *row);

#endif
