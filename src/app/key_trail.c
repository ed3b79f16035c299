#include "app/key_trail.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit/record.h"
#include "core/log.h"
#include "exchange/snapshot.h"
#include "keyring/change.h"
#include "store/store.h"
#include "json/write.h"

enum { ARENA_MAX = 4 * STORE_AUDIT_RECORD, DETAIL_MAX = 256, WHY_MAX = 512 };

/* On its way to the store. */
struct key_record {
    struct store_request request;
    struct arena memory; /* of its text */
};

static void record_free(struct key_record *record)
{
    arena_reset(&record->memory);
    free(record);
}

/* On the writer's thread, or on the caller's when the store did not take it. */
static void record_done(struct store_request *request)
{
    struct key_record *record =
        (struct key_record *)((char *)request - offsetof(struct key_record, request));

    if (!result_ok(request->result))
        LOG(LOG_ERROR, "audit_key_lost", LF_ERR(request->result.code));
    record_free(record);
}

/* What was done to it last; ptr NULL: nothing that anybody did, its last token has expired. */
static struct str action_of(const struct keyring_entry *entry)
{
    switch (entry->state) {
    case KEY_NEXT:
        return STR("key.create");
    case KEY_ACTIVE:
        return STR("key.activate");
    case KEY_RETIRED:
        return STR("key.retire");
    case KEY_GONE:
        return entry->withdrawn ? STR("key.withdraw") : STR_NONE;
    case KEY_STATE_COUNT:
        break;
    }
    return STR_NONE;
}

static int64_t time_of(const struct keyring_entry *entry)
{
    switch (entry->state) {
    case KEY_NEXT:
        return entry->created_s;
    case KEY_ACTIVE:
        return entry->activated_s;
    case KEY_RETIRED:
        return entry->retired_s;
    case KEY_GONE:
    case KEY_STATE_COUNT:
        break;
    }
    return entry->gone_s;
}

/* {"alg":..., "date":...}: when the command was carried out. */
static struct str detail_of(const struct keyring_entry *entry, struct arena *memory)
{
    struct json_writer w;
    struct buf b;

    buf_init_arena(&b, memory, DETAIL_MAX, DETAIL_MAX);
    json_writer_init(&w, &b);
    json_write_object_begin(&w);
    json_write_member_string(&w, STR("alg"), str_from(key_alg_name(entry->alg)));
    json_write_key(&w, STR("date"));
    json_write_time_ms(&w, time_of(entry) * 1000);
    json_write_object_end(&w);
    return b.failed ? STR_NONE : buf_view(&b);
}

/* Keys are the root's. */
static struct str text_of(const struct keyring_entry *entry, const struct sid *root,
                          const struct server *server, struct arena *memory)
{
    const struct audit_actor actor = {.address = STR("")};
    const struct audit_event event = {
        .action = action_of(entry),
        .object_name = keyring_entry_kid(entry),
        .partner_sid = *root,
        .detail = detail_of(entry, memory),
    };

    return event.detail.ptr == NULL
               ? STR_NONE
               : audit_record(memory, clock_wall_ms(server->clock), &actor, &event);
}

static void record(const struct keyring_entry *entry, const struct sid *root, struct server *server)
{
    struct key_record *made =
        action_of(entry).ptr != NULL ? calloc(1, sizeof(struct key_record)) : NULL;

    if (made == NULL) {
        if (action_of(entry).ptr != NULL)
            LOG(LOG_ERROR, "audit_key_lost", LF_ERR(ERR_FAULT_MEMORY));
        return;
    }
    arena_init(&made->memory, NULL, 0, ARENA_MAX);
    made->request = (struct store_request){
        .verb = STORE_AUDIT_APPEND,
        .audit = text_of(entry, root, server, &made->memory),
        .done = record_done,
    };
    if (made->request.audit.ptr != NULL) {
        store_submit(server->store, &made->request);
        return;
    }
    LOG(LOG_ERROR, "audit_key_lost", LF_ERR(ERR_FAULT_MEMORY));
    record_free(made);
}

/* False after logging why: the keys were read a moment ago, so it is rare. */
static bool read_keys(const struct key_trail *trail, struct keyring_manifest *out)
{
    char memory[WHY_MAX];
    struct buf why;

    buf_init_fixed(&why, memory, sizeof(memory));
    if (keyring_list(trail->dir, out, &why) == KEYRING_DONE)
        return true;
    LOG(LOG_ERROR, "audit_keys_not_read", LF_STR("reason", buf_view(&why)));
    return false;
}

/* The configuration goes after a reload. */
static void keep_dir(struct key_trail *trail, const struct config *config)
{
    snprintf(trail->dir, sizeof(trail->dir), "%s", config->keys.dir.ptr);
}

void key_trail_begin(struct key_trail *trail, const struct config *config, struct server *server)
{
    int64_t last_s = store_last_wall_ms(server->store) / 1000;

    trail->root = party_root(snapshot_now(server)->party)->partner_sid;
    keep_dir(trail, config);
    if (!read_keys(trail, &trail->seen) || store_audit_head(server->store).seq == 0)
        return;
    for (size_t i = 0; i < trail->seen.n; i++)
        if (time_of(&trail->seen.entries[i]) >= last_s)
            record(&trail->seen.entries[i], &trail->root, server);
}

static void look(struct key_trail *trail, struct server *server)
{
    struct keyring_manifest now;

    if (!read_keys(trail, &now))
        return;
    for (size_t i = 0; i < now.n; i++) {
        const struct keyring_entry *before =
            manifest_find(&trail->seen, keyring_entry_kid(&now.entries[i]));
        if (before == NULL || before->state != now.entries[i].state)
            record(&now.entries[i], &trail->root, server);
    }
    trail->seen = now;
}

void key_trail_follow(struct key_trail *trail, const struct config *config, struct server *server)
{
    keep_dir(trail, config);
    look(trail, server);
}

void key_trail_end(struct key_trail *trail, struct server *server)
{
    look(trail, server);
}
