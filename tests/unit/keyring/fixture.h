/* A key directory of its own for each test, and what is said about it. Criterion runs every test in
 * a process of its own, so these are not shared. */
#ifndef TEST_KEYRING_FIXTURE_H
#define TEST_KEYRING_FIXTURE_H

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyring/change.h"
#include "keyring/keyring.h"

enum { NOW_S = 1700000000 };

static const struct keyring_policy policy = {
    .jwks_max_age_s = 300, .token_ttl_max_s = 3600, .margin_s = KEYRING_MARGIN_S};

static char key_path[64];
static char why_memory[8192];
static struct buf why;

static inline void why_clear(void)
{
    memset(why_memory, 0, sizeof(why_memory));
    buf_init_fixed(&why, why_memory, sizeof(why_memory) - 1);
}

static inline void fixture_init(void)
{
    strcpy(key_path, "/tmp/scopemint-keys-XXXXXX");
    cr_assert_not_null(mkdtemp(key_path));
    why_clear();
}

static inline void path_of(const char *name, char out[256])
{
    snprintf(out, 256, "%s/%s", key_path, name);
}

static inline void fixture_done(void)
{
    char path[256];
    DIR *dir = opendir(key_path);
    struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof(path), "%s/%.100s", key_path, entry->d_name);
        if (unlink(path) != 0)
            rmdir(path);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(key_path);
}

/* One line, holding part. */
static inline void expect_why(const char *part)
{
    cr_assert_not_null(strstr(why_memory, part), "\"%s\" is not in: %s", part, why_memory);
    cr_assert_null(strchr(why_memory, '\n'), "more than one line: %s", why_memory);
    why_clear();
}

static inline void write_text(const char *name, const char *text, mode_t mode)
{
    char path[256];
    path_of(name, path);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    cr_assert_eq(chmod(path, mode), 0);
}

static inline void read_text(const char *name, char *out, size_t size)
{
    char path[256];
    path_of(name, path);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    size_t n = fread(out, 1, size - 1, file);
    out[n] = 0;
    fclose(file);
}

static inline void pem_name(struct str kid, char out[64])
{
    snprintf(out, 64, "%.*s.pem", STR_ARG(kid));
}

static inline bool pem_exists(struct str kid)
{
    char name[64], path[256];
    pem_name(kid, name);
    path_of(name, path);
    return access(path, F_OK) == 0;
}

static inline struct keyring_entry generate(enum key_alg alg, int64_t now_s)
{
    struct keyring_entry entry;
    enum keyring_status status = keyring_generate(key_path, alg, now_s, &entry, &why);
    cr_assert_eq(status, KEYRING_DONE, "%s", why_memory);
    return entry;
}

static inline struct keyring_manifest list(void)
{
    struct keyring_manifest m;
    cr_assert_eq(keyring_list(key_path, &m, &why), KEYRING_DONE, "%s", why_memory);
    return m;
}

static inline struct keyring *load(enum key_alg alg)
{
    struct keyring *keyring = NULL;
    cr_assert(keyring_load(key_path, alg, &keyring, &why), "%s", why_memory);
    cr_assert_eq(why.len, 0);
    return keyring;
}

#endif
