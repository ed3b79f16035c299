/* A body becomes a row and a compiled rule, on the server's compiler: 100,000 entries take some
 * tens of milliseconds, 1,000 patterns up to 110. */
#include "core/limits.h"
#include "exchange/server.h"
#include "manage/rules.h"
#include "party/checks.h"

enum {
    MESSAGE_MAX = 256,
    PLACE_MAX = 32,
    WRITE = BODY_AT_CREATE | BODY_AT_UPDATE,
    KEPT_MAX = LIMIT_BODY_RULE + 64 * 1024,
};

/* 100,001 entries are refused by their number, and not as a text that cannot be read. */
static const struct json_limits limits = {
    .depth = LIMIT_JSON_DEPTH,
    .keys = LIMIT_JSON_KEYS,
    .values = LIMIT_ACL_ENTRIES + LIMIT_JSON_VALUES,
};

/* In the order of enum rule_attribute. */
static const struct body_field known[RULE_ATTRIBUTES] = {
    [RULE_ENTRIES] = {STR_INIT("entries"), BODY_OTHER, WRITE | BODY_REQUIRED, 0, LIMIT_ACL_ENTRIES},
    [RULE_FIELD] = {STR_INIT("field"), BODY_TEXT, WRITE | BODY_REQUIRED, 1, LIMIT_NAME},
    [RULE_NAME] = {STR_INIT("name"), BODY_TEXT, WRITE, 1, LIMIT_NAME},
    [RULE_OPERATION] = {STR_INIT("operation"), BODY_TEXT, WRITE | BODY_REQUIRED, 1, LIMIT_NAME},
    [RULE_QUANTIFIER] = {STR_INIT("quantifier"), BODY_TEXT, WRITE | BODY_REQUIRED, 1, LIMIT_NAME},
    [RULE_READ_ONLY] = {STR_INIT("read_only"), BODY_BOOL, 0, 0, 0},
    [RULE_SID] = {STR_INIT("rule_sid"), BODY_SID, 0, 0, 0},
};

/* What is only looked at, and what is on its way into the row. */
struct reading {
    struct rule_work *work;
    struct arena scratch;
    struct body body;
    struct acl_rule_text text;
};

static const struct body_value *value_of(const struct reading *r, enum rule_attribute attribute)
{
    const struct body_value *value = &r->body.values[attribute];
    return value->present ? value : NULL;
}

static void refuse(struct reading *r, enum rule_attribute attribute, const char *message)
{
    field_errors_add(&r->work->errors, ERR_INVALID_VALUE, known[attribute].name, str_from(message));
}

/* "entries[17]" */
static void refuse_entry(struct reading *r, size_t entry, enum err code, struct str message)
{
    struct buf b;

    buf_init_arena(&b, &r->work->memory, PLACE_MAX, PLACE_MAX);
    buf_str(&b, known[RULE_ENTRIES].name);
    buf_char(&b, '[');
    buf_u64(&b, entry);
    buf_char(&b, ']');
    if (b.failed)
        r->work->err = ERR_FAULT_MEMORY;
    else
        field_errors_add(&r->work->errors, code, buf_view(&b), message);
}

/* ---- words ---- */

static void read_name(struct reading *r)
{
    const struct body_value *value = value_of(r, RULE_NAME);
    struct acl_rule_row *after = &r->work->after;

    if (value == NULL)
        return;
    const char *wrong = party_check_name(value->text);
    if (wrong != NULL)
        return refuse(r, RULE_NAME, wrong);
    after->name = arena_str(&r->work->memory, value->text);
    if (after->name.ptr == NULL)
        r->work->err = ERR_FAULT_MEMORY;
}

static void read_field(struct reading *r)
{
    const struct body_value *value = value_of(r, RULE_FIELD);
    struct acl_rule_row *after = &r->work->after;

    if (!acl_field_parse(value != NULL ? value->text : after->field, &r->text.field))
        return refuse(r, RULE_FIELD, "calling, called, from, to or message is taken");
    after->field = acl_field_word(r->text.field);
}

static void read_operation(struct reading *r)
{
    const struct body_value *value = value_of(r, RULE_OPERATION);
    struct acl_rule_row *after = &r->work->after;

    if (!acl_operation_parse(value != NULL ? value->text : after->operation, &r->text.operation))
        return refuse(r, RULE_OPERATION, "exact, prefix or regexp is taken");
    after->operation = acl_operation_word(r->text.operation);
}

static void read_quantifier(struct reading *r)
{
    const struct body_value *value = value_of(r, RULE_QUANTIFIER);
    struct acl_rule_row *after = &r->work->after;

    if (!acl_quantifier_parse(value != NULL ? value->text : after->quantifier, &r->text.quantifier))
        return refuse(r, RULE_QUANTIFIER, "all, any or none is taken");
    after->quantifier = acl_quantifier_word(r->text.quantifier);
}

/* ---- entries ---- */

/* False after refusing. */
static bool list_entries(struct reading *r, const struct json_value *array)
{
    struct str *entries = arena_array(&r->scratch, json_count(array), sizeof(*entries));
    size_t n = 0;

    if (entries == NULL) {
        r->work->err = ERR_FAULT_MEMORY;
        return false;
    }
    for (const struct json_value *v = json_first(array); v != NULL; v = json_next(v))
        if (!json_string(v, &entries[n++])) {
            refuse_entry(r, n - 1, ERR_WRONG_TYPE, STR("A string is taken"));
            return false;
        }
    r->text.entries = entries;
    r->text.entry_count = n;
    return true;
}

/* How long it is as buf_json writes it. */
static size_t length_of(struct str entry)
{
    size_t length = 2 + entry.len;

    for (size_t i = 0; i < entry.len; i++) {
        unsigned char c = (unsigned char)entry.ptr[i];
        if (c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t')
            length += 1;
        else if (c < 0x20 || c == 0x7F)
            length += 5;
    }
    return length;
}

/* As they are stored and answered. */
static void write_entries(struct reading *r)
{
    const struct acl_rule_text *text = &r->text;
    size_t bytes = 2 + text->entry_count;
    struct json_writer w;
    struct buf b;

    for (size_t i = 0; i < text->entry_count; i++)
        bytes += length_of(text->entries[i]);
    if (bytes > LIMIT_BODY_RULE)
        return refuse(r, RULE_ENTRIES, "The entries are longer than 4 MiB as they are answered");
    buf_init_arena(&b, &r->work->memory, bytes, bytes); /* exactly */
    json_writer_init(&w, &b);
    json_write_array_begin(&w);
    for (size_t i = 0; i < text->entry_count; i++)
        json_write_string(&w, text->entries[i]);
    json_write_array_end(&w);
    r->work->after.entries = buf_view(&b);
    if (b.failed)
        r->work->err = ERR_FAULT_MEMORY;
}

static void read_entries(struct reading *r)
{
    const struct body_value *value = value_of(r, RULE_ENTRIES);
    const struct json_value *stored;

    if (value != NULL && !json_is(value->json, JSON_ARRAY))
        return field_errors_add(&r->work->errors, ERR_WRONG_TYPE, known[RULE_ENTRIES].name,
                                STR("An array of strings is taken"));
    if (value != NULL) {
        if (list_entries(r, value->json))
            write_entries(r);
        return;
    }
    enum err err = json_parse(&r->scratch, r->work->before->entries, &limits, &stored, NULL);
    if (err != ERR_NONE)
        r->work->err = err == ERR_BAD_JSON ? ERR_FAULT_STORE : err;
    else
        (void)list_entries(r, stored);
}

/* ---- the whole ---- */

static struct rule_digest digest_of(struct str entries, size_t count)
{
    return (struct rule_digest){(int64_t)count, digest_sha256(entries)};
}

/* Whether it says the same of every value. */
static bool says_the_same(const struct acl_rule_row *a, const struct acl_rule_row *b)
{
    return str_eq(a->field, b->field) && str_eq(a->operation, b->operation) &&
           str_eq(a->quantifier, b->quantifier) && str_eq(a->entries, b->entries);
}

static bool differs(const struct rule_work *work)
{
    const struct acl_rule_row *old = work->before, *now = &work->after;

    return old == NULL || !str_eq(old->name, now->name) || !says_the_same(old, now);
}

/* True: it has a new name alone, and what is compiled stays. */
static bool stays_compiled(struct rule_work *work)
{
    if (work->standing == NULL || !says_the_same(work->before, &work->after))
        return false;
    acl_rule_ref(work->standing);
    work->compiled = work->standing;
    return true;
}

static void compile(struct reading *r)
{
    struct rule_work *work = r->work;
    struct acl_problem problem;
    struct buf message;

    enum err err = acl_rule_compile(&r->text, &work->compiled, &problem);
    if (err == ERR_NONE)
        return;
    if (err != ERR_INVALID_VALUE) {
        work->err = err;
        return;
    }
    buf_init_arena(&message, &work->memory, MESSAGE_MAX, MESSAGE_MAX);
    if (problem.entry != ACL_ENTRIES && r->text.operation == ACL_REGEXP) {
        buf_cstr(&message, "At byte ");
        buf_u64(&message, problem.offset);
        buf_cstr(&message, ": ");
    }
    buf_cstr(&message, problem.text);
    if (problem.entry == ACL_ENTRIES)
        field_errors_add(&work->errors, ERR_INVALID_VALUE, known[RULE_ENTRIES].name,
                         buf_view(&message));
    else
        refuse_entry(r, problem.entry, ERR_INVALID_VALUE, buf_view(&message));
}

/* Names of fields that are not known may stand in what goes now. */
static void keep_errors(struct rule_work *work)
{
    for (size_t i = 0; i < work->errors.count; i++) {
        struct str *field = &work->errors.items[i].field;
        *field = arena_str(&work->memory, *field);
        if (field->ptr == NULL)
            work->err = ERR_FAULT_MEMORY;
    }
}

/* How many entries a stored text has: its strings' quotes, where none is escaped. */
static size_t count_entries(struct str text)
{
    size_t quotes = 0;

    for (size_t i = 0; i < text.len; i++) {
        quotes += text.ptr[i] == '"';
        i += text.ptr[i] == '\\';
    }
    return quotes / 2;
}

static void digest_both(struct rule_work *work, const struct reading *r)
{
    if (work->before != NULL)
        work->was = digest_of(work->before->entries, count_entries(work->before->entries));
    work->is = digest_of(work->after.entries, r->text.entry_count);
}

static void judge(struct reading *r, const struct json_value *object)
{
    struct rule_work *work = r->work;

    body_check(work->exchange, object, work->verb, known, RULE_ATTRIBUTES, &work->errors, &r->body);
    if (work->errors.count > 0)
        return;
    work->after = work->before != NULL ? *work->before : (struct acl_rule_row){.name = STR("N/A")};
    read_name(r);
    read_field(r);
    read_operation(r);
    read_quantifier(r);
    read_entries(r);
    if (work->err != ERR_NONE || work->errors.count > 0 || !differs(work))
        return;
    if (!stays_compiled(work))
        compile(r);
    digest_both(work, r);
}

static struct rule_work *work_of(struct pool_job *job)
{
    return (struct rule_work *)((char *)job - offsetof(struct rule_work, job));
}

static void read_body(struct pool_job *job)
{
    struct rule_work *work = work_of(job);
    struct reading r = {.work = work};
    const struct json_value *object;

    arena_init(&r.scratch, NULL, 0, LIMIT_ARENA_RULE);
    work->err = json_parse_object(&r.scratch, work->exchange->request.body, &limits, &object,
                                  &work->json_error);
    if (work->err == ERR_NONE)
        judge(&r, object);
    keep_errors(work);
    arena_reset(&r.scratch);
}

static void read_deleted(struct pool_job *job)
{
    struct rule_work *work = work_of(job);
    work->was = digest_of(work->before->entries, count_entries(work->before->entries));
}

static void work_done(struct pool_job *job)
{
    exchange_resume(work_of(job)->exchange);
}

enum step_result rule_work_begin(struct exchange *x, struct rule_work *work, bool is_delete)
{
    rule_work_end(work);
    arena_init(&work->memory, NULL, 0, KEPT_MAX);
    work->exchange = x;
    work->err = ERR_NONE;
    work->errors.count = 0;
    work->job = (struct pool_job){
        .loop = x->worker->loop,
        .work = is_delete ? read_deleted : read_body,
        .done = work_done,
    };
    exchange_hold(x);
    if (pool_submit(x->worker->server->compiler, &work->job))
        return STEP_WAIT;
    metrics_add(&x->worker->metrics, METRIC_HTTP_OVERLOADED, 1);
    return exchange_refuse(x, ERR_OVERLOADED, STR_NONE);
}

void rule_work_end(struct rule_work *work)
{
    acl_rule_unref(&work->compiled);
    if (work->exchange != NULL)
        arena_reset(&work->memory);
}
