/* What goes to Redis: pages of the store while filling, the queue while following. Both stop at the
 * window and go on as answers come, so a slow Redis costs a bounded amount of memory here. */
#include <stdlib.h>

#include "revocation/link_state.h"

static void on_page(struct store_request *request);

static void send_entry(struct revocation_link *link, const struct store_entry *entry,
                       uint64_t last_number)
{
    /* The stream is cut to its last entries anyway, and those it has already it would refuse. */
    bool to_feed = entry->number > link->feed_top && entry->number + LINK_FEED_LENGTH > last_number;

    link_sent(link);
    link_send_entry(&link->wire, entry); /* first: what the stream has told is there */
    link_fields_keep(&link->fields, entry);
    if (to_feed) {
        link_send_feed_add(&link->wire, entry, &link->feed_id);
        link->feed_top = entry->number;
    }
}

static void read_page(struct revocation_link *link)
{
    link->reading = true;
    arena_reset(&link->names);
    link->read_fill = link->fill;
    link->read_bound = store_last_number(link->store);
    link->read = (struct store_request){
        .verb = STORE_ENTRIES_READ,
        .loop = link->loop,
        .done = on_page,
        .in.entries_read = {.after = link->cursor,
                            .now_s = 0, /* whatever there is, see link.h */
                            .limit = LINK_PAGE,
                            .entries = link->page,
                            .arena = &link->names},
    };
    store_submit(link->store, &link->read);
}

void link_fill_start(struct revocation_link *link, uint64_t after, bool is_full)
{
    if (link->page == NULL)
        link->page = malloc(LINK_PAGE * sizeof(*link->page));
    if (link->page == NULL) {
        link_again(link, "out of memory");
        return;
    }
    link->fill++;
    link->fill_is_full = is_full;
    link->fill_is_read = false;
    link->cursor = after;
    link->feed_top = after;
    if (is_full) {
        link_fields_clear(&link->fields);
        atomic_store(&link->held, 0);
        link_sent(link);
        link_send_begin(&link->wire, &link->feed_id);
    }
    link_enter(link, PHASE_FILLING);
    link_fill_go_on(link);
}

/* The page is of no use outside a fill; one that is with the store has to stay. */
void link_fill_stop(struct revocation_link *link)
{
    if (link->reading)
        return;
    free(link->page);
    link->page = NULL;
    arena_reset(&link->names);
}

static void finish(struct revocation_link *link)
{
    link_sent(link);
    if (link->fill_is_full)
        link_send_end(&link->wire, &link->feed_id);
    link_enter(link, PHASE_FILLED);
    link_check(link);
}

/* Reads ahead by one page: while Redis works on one, the store fetches the next. */
void link_fill_go_on(struct revocation_link *link)
{
    if (link->reading || wire_waiting(&link->wire) > LINK_WINDOW / 2)
        return;
    if (link->fill_is_read)
        finish(link);
    else
        read_page(link);
}

static void take_page(struct revocation_link *link, size_t count)
{
    for (size_t i = 0; i < count; i++)
        send_entry(link, &link->page[i], link->read_bound);
    if (count > 0)
        link->cursor = link->page[count - 1].number;
    if (count < LINK_PAGE) {
        link->fill_is_read = true;
        /* What the store let go of is not in a page, and no hole. */
        link->cursor = link->read_bound > link->cursor ? link->read_bound : link->cursor;
    }
    link_fill_go_on(link);
}

static void on_page(struct store_request *request)
{
    struct revocation_link *link =
        (struct revocation_link *)((char *)request - offsetof(struct revocation_link, read));

    link->reading = false;
    if (link->closed) {
        link_release(link);
        return;
    }
    if (link->phase != PHASE_FILLING) {
        link_fill_stop(link);
        return;
    }
    if (link->read_fill != link->fill)
        link_fill_go_on(link);
    else if (!result_ok(request->result))
        link_again(link, "the store did not answer");
    else
        take_page(link, request->out.count);
}

void link_follow(struct revocation_link *link)
{
    struct store_entry entry;

    while (wire_waiting(&link->wire) < LINK_WINDOW &&
           link_queue_take(&link->queue, link->cursor, &entry)) {
        bool is_next = entry.number == link->cursor + 1 && link_queue_is_whole(&entry);
        if (is_next) {
            link->cursor = entry.number;
            send_entry(link, &entry, entry.number);
        }
        link_queue_drop(&entry);
        if (!is_next) {
            link_fill_start(link, link->cursor, false);
            return;
        }
    }
}
