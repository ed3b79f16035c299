/* Reads of the memory backend, each under the lock; those of lists stand in memory_list.c. */
#include <stdlib.h>

#include "store/memory_inside.h"

struct memory_reader {
    struct store_reader reader; /* first: the ops cast */
    struct memory *memory;
};

bool memory_keep(struct arena *arena, struct str *text)
{
    *text = arena_str(arena, *text);
    return text->ptr != NULL;
}

bool memory_keep_token(const struct memory *m, struct arena *arena, const struct token_row *from,
                       struct token_row *to)
{
    const struct store_entry *revoked = memory_find_entry(m, ENTRY_TOKEN_REVOKED, &from->token_sid);

    *to = *from;
    if (revoked != NULL) {
        to->revoked_number = revoked->number;
        to->revoked_ms = revoked->at_ms;
    }
    return memory_keep(arena, &to->name) && memory_keep(arena, &to->scopes) &&
           memory_keep(arena, &to->audiences) && memory_keep(arena, &to->last_accessed_ip) &&
           memory_keep(arena, &to->newest.kid);
}

/* ---- tokens, secrets, the audit log ---- */

static RESULT get_token(const struct memory *m, struct store_read *read)
{
    struct token_row key = {.token_sid = read->in.token_sid};
    const struct token_row *stored = memory_table_find(&m->tokens, &key);
    struct token_row *row = arena_alloc(read->arena, sizeof(*row));

    if (stored == NULL) {
        read->outcome = STORE_OUTCOME_ABSENT;
        return RESULT_OK;
    }
    if (row == NULL || !memory_keep_token(m, read->arena, stored, row))
        return FAULT(ERR_FAULT_MEMORY);
    read->out.tokens = row;
    read->out.count = 1;
    return RESULT_OK;
}

static RESULT list_audit(const struct memory *m, struct store_read *read)
{
    bool down = read->in.audit_list.descending;
    uint64_t after = read->in.audit_list.after;
    size_t limit = read->in.audit_list.limit;
    struct audit_row key = {.seq = down ? after : after + 1};
    size_t place = down && after == 0 ? m->audit.count : memory_table_place(&m->audit, &key);
    size_t left = down ? place : m->audit.count - place;
    struct audit_row *rows = arena_array(read->arena, limit, sizeof(*rows));

    read->out.count = left < limit ? left : limit;
    read->out.more = left > limit;
    read->out.checkpoint = m->checkpoint;
    read->out.audit = rows;
    if (rows == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    for (size_t i = 0; i < read->out.count; i++) {
        rows[i] = *(const struct audit_row *)m->audit.rows[down ? place - 1 - i : place + i];
        if (!memory_keep(read->arena, &rows[i].node) || !memory_keep(read->arena, &rows[i].record))
            return FAULT(ERR_FAULT_MEMORY);
    }
    return RESULT_OK;
}

static RESULT list_secrets(const struct memory *m, struct store_read *read)
{
    struct secret_row *rows = arena_array(read->arena, STORE_SECRETS_LIVE, sizeof(*rows));

    if (rows == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    read->out.secrets = rows;
    read->out.count = memory_secrets_of(m, &read->in.client_id, STORE_SECRETS_LIVE, rows);
    return RESULT_OK;
}

/* The rest of one partner's tokens, as far as the page has room. */
static bool scan_partner(const struct memory *m, struct store_read *read,
                         const struct sid *partner_sid, const struct sid *after)
{
    struct token_row *rows = (struct token_row *)read->out.tokens;

    for (size_t i = 0; i < m->tokens.count && read->out.count < read->in.token_scan.limit; i++) {
        const struct token_row *row = m->tokens.rows[i];
        if (!sid_eq(&row->partner_sid, partner_sid) ||
            memory_compare_sid(&row->token_sid, after) <= 0)
            continue;
        if (!memory_keep_token(m, read->arena, row, &rows[read->out.count]))
            return false;
        read->out.count++;
    }
    return true;
}

static RESULT scan_tokens(const struct memory *m, struct store_read *read)
{
    size_t limit = read->in.token_scan.limit;
    struct sid after = read->in.token_scan.after;

    read->out.tokens = arena_array(read->arena, limit, sizeof(struct token_row));
    if (read->out.tokens == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    for (; read->out.scanned < read->in.token_scan.partner_count; read->out.scanned++) {
        if (!scan_partner(m, read, &read->in.token_scan.partners[read->out.scanned], &after))
            return FAULT(ERR_FAULT_MEMORY);
        if (read->out.count == limit)
            return RESULT_OK;
        after = (struct sid){{0}};
    }
    return RESULT_OK;
}

/* ---- the reader ---- */

static RESULT read_locked(struct memory *m, struct store_read *read)
{
    TRY(memory_falter(m));
    switch (read->verb) {
    case STORE_TOKEN_GET:
        return get_token(m, read);
    case STORE_AUDIT_LIST:
        return list_audit(m, read);
    case STORE_SECRET_LIST:
        return list_secrets(m, read);
    case STORE_TOKEN_SCAN:
        return scan_tokens(m, read);
    case STORE_TOKEN_WALK:
        return memory_walk_tokens(m, read);
    case STORE_REVOCATION_GET:
        return memory_get_revocation(m, read);
    case STORE_REVOCATION_LIST:
        return memory_list_revocations(m, read);
    case STORE_FEED:
        return memory_read_feed(m, read);
    case STORE_RULE_GET:
        return memory_get_row(m, STORE_RULES, read);
    case STORE_TRUNK_GROUP_GET:
        return memory_get_row(m, STORE_TRUNK_GROUPS, read);
    case STORE_TRUNK_GET:
        return memory_get_row(m, STORE_TRUNKS, read);
    case STORE_TOKEN_LIST:
    case STORE_PARTNER_LIST:
    case STORE_APPLICATION_LIST:
    case STORE_RULE_LIST:
    case STORE_TRUNK_GROUP_LIST:
    case STORE_TRUNK_LIST:
        break;
    }
    return memory_list_rows(m, read);
}

static struct result read_memory(struct store_reader *reader, struct store_read *read)
{
    struct memory *m = ((struct memory_reader *)reader)->memory;

    pthread_mutex_lock(&m->lock);
    struct result result = read_locked(m, read);
    pthread_mutex_unlock(&m->lock);
    return result;
}

static struct result tellings(struct store_reader *reader, uint64_t *out)
{
    struct memory *m = ((struct memory_reader *)reader)->memory;

    pthread_mutex_lock(&m->lock);
    *out = m->meta.tellings;
    pthread_mutex_unlock(&m->lock);
    return RESULT_OK;
}

static void close_reader(struct store_reader *reader)
{
    free(reader);
}

static const struct store_reader_ops ops = {
    .close = close_reader, .read = read_memory, .tellings = tellings};

struct result memory_reader_open(struct store_backend *backend, struct store_reader **out)
{
    struct memory_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    reader->reader.ops = &ops;
    reader->memory = memory_of(backend);
    *out = &reader->reader;
    return RESULT_OK;
}
