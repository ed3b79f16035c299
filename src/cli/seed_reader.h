/* Reading one entry of a seed file field by field. Shared by the seed_*.c files alone. A field that
 * is wrong adds a line to the errors and reads as its default, so that one run finds them all. */
#ifndef CLI_SEED_READER_H
#define CLI_SEED_READER_H

#include <stdint.h>

#include "cli/seed.h"
#include "party/checks.h"
#include "json/read.h"

struct seed_reader {
    const struct seed_source *source;
    struct arena *arena;
    struct buf *errors;
    size_t error_count;
    bool failed; /* memory or entropy */
    struct seed seed;
};

/* One object of the file; object is NULL where the file says nothing of it (root, admin). */
struct seed_entry {
    struct seed_reader *reader;
    const struct json_value *object;
    const char *list; /* "partners" */
    size_t index;     /* SIZE_MAX: not one of a list */
};

enum {
    SEED_ERRORS_MAX = 100,
    SEED_REF_MAX = 64,
    SEED_SCOPES_TEXT = LIMIT_SCOPES * (LIMIT_SCOPE_NAME + 1)
};

/* One error at value (NULL: the entry's own line) and field (NULL: the entry as a whole). */
void seed_refuse(const struct seed_entry *entry, const struct json_value *at, const char *field,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Fields of other names. */
void seed_check_names(const struct seed_entry *entry, const struct str *known, size_t n);

/* NULL: what is wrong with it, in constant words. */
typedef const char *seed_check_fn(struct str text);

/* What else there is to check stands in party/ and client/registration.h. */
seed_check_fn seed_check_ref; /* and party/checks.h */

struct str seed_text(const struct seed_entry *entry, const char *field, seed_check_fn *check,
                     struct str fallback);
size_t seed_choice(const struct seed_entry *entry, const char *field, const struct str *names,
                   size_t n, size_t fallback);
bool seed_flag(const struct seed_entry *entry, const char *field, bool fallback);
int64_t seed_number(const struct seed_entry *entry, const char *field, int64_t min, int64_t max,
                    int64_t fallback);

/* A list of distinct texts as one, blanks between; fallback when absent. max: how many. */
struct str seed_texts(const struct seed_entry *entry, const char *field, seed_check_fn *check,
                      size_t max, struct str fallback);

/* "all", "default" or names the catalogue knows. */
enum seed_scopes_kind {
    SEED_SCOPES_ABSENT,
    SEED_SCOPES_ALL,
    SEED_SCOPES_DEFAULT,
    SEED_SCOPES_NAMES
};
enum seed_scopes_kind seed_scopes(const struct seed_entry *entry, const char *field,
                                  struct scope_set *out);

/* The set as stored: names in catalogue order. */
struct str seed_scopes_text(struct seed_reader *reader, const struct scope_set *set);

void seed_read_partners(struct seed_reader *reader, const struct json_value *file);
void seed_read_applications(struct seed_reader *reader, const struct json_value *file);

/* NULL after refusing the field. Only partners read so far are found. */
const struct seed_partner *seed_find_partner(const struct seed_entry *entry, const char *field);

#endif
