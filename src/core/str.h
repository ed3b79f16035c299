/* Text as pointer and length. Request data is never NUL-terminated and may hold any byte, so
 * nothing here looks for a terminator except str_from(), which is for our own constants and for C
 * APIs. A str never owns its bytes: whoever made it says how long they live. */
#ifndef CORE_STR_H
#define CORE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *ptr;
    size_t len;
};

#define STR_INIT(literal)               \
    {                                   \
        "" literal, sizeof(literal) - 1 \
    }
#define STR(literal) ((struct str)STR_INIT(literal))
#define STR_NONE     ((struct str){NULL, 0})

/* For printf("%.*s"): only for text known to be short. */
#define STR_ARG(s) (int)(s).len, (s).ptr

static inline struct str str_from(const char *terminated)
{
    return (struct str){terminated, terminated != NULL ? strlen(terminated) : 0};
}

static inline struct str str_make(const char *ptr, size_t len)
{
    return (struct str){ptr, len};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ASCII only, for header names, schemes and media types. */
bool str_eq_nocase(struct str a, struct str b);

bool str_starts_with(struct str s, struct str prefix);
bool str_ends_with(struct str s, struct str suffix);

/* Byte order, shorter first when one is a prefix: for qsort and bsearch. */
int str_compare(struct str a, struct str b);

/* Position of c, or s.len when absent. */
size_t str_find(struct str s, char c);

struct str str_slice(struct str s, size_t from, size_t to);
struct str str_trim(struct str s, char c);
struct str str_trim_blanks(struct str s); /* blanks and tabs, RFC9110-5.6.3 */

/* Cuts the piece before the first sep off *rest. False when *rest is exhausted (ptr NULL). A text
 * with n separators has n + 1 pieces, empty ones included. */
bool str_split(struct str *rest, char sep, struct str *out_piece);

/* Unsigned decimal without sign, blanks, leading zeros or overflow past max. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *out);

/* What a hexadecimal digit of either case counts; -1: it is none. */
int str_hex_value(char c);

/* How many bytes s begins with that are printable ASCII and neither a nor b. Looks at 16 at a time:
 * this is how tokens, forms and answers are gone through. */
size_t str_plain_run(struct str s, char a, char b);

bool str_is_utf8(struct str s); /* strict: no surrogates, no overlong forms, up to U+10FFFF */
bool str_is_printable_ascii(struct str s);

#endif
