/* A worker whose loop the test turns by hand, a published snapshot, and requests that note what
 * becomes of them. */
#ifndef EXCHANGE_BED_H
#define EXCHANGE_BED_H

#include "config/config.h"
#include "exchange/exchange.h"
#include "exchange/server.h"
#include "exchange/snapshot.h"
#include "support/fake.h"

#define BED_ISSUER "https://as.example"

struct bed {
    struct loop loop;
    struct loop_msg *first, *last; /* posted, not yet run */
    struct fake_clock clock;
    struct fake_entropy entropy;
    struct config config;
    struct server server;
    struct worker worker;
};

void bed_init(struct bed *bed);
void bed_done(struct bed *bed);

/* Passes the quiescent point, collects, and runs what was posted before the call. Returns how many
 * messages that were. */
unsigned bed_turn(struct bed *bed);

/* Without catalogue, keys and partners, which the exchange itself never looks at. */
struct snapshot *bed_snapshot(struct bed *bed, const char *issuer);

/* Stands for a keyring whose key set has this tag. Only to be handed to snapshot_new. */
struct keyring *bed_keys(const char *tag);

/* How many snapshots have been freed so far, of any test in this process. */
unsigned bed_snapshots_freed(void);

/* A request as http would make it. */
struct rider {
    struct exchange exchange; /* first */
    struct route route;
    unsigned delivered, worked;
    bool delivered_gone;
    char path[32];     /* which steps ran, a letter each */
    unsigned portions; /* of work left, for the tests' own steps */
};

void rider_init(struct rider *rider, struct bed *bed, const struct endpoint *endpoint);
void rider_done(struct rider *rider);

struct rider *rider_of(struct exchange *x);

/* Notes that a step ran. */
void rider_note(struct exchange *x, char step);

/* The n-th value of the header, or an empty text. */
struct str rider_header(const struct rider *rider, struct str name, size_t n);

#endif
