#include "config/near.h"

#include <stdint.h>

enum { NAME_MAX_LEN = 64, PREFIX_MIN = 3, EDITS_MAX = 2 };

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein with one row: row[j] is the distance of a[0..i) and b[0..j). */
size_t near_distance(struct str a, struct str b)
{
    size_t row[NAME_MAX_LEN + 1];

    if (a.len > NAME_MAX_LEN || b.len > NAME_MAX_LEN)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t above = row[j];
            size_t replaced = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
            row[j] = least(above + 1, row[j - 1] + 1, replaced);
            diagonal = above;
        }
    }
    return row[b.len];
}

void near_init(struct near *near, struct str given)
{
    *near = (struct near){.given = given, .best = STR_NONE, .distance = SIZE_MAX};
}

void near_offer(struct near *near, const char *candidate)
{
    near_offer_str(near, str_from(candidate));
}

void near_offer_str(struct near *near, struct str name)
{
    size_t shorter = near->given.len < name.len ? near->given.len : name.len;
    size_t distance = near_distance(near->given, name);
    bool prefix = shorter >= PREFIX_MIN &&
                  (str_starts_with(name, near->given) || str_starts_with(near->given, name));
    size_t allowed = shorter <= 3 ? 1 : EDITS_MAX;

    if ((distance <= allowed || prefix) && distance < near->distance) {
        near->best = name;
        near->distance = distance;
    }
}

void near_report(const struct near *near, struct report *report, struct place at, const char *key,
                 const char *kind, const char *otherwise)
{
    char quoted[REPORT_QUOTE];

    report_quote(near->given, quoted);
    if (near->best.ptr != NULL)
        report_add(report, at, key, "unknown %s %s; did you mean `%s`?", kind, quoted,
                   near->best.ptr);
    else
        report_add(report, at, key, "unknown %s %s; %s", kind, quoted, otherwise);
}
