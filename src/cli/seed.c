/* See seed.h. */
#include "cli/seed.h"

#include "cli/seed_reader.h"
#include "crypto/wipe.h"
#include "json/read.h"

/* A seed is an operator's own file: longer than any request, still bounded. */
static const struct json_limits seed_limits = {.depth = 8, .keys = 64, .values = 4 * 1024 * 1024};

static const struct json_value *parse_file(struct seed_reader *reader)
{
    const struct seed_source *source = reader->source;
    const struct json_value *file = NULL;
    struct json_error error;
    enum err code = json_parse(reader->arena, source->text, &seed_limits, &file, &error);

    if (code == ERR_NONE && json_is(file, JSON_OBJECT))
        return file;
    reader->error_count++;
    if (code == ERR_FAULT_MEMORY) {
        reader->failed = true;
        return NULL;
    }
    buf_cstr(reader->errors, source->path);
    if (code != ERR_NONE) {
        buf_char(reader->errors, ':');
        buf_u64(reader->errors, error.line);
        buf_char(reader->errors, ':');
        buf_u64(reader->errors, error.column);
    }
    buf_cstr(reader->errors, ": ");
    buf_cstr(reader->errors, code != ERR_NONE ? error.reason : "must be an object");
    buf_char(reader->errors, '\n');
    return NULL;
}

static void read_all(struct seed_reader *reader)
{
    static const struct str known[] = {STR_INIT("root"), STR_INIT("admin"), STR_INIT("partners"),
                                       STR_INIT("applications")};
    const struct json_value *file = NULL;

    if (reader->source->path != NULL) {
        file = parse_file(reader);
        if (file == NULL)
            return;
    }
    struct seed_entry top = {reader, file, NULL, SIZE_MAX};
    seed_check_names(&top, known, sizeof(known) / sizeof(known[0]));
    seed_read_partners(reader, file);
    if (!reader->failed)
        seed_read_applications(reader, file);
}

bool seed_read(struct arena *arena, const struct seed_source *source, struct seed *out,
               struct buf *errors)
{
    struct seed_reader reader = {.source = source, .arena = arena, .errors = errors};

    read_all(&reader);
    if (reader.failed) {
        buf_cstr(errors, "no memory or no random bytes for the seed\n");
        reader.error_count++;
    }
    if (reader.error_count > SEED_ERRORS_MAX) {
        buf_cstr(errors, "and ");
        buf_u64(errors, reader.error_count - SEED_ERRORS_MAX);
        buf_cstr(errors, " more\n");
    }
    if (reader.error_count > 0) {
        seed_wipe(&reader.seed);
        return false;
    }
    *out = reader.seed;
    return true;
}

void seed_wipe(struct seed *seed)
{
    for (size_t i = 0; i < seed->application_count; i++)
        wipe(seed->applications[i].secret, sizeof(seed->applications[i].secret));
}
