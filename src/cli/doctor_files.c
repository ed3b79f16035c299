/* What the files of a node tell; see doctor.h. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "cli/doctor.h"
#include "cli/load.h"
#include "core/clock.h"
#include "keyring/keyring.h"
#include "scope/roles.h"
#include "store/peek.h"

enum {
    ERRORS_MAX = 64 * 1024,
    DISK_FAIL_MIB = 64,
    DISK_WARN_MIB = 1024,
    CLOCK_BEHIND_MS = 60 * 1000,
    CLOCK_AHEAD_MS = 24 * 60 * 60 * 1000,
};

/* The first line of several, for a finding; the others go to standard error as they are. */
static struct str first_line(const struct buf *errors)
{
    struct str text = str_trim(buf_view(errors), '\n');
    struct str first = str_slice(text, 0, str_find(text, '\n'));

    if (first.len < text.len)
        fprintf(stderr, "%.*s\n", STR_ARG(text));
    return first;
}

void doctor_check_tables(struct doctor *d)
{
    static const char check[] = "scope tables";
    struct scope_catalogue *catalogue = NULL;
    struct scope_roles *roles = NULL;
    struct buf errors;

    buf_init_heap(&errors, ERRORS_MAX);
    if (!catalogue_load(d->config->scopes.dir.ptr, NULL, &catalogue, &errors) ||
        !roles_load(d->config->scopes.roles.ptr, catalogue, &roles, &errors))
        doctor_report(d, DOCTOR_FAIL, check, "mend the file; `scopemint check-config` shows all",
                      "%.*s", STR_ARG(first_line(&errors)));
    else
        doctor_report(d, DOCTOR_OK, check, NULL, "%zu scopes, %zu roles",
                      catalogue_count(catalogue), roles_count(roles));
    roles_free(&roles);
    catalogue_free(&catalogue);
    buf_free(&errors);
}

/* keyring_load is what a start does: modes, sizes, types, an active key. */
void doctor_check_keys(struct doctor *d)
{
    static const char check[] = "keys";
    const char *dir = d->config->keys.dir.ptr;
    struct keyring *keyring = NULL;
    struct buf errors;
    struct stat found;
    enum key_alg alg;

    buf_init_heap(&errors, ERRORS_MAX);
    if (stat(dir, &found) != 0)
        doctor_report(d, DOCTOR_FAIL, check, "`scopemint init` makes it; keys.dir says where it is",
                      "%s: %s", dir, strerror(errno));
    else if (!key_alg_parse(d->config->tokens.alg, &alg) ||
             !keyring_load(dir, alg, &keyring, &errors))
        doctor_report(d, DOCTOR_FAIL, check,
                      "see `scopemint key list`; the server does not start so", "%.*s",
                      STR_ARG(first_line(&errors)));
    else if ((found.st_mode & 077) != 0)
        doctor_report(d, DOCTOR_WARN, check, "run: chmod 700 on it", "%s has mode %04o", dir,
                      (unsigned)(found.st_mode & 07777));
    else
        doctor_report(d, DOCTOR_OK, check, NULL, "%s, active %.*s", dir,
                      STR_ARG(keyring_key_kid(keyring_active(keyring))));
    keyring_unref(&keyring);
    buf_free(&errors);
}

static void check_clock(struct doctor *d, const struct store_facts *facts)
{
    static const char check[] = "clock";
    int64_t ahead_ms = clock_wall_ms(&clock_system) - facts->last_wall_ms;

    if (facts->last_wall_ms == 0)
        doctor_report(d, DOCTOR_OK, check, NULL, "the store is new and has kept no time");
    else if (ahead_ms < -CLOCK_BEHIND_MS)
        doctor_report(d, DOCTOR_WARN, check, "set this machine's clock; clean-up waits until then",
                      "%lld s behind the last time the store has kept",
                      (long long)(-ahead_ms / 1000));
    else if (ahead_ms > CLOCK_AHEAD_MS)
        doctor_report(d, DOCTOR_WARN, check,
                      "right if the server was stopped that long; else set this machine's clock",
                      "%lld h ahead of the last time the store has kept",
                      (long long)(ahead_ms / 3600000));
    else
        doctor_report(d, DOCTOR_OK, check, NULL, "agrees with the last time the store has kept");
}

static void check_schema(struct doctor *d)
{
    static const char check[] = "schema";
    struct store_facts facts;
    struct buf error;

    buf_init_heap(&error, ERRORS_MAX);
    if (!result_ok(store_peek(d->config->store.path, &facts, &error))) {
        doctor_report(d, DOCTOR_FAIL, check,
                      "is store.url the right file, and this the server's user?", "%.*s",
                      STR_ARG(buf_view(&error)));
        buf_free(&error);
        return;
    }
    buf_free(&error);
    if (facts.version > facts.known_version)
        doctor_report(d, DOCTOR_FAIL, check, "run the newer scopemint that wrote it",
                      "version %lld, this program knows %lld", (long long)facts.version,
                      (long long)facts.known_version);
    else if (facts.version < facts.known_version)
        doctor_report(d, DOCTOR_WARN, check, "the next start brings it up; keep a copy of the file",
                      "version %lld, this program writes %lld", (long long)facts.version,
                      (long long)facts.known_version);
    else
        doctor_report(d, DOCTOR_OK, check, NULL, "version %lld", (long long)facts.version);
    check_clock(d, &facts);
}

void doctor_check_store(struct doctor *d)
{
    static const char check[] = "store";
    const char *path = d->config->store.path.ptr;
    struct stat found;

    if (d->config->store.kind != CONFIG_STORE_SQLITE) {
        doctor_report(d, DOCTOR_WARN, check, "set store.url to sqlite:FILE",
                      "in memory: all is lost when the server ends");
        return;
    }
    if (stat(path, &found) != 0) {
        doctor_report(d, DOCTOR_FAIL, check,
                      "`scopemint init` makes it; store.url says where it is", "%s: %s", path,
                      strerror(errno));
        return;
    }
    d->server = cli_store_owner(d->config);
    if ((found.st_mode & 077) != 0)
        doctor_report(d, DOCTOR_WARN, check, "run: chmod 600 on it", "%s has mode %04o", path,
                      (unsigned)(found.st_mode & 07777));
    else
        doctor_report(d, DOCTOR_OK, check, NULL, "%s, %lld KiB", path,
                      (long long)(found.st_size / 1024));
    if (d->server > 0)
        doctor_report(d, DOCTOR_OK, "process", NULL, "process %d holds the store", (int)d->server);
    else
        doctor_report(d, DOCTOR_WARN, "process", "start it: scopemint serve",
                      "no server runs on this store");
    check_schema(d);
}

void doctor_check_disk(struct doctor *d)
{
    static const char check[] = "disk";
    struct statvfs disk;

    if (d->config->store.kind != CONFIG_STORE_SQLITE ||
        statvfs(d->config->store.path.ptr, &disk) != 0)
        return; /* told by the check of the store */
    unsigned long long mib = (unsigned long long)disk.f_bavail * disk.f_frsize / (1024 * 1024);
    enum doctor_state state = mib < DISK_FAIL_MIB   ? DOCTOR_FAIL
                              : mib < DISK_WARN_MIB ? DOCTOR_WARN
                                                    : DOCTOR_OK;
    doctor_report(d, state, check,
                  state == DOCTOR_OK ? NULL : "make room: without it no token is issued or revoked",
                  "%llu MiB free where the store is", mib);
}
