#include "scope/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"

enum { FILE_MAX = 1024 * 1024 };

static const struct json_limits file_limits = {LIMIT_JSON_DEPTH, LIMIT_JSON_KEYS, 65536};

static struct str stem(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct str name = str_from(slash == NULL ? path : slash + 1);
    return str_ends_with(name, STR(".json")) ? str_slice(name, 0, name.len - 5) : name;
}

static bool read_all(int fd, char *into, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t n = read(fd, into + got, size - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

static const char *read_file(struct arena *arena, const char *path, struct str *out)
{
    struct stat facts;
    const char *problem = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a fifo must not hold us */
    if (fd < 0)
        return strerrordesc_np(errno);
    if (fstat(fd, &facts) != 0) {
        problem = strerrordesc_np(errno);
    } else if (!S_ISREG(facts.st_mode) || facts.st_size > FILE_MAX) {
        problem = "not a regular file of at most 1 MiB";
    } else {
        char *bytes = arena_alloc(arena, (size_t)facts.st_size);
        if (bytes == NULL)
            problem = "out of memory";
        else if (!read_all(fd, bytes, (size_t)facts.st_size))
            problem = "changed or failed while it was read";
        *out = str_make(bytes, (size_t)facts.st_size);
    }
    close(fd);
    return problem;
}

bool source_read(struct arena *arena, const char *path, struct scope_source *out,
                 struct buf *errors)
{
    struct scope_source source = {.name = stem(path), .path = str_from(path)};
    const char *problem = read_file(arena, path, &source.text);
    if (problem != NULL) {
        source_problem(&source, NULL, problem, STR_NONE, errors);
        return false;
    }
    *out = source;
    return true;
}

static void problem_line(const struct scope_source *source, size_t line, struct buf *errors)
{
    buf_str(errors, source->path);
    buf_char(errors, ':');
    if (line > 0) {
        buf_u64(errors, line);
        buf_char(errors, ':');
    }
    buf_char(errors, ' ');
}

const struct json_value *source_parse(struct arena *arena, const struct scope_source *source,
                                      struct buf *errors)
{
    const struct json_value *root = NULL;
    struct json_error error = {.reason = "out of memory"};

    if (json_parse(arena, source->text, &file_limits, &root, &error) != ERR_NONE) {
        problem_line(source, error.line, errors);
        buf_cstr(errors, error.reason);
        buf_char(errors, '\n');
        return NULL;
    }
    if (!json_is(root, JSON_OBJECT)) {
        source_problem(source, root, "the file is not a JSON object", STR_NONE, errors);
        return NULL;
    }
    return root;
}

void source_problem(const struct scope_source *source, const struct json_value *at,
                    const char *problem, struct str about, struct buf *errors)
{
    problem_line(source, at == NULL ? 0 : json_line(source->text, at), errors);
    buf_cstr(errors, problem);
    if (about.ptr != NULL) {
        buf_char(errors, ' ');
        buf_json(errors, about); /* escaped: it may end up on a terminal */
    }
    buf_char(errors, '\n');
}

bool source_optional_text(const struct scope_source *source, const struct json_value *object,
                          struct str key, struct str *out, struct buf *errors)
{
    if (json_find_string(object, key, out) != JSON_WRONG)
        return true;
    source_problem(source, json_member(object, key), "not a string:", key, errors);
    return false;
}

bool source_text(const struct scope_source *source, const struct json_value *object, struct str key,
                 struct str *out, struct buf *errors)
{
    if (json_member(object, key) != NULL)
        return source_optional_text(source, object, key, out, errors);
    source_problem(source, object, "missing member", key, errors);
    return false;
}

bool source_optional_list(const struct scope_source *source, const struct json_value *object,
                          struct str key, const struct json_value **out, struct buf *errors)
{
    const struct json_value *list = json_member(object, key);
    if (list != NULL && !json_is(list, JSON_ARRAY)) {
        source_problem(source, list, "not a list:", key, errors);
        return false;
    }
    *out = list;
    return true;
}

bool source_list(const struct scope_source *source, const struct json_value *object, struct str key,
                 const struct json_value **out, struct buf *errors)
{
    if (json_member(object, key) != NULL)
        return source_optional_list(source, object, key, out, errors);
    source_problem(source, object, "missing member", key, errors);
    return false;
}

bool source_known(const struct scope_source *source, const struct json_value *object,
                  const struct str *known, size_t known_count, struct buf *errors)
{
    const struct json_value *stray = json_find_unknown(object, known, known_count);
    if (stray == NULL)
        return true;
    source_problem(source, stray, "unknown member", json_key(stray), errors);
    return false;
}
