#include "http/waiting.h"

#include "core/limits.h"

static void on_input(h2o_socket_t *sock, const char *err)
{
    struct connection *c = sock->on_close.data;

    if (err == NULL && sock->input->size <= c->waiting_max)
        return;
    h2o_socket_read_stop(sock); /* or an end would be reported in each turn */
    if (err == h2o_socket_error_io && c->slot != NULL)
        exchange_forsake(&c->slot->x);
}

void waiting_begin(struct slot *slot)
{
    struct connection *c = slot->connection;

    if (slot->req->entity.base == NULL)
        return;
    c->waiting_capacity = c->sock->input->capacity;
    c->waiting_max = c->sock->input->size + LIMIT_HEAD;
    h2o_socket_read_start(c->sock, on_input);
}

size_t waiting_held(const struct connection *c)
{
    return c->waiting_max == 0 ? 0 : c->sock->input->capacity - c->waiting_capacity;
}
