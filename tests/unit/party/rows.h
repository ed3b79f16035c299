/* The rows of a store of partners and applications, as a list that a test changes at random; what
 * it hands out as changes is what the store's hook would (text that lives for the call alone). */
#ifndef PARTY_ROWS_H
#define PARTY_ROWS_H

#include "party/party.h"
#include "support/fake.h"

enum { ROWS_PARTNERS = 400, ROWS_APPLICATIONS = 600, ROWS_TEXT = 2048 };

struct rows {
    uint64_t random;
    struct fake_clock clock;
    struct fake_entropy entropy;
    struct partner_row partners[ROWS_PARTNERS]; /* parents before children */
    struct application_row applications[ROWS_APPLICATIONS];
    struct secret_row secrets[ROWS_APPLICATIONS][STORE_SECRETS_LIVE];
    size_t secret_counts[ROWS_APPLICATIONS];
    size_t partner_count, application_count;
    struct sid gone; /* the application that went last */
};

/* One change with the rows it points to, and their text. */
struct rows_change {
    struct store_change change;
    struct partner_row partner;
    struct application_row application;
    char text[ROWS_TEXT];
    size_t used;
};

/* With a root. */
void rows_init(struct rows *rows, uint64_t seed);

uint64_t rows_random(struct rows *rows, uint64_t below);

/* Changes the rows and says how. */
void rows_step(struct rows *rows, struct rows_change *out);
void rows_step_partner(struct rows *rows, bool is_new, struct rows_change *out);
void rows_step_application(struct rows *rows, bool is_new, struct rows_change *out);

/* The text of the change goes, as it does when the hook returns. */
void rows_forget(struct rows_change *change);

/* Tables read from a new store with these rows. The caller's. */
struct party *rows_load(struct rows *rows, const struct scope_catalogue *catalogue);

/* Fails the test where the tables do not say what the rows do. */
void rows_expect(const struct rows *rows, const struct scope_catalogue *catalogue,
                 const struct party *party, const char *when);

#endif
