/* What `scopemint doctor` found out, a line each. Shared by doctor*.c alone. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/command.h"
#include "cli/output.h"
#include "config/config.h"
#include "core/arena.h"

enum doctor_state { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor {
    struct config *config;
    struct output output;
    struct arena arena;
    pid_t server; /* that holds the store; 0: none */
    bool failed;  /* a check did */
};

/* remedy: what to do, NULL with DOCTOR_OK. The finding is formatted. */
__attribute__((format(printf, 5, 6))) void doctor_report(struct doctor *d, enum doctor_state state,
                                                         const char *check, const char *remedy,
                                                         const char *finding, ...);

void doctor_check_tables(struct doctor *d); /* scope tables and roles */
void doctor_check_keys(struct doctor *d);
void doctor_check_store(struct doctor *d); /* file, schema, clock, who holds it; sets d->server */
void doctor_check_disk(struct doctor *d);

/* Asks the running server, on the addresses it listens on and the one it is known by. */
void doctor_check_server(struct doctor *d);

#endif
