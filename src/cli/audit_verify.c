/* `scopemint audit verify`: is the audit log what the server wrote? Each row is held against the
 * one before; with --head also what the log was when that head was signed. It reads the store
 * beside a running server and changes nothing.
 *
 * Without a head that was kept elsewhere it finds what was changed within the log, but not that its
 * end was cut off, nor that all of it was made anew. */
#include "cli/audit_heads.h"
#include "cli/load.h"

enum verdict { VERDICT_HOLDS, VERDICT_BROKEN, VERDICT_OTHER_THAN_HEAD };

struct walk {
    struct audit_heads heads;
    size_t next_head;    /* the first that no row has passed yet */
    size_t heads_held;   /* the log is what they say */
    size_t heads_pruned; /* of records that are gone: nobody can say */
    uint64_t checkpoint; /* seq of the last record that was pruned */
    uint64_t records;
    struct store_audit_head at;
    enum verdict verdict;
    uint64_t bad_seq; /* of the row, or the head, that does not fit */
};

/* The heads up to here. False at one that says otherwise. */
static bool check_heads(struct walk *w)
{
    for (; w->next_head < w->heads.count; w->next_head++) {
        const struct store_audit_head *head = &w->heads.items[w->next_head];
        if (head->seq > w->at.seq)
            return true;
        if (head->seq < w->at.seq) { /* before the first row: rows come without a gap */
            w->heads_pruned++;
            continue;
        }
        if (!store_audit_is_head(head, &w->at)) {
            w->verdict = VERDICT_OTHER_THAN_HEAD;
            w->bad_seq = head->seq;
            return false;
        }
        w->heads_held++;
    }
    return true;
}

static void begin(void *context, const struct store_audit_head *checkpoint)
{
    struct walk *w = context;

    w->at = *checkpoint;
    w->checkpoint = checkpoint->seq;
    check_heads(w);
}

static bool look_at(void *context, const struct audit_row *row)
{
    struct walk *w = context;

    if (w->verdict != VERDICT_HOLDS)
        return false;
    if (!store_audit_verify(row, &w->at)) {
        w->verdict = VERDICT_BROKEN;
        w->bad_seq = row->seq;
        return false;
    }
    w->records++;
    return check_heads(w);
}

/* A head that lies behind the last row: the end is gone. */
static void finish(struct walk *w)
{
    if (w->verdict != VERDICT_HOLDS || w->next_head == w->heads.count)
        return;
    w->verdict = VERDICT_OTHER_THAN_HEAD;
    w->bad_seq = w->heads.items[w->next_head].seq;
}

static const char *say(const struct walk *w, bool with_heads)
{
    switch (w->verdict) {
    case VERDICT_BROKEN:
        return "broken: from the record at bad_seq on, this is not what the server wrote";
    case VERDICT_OTHER_THAN_HEAD:
        return w->bad_seq > w->at.seq
                   ? "cut off: a signed head says that the log went on at least to bad_seq"
                   : "replaced: a signed head says that the log was another one up to bad_seq";
    case VERDICT_HOLDS:
        break;
    }
    if (!with_heads)
        return "consistent with itself; give --head to prove that it is the server's";
    if (w->heads.forged > 0)
        return "a head is forged: not signed by the key that it names";
    return w->heads_held > 0 ? "holds, up to the last of the heads given"
                             : "not proven: none of the heads given can be checked";
}

static enum cli_exit print(struct cli *cli, const struct walk *w, bool with_heads)
{
    bool holds =
        w->verdict == VERDICT_HOLDS && (!with_heads || (w->heads_held > 0 && w->heads.forged == 0));
    char digest[AUDIT_DIGEST_TEXT];
    struct output o;

    output_init(&o, cli_wants_json(cli));
    output_begin(&o);
    output_bool(&o, "holds", holds);
    output_str(&o, "verdict", str_from(say(w, with_heads)));
    if (w->verdict == VERDICT_HOLDS)
        output_null(&o, "bad_seq");
    else
        output_int(&o, "bad_seq", (int64_t)w->bad_seq);
    output_int(&o, "records", (int64_t)w->records);
    output_int(&o, "pruned_to_seq", (int64_t)w->checkpoint);
    output_int(&o, "seq", (int64_t)w->at.seq);
    output_str(&o, "digest", audit_digest_text(&w->at.digest, digest));
    if (with_heads) {
        output_begin_member(&o, "heads");
        output_int(&o, "held", (int64_t)w->heads_held);
        output_int(&o, "pruned", (int64_t)w->heads_pruned);
        output_int(&o, "unknown_key", (int64_t)w->heads.unknown_key);
        output_int(&o, "forged", (int64_t)w->heads.forged);
        output_end(&o);
    }
    output_end(&o);
    return cli_finish(&o, holds ? CLI_OK : CLI_FAILED);
}

static enum cli_exit verify(struct cli *cli, const struct config *config, const char *heads,
                            struct walk *w)
{
    const struct store_audit_visitor visitor = {begin, look_at, w};
    char text[1024];
    struct buf error;

    if (config->store.kind != CONFIG_STORE_SQLITE) {
        cli_say("store.url is memory:, whose audit log is gone with the server");
        return CLI_CONFIG;
    }
    if (heads != NULL) {
        enum cli_exit code = audit_heads_read(config, heads, &w->heads);
        if (code != CLI_OK)
            return code;
    }
    buf_init_fixed(&error, text, sizeof(text));
    if (!result_ok(store_audit_walk(config->store.path, &visitor, &error))) {
        cli_say("store %s: %.*s", config->store.path.ptr, (int)error.len, error.ptr);
        return CLI_FAILED;
    }
    finish(w);
    return print(cli, w, heads != NULL);
}

enum cli_exit cli_audit_verify_run(struct cli *cli)
{
    struct walk w = {.records = 0};
    struct config *config;

    if (!cli_load_config(cli, &config))
        return CLI_CONFIG;
    enum cli_exit code = verify(cli, config, cli_value(cli, "--head"), &w);
    audit_heads_free(&w.heads);
    config_free(&config);
    return code;
}
