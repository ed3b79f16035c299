#include "cli/audit_heads.h"

#include <stdlib.h>

#include "cli/load.h"
#include "keyring/keyring.h"

enum { FILE_MAX = 256 * 1024 * 1024, HEADS_MAX = 1 << 20, ARENA_MAX = 256 * 1024 };

struct reading {
    const struct keyring *keyring;
    struct keyring_thread *keys;
    struct arena arena; /* of one head at a time */
    struct audit_heads *out;
    bool faulted;
};

static bool add(struct audit_heads *heads, const struct store_audit_head *head)
{
    if (heads->count == heads->room) {
        size_t room = heads->room == 0 ? 64 : 2 * heads->room;
        struct store_audit_head *items =
            room <= HEADS_MAX ? realloc(heads->items, room * sizeof(*items)) : NULL;
        if (items == NULL)
            return false;
        heads->items = items;
        heads->room = room;
    }
    heads->items[heads->count++] = *head;
    return true;
}

static void read_one(struct reading *r, struct str text)
{
    struct audit_head head;
    enum audit_head_read read;

    if (!result_ok(audit_head_read(text, r->keyring, r->keys, &r->arena, &head, &read)))
        r->faulted = true;
    else if (read == AUDIT_HEAD_HOLDS && !add(r->out, &head.at))
        r->faulted = true;
    else if (read == AUDIT_HEAD_UNKNOWN_KEY)
        r->out->unknown_key++;
    else if (read == AUDIT_HEAD_FORGED)
        r->out->forged++;
    arena_reset(&r->arena);
}

static bool is_of_jws(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

/* Whatever stands between other characters and begins as a JWS does is tried; what is no head is
 * none of this command's business. */
static void read_all(struct reading *r, struct str text)
{
    size_t first = 0;

    for (size_t at = 0; at <= text.len && !r->faulted; at++) {
        if (at < text.len && is_of_jws(text.ptr[at]))
            continue;
        struct str piece = str_slice(text, first, at);
        if (str_starts_with(piece, STR("eyJ")) && piece.len <= LIMIT_TOKEN)
            read_one(r, piece);
        first = at + 1;
    }
}

static int in_order(const void *a, const void *b)
{
    const struct store_audit_head *left = a, *right = b;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

static enum cli_exit read_text(const struct config *config, struct str text,
                               struct audit_heads *out)
{
    struct reading r = {.out = out};
    struct keyring *keyring = NULL;
    struct buf errors;
    enum key_alg alg;

    buf_init_heap(&errors, 64 * 1024);
    bool loaded = key_alg_parse(config->tokens.alg, &alg) &&
                  keyring_load(config->keys.dir.ptr, alg, &keyring, &errors);
    cli_print_errors(&errors);
    if (!loaded)
        return CLI_CONFIG;
    r.keyring = keyring;
    arena_init(&r.arena, NULL, 0, ARENA_MAX);
    r.faulted = !result_ok(keyring_thread_new(&r.keys));
    read_all(&r, text);
    keyring_thread_free(&r.keys);
    keyring_unref(&keyring);
    if (r.faulted)
        cli_say("the heads could not be read: out of memory, or too many of them");
    else if (out->count + out->unknown_key + out->forged == 0)
        cli_say("there is no head of an audit log in what --head names; a head is the `head` of "
                "GET /core/v2/admin/audit/head, or of an `audit_head` line of the server's log");
    else if (out->count > 0)
        qsort(out->items, out->count, sizeof(*out->items), in_order);
    return r.faulted || out->count + out->unknown_key + out->forged == 0 ? CLI_FAILED : CLI_OK;
}

enum cli_exit audit_heads_read(const struct config *config, const char *given,
                               struct audit_heads *out)
{
    struct buf file;
    enum cli_exit code = CLI_FAILED;

    *out = (struct audit_heads){.items = NULL};
    if (str_starts_with(str_from(given), STR("eyJ")))
        return read_text(config, str_from(given), out);
    buf_init_heap(&file, FILE_MAX);
    if (cli_read_file(given, FILE_MAX, &file))
        code = read_text(config, buf_view(&file), out);
    buf_free(&file);
    return code;
}

void audit_heads_free(struct audit_heads *heads)
{
    free(heads->items);
    *heads = (struct audit_heads){.items = NULL};
}
