/* conf/scopemint.yaml is the reference people read, so it must name every key with its default, and
 * load; and whatever becomes of its bytes, loading never crashes. */
#include <stdio.h>
#include <stdlib.h>

#include "config/schema.h"
#include "config/tree.h"
#include "support.h"

static const struct config_source source = {.path = CONF_DIR "/scopemint.yaml"};

static struct str sample_read(char *memory, size_t size)
{
    FILE *file = fopen(source.path, "r");
    cr_assert_not_null(file);
    size_t n = fread(memory, 1, size, file);
    cr_assert(n > 0 && n < size);
    fclose(file);
    return str_make(memory, n);
}

/* Switches the keys on: drops a '#' that a letter follows. */
static struct str sample_switch_on(struct str sample, char *memory)
{
    size_t n = 0;
    for (size_t i = 0; i < sample.len; i++) {
        char next = i + 1 < sample.len ? sample.ptr[i + 1] : ' ';
        if (sample.ptr[i] != '#' || next < 'a' || next > 'z')
            memory[n++] = sample.ptr[i];
    }
    return str_make(memory, n);
}

Test(sample, loads)
{
    char errors[4096];
    struct config *config = NULL;
    struct buf out;

    buf_init_fixed(&out, errors, sizeof(errors));
    cr_assert(config_load(&source, &config, &out), "%.*s", STR_ARG(buf_view(&out)));
    ASSERT_STR(config->scopes.dir, CONF_DIR "/scopes");
    config_free(&config);
}

Test(sample, names_every_key_with_its_default)
{
    static char file[32768], on[32768];
    char errors[8192];
    struct str text = sample_switch_on(sample_read(file, sizeof(file)), on);
    struct config *config = load_with(&source, text, errors);
    struct arena arena;
    struct report report;

    cr_assert_not_null(config, "%s", errors); /* so it holds no unknown key */
    config_free(&config);
    arena_init(&arena, NULL, 0, 1 << 20);
    report_init(&report, &arena);
    const struct tree_node *root = tree_parse(&report, "sample", true, text);
    for (size_t i = 0; i < SCHEMA_ROWS; i++) {
        const struct schema_row *row = &schema_rows[i];
        const struct tree_node *section = tree_find(root, str_from(row->section));
        const struct tree_node *key =
            section == NULL ? NULL : tree_find(section, str_from(row->key));
        const struct tree_node *fallback =
            tree_parse(&report, "default", false, str_from(row->fallback));
        cr_assert_not_null(key, "%s.%s", row->section, row->key);
        cr_assert_eq(key->kind, fallback->kind, "%s.%s", row->section, row->key);
        cr_assert(str_eq(key->text, fallback->text), "%s.%s", row->section, row->key);
        cr_assert_eq(key->n, 0, "%s.%s", row->section, row->key);
    }
    arena_reset(&arena);
}

Test(sample, description_names_every_key)
{
    static char text[32768];
    char name[SCHEMA_NAME];
    struct buf out;

    buf_init_fixed(&out, text, sizeof(text) - 1);
    config_describe(&out);
    cr_assert_not(out.failed);
    for (size_t i = 0; i < SCHEMA_ROWS; i++) {
        cr_assert_not_null(strstr(text, schema_name(&schema_rows[i], name)));
        cr_assert_not_null(strstr(text, schema_variable(&schema_rows[i], name)));
    }
    cr_assert_not_null(strstr(text, "server.threads\n"
                                    "    Event loops; 0 is one a core\n"
                                    "    0 to 60; default 0; SCOPEMINT_SERVER__THREADS\n"));
    cr_assert_not_null(strstr(text, "ES256, EdDSA, RS256 or PS256; default ES256"));
}

/* Loads from a heap copy of exactly that size, so that ASan sees a read past its end. */
static void survive(struct str text)
{
    char errors[8192];
    char *copy = malloc(text.len + 1);
    memcpy(copy, text.ptr, text.len);
    copy = realloc(copy, text.len == 0 ? 1 : text.len);
    struct config *config = load_with(&source, str_make(copy, text.len), errors);
    config_free(&config);
    free(copy);
}

static const char small[] = "server:\n"
                            "  issuer: https://auth.example.com\n"
                            "  listen:\n"
                            "    - {address: \"0.0.0.0:8443\", tls: {certificate: c, key: k}}\n"
                            "    - address: unix:s.sock\n"
                            "      mode: '0600'\n"
                            "  trusted_proxies: [10.0.0.0/8, unix]\n"
                            "tokens: {alg: ES256, access_ttl_min_s: 1, jwt_type: {a: JWT}}\n"
                            "redis:\n"
                            "  url: redis://u:p%40@r.example:1/2\n";

static const char hostile[] = "\0\n\t #:-[]{},&*!|>'\"%@`?~0A\x7f\x80\xc3\xff";

Test(sample, survives_every_truncation, .timeout = 120)
{
    static char file[32768], on[32768];
    struct str text = sample_switch_on(sample_read(file, sizeof(file)), on);

    for (size_t n = 0; n < text.len; n++)
        survive(str_make(text.ptr, n));
    for (size_t n = 0; n < sizeof(small) - 1; n++)
        survive(str_make(small, n));
}

Test(sample, survives_every_changed_byte, .timeout = 120)
{
    static char file[32768], on[32768];
    struct str text = sample_switch_on(sample_read(file, sizeof(file)), on);
    char changed[sizeof(small)];

    for (size_t i = 0; i < text.len; i++) {
        char kept = on[i];
        on[i] = hostile[i % (sizeof(hostile) - 1)];
        survive(text);
        on[i] = kept;
    }
    memcpy(changed, small, sizeof(small));
    for (size_t i = 0; i < sizeof(small) - 1; i++) {
        for (size_t j = 0; j < sizeof(hostile) - 1; j++) {
            changed[i] = hostile[j];
            survive(str_make(changed, sizeof(small) - 1));
        }
        changed[i] = small[i];
    }
}

Test(sample, survives_any_shortage_of_memory)
{
    size_t complete = 0;
    for (size_t cap = 0; cap < 16384; cap += 48) {
        struct arena arena;
        struct report report;
        arena_init(&arena, NULL, 0, cap);
        report_init(&report, &arena);
        const struct tree_node *root =
            tree_parse(&report, "small", true, str_make(small, sizeof(small) - 1));
        cr_assert(report.overflow || root != NULL, "%zu", cap);
        complete += !report.overflow;
        arena_reset(&arena);
    }
    cr_assert(complete > 0);
}
