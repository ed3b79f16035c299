#include "token/change.h"

#include "core/buf.h"
#include "scope/parse.h"
#include "token/handout.h"

enum { NAMES_FIRST = 512, NAMES_MAX = 2 * LIMIT_SCOPES * (LIMIT_SCOPE_NAME + 1) };

/* The next name of the row that the catalogue has lost since it was written. */
static bool next_lost(const struct change_facts *facts, struct str *left, struct str *out)
{
    while (str_split(left, ' ', out))
        if (out->len > 0 && catalogue_find(facts->bound.catalogue, *out) == NULL)
            return true;
    return false;
}

static bool drops_lost(const struct change_facts *facts, const struct asked_names *asked)
{
    struct str left = facts->stored, name;

    while (next_lost(facts, &left, &name))
        if (!asked_has(asked, name))
            return true;
    return false;
}

/* What the row holds from now on: known names in catalogue order, then those it keeps though the
 * catalogue has lost them. */
static bool put_names(const struct change_facts *facts, const struct asked_names *asked,
                      const struct scope_set *known, struct buf *out)
{
    struct str left = facts->stored, name;

    scope_format(facts->bound.catalogue, known, out);
    while (next_lost(facts, &left, &name)) {
        if (!asked_has(asked, name))
            continue;
        if (out->len > 0)
            buf_char(out, ' ');
        buf_str(out, name);
    }
    return !out->failed;
}

static bool holds_gate(const struct change_facts *facts)
{
    const struct scope_value *gate = catalogue_find(facts->bound.catalogue, STR(CHANGE_GATE));
    return gate != NULL && scope_set_has(facts->scopes, gate->bit);
}

/* What the contract says to a change of this kind, in its order. */
static enum change_verdict judge(const struct change_facts *facts, const struct asked_names *asked,
                                 const struct scope_set *added, struct arena *arena,
                                 struct change *out)
{
    if (out->kind == CHANGE_NONE)
        return CHANGE_ALLOWED;
    if (!holds_gate(facts))
        return CHANGE_NOT_GATED;
    if (out->kind == CHANGE_NARROWS)
        return CHANGE_ALLOWED;
    if (facts->has_user)
        return CHANGE_OF_USER;
    if (!asked_is_granted(&facts->bound, asked, facts->stored, added, arena, &out->message))
        return CHANGE_NOT_GRANTED;
    return handout_is_held(added, facts->rights, &out->lacking) ? CHANGE_ALLOWED : CHANGE_NOT_HELD;
}

enum err change_decide(const struct change_facts *facts, const struct asked_names *asked,
                       struct arena *arena, struct change *out)
{
    const struct scope_catalogue *catalogue = facts->bound.catalogue;
    struct scope_set stored = scope_read(catalogue, facts->stored);
    struct scope_set known = asked_known(catalogue, asked);
    struct scope_set added = handout_added(catalogue, &stored, &known);
    bool has_unknown = asked_unknown(catalogue, asked, facts->stored) > 0;
    struct change change = {.kind = CHANGE_NARROWS, .message = STR("")};
    struct buf names;

    if (has_unknown || !scope_set_is_empty(&added))
        change.kind = CHANGE_WIDENS;
    else if (scope_set_eq(&stored, &known) && !drops_lost(facts, asked))
        change.kind = CHANGE_NONE;
    change.verdict = judge(facts, asked, &added, arena, &change);
    buf_init_arena(&names, arena, NAMES_FIRST, NAMES_MAX);
    if (change.message.ptr == NULL || !put_names(facts, asked, &known, &names))
        return ERR_FAULT_MEMORY;
    change.scopes = buf_view(&names);
    change.known = known;
    *out = change;
    return ERR_NONE;
}
