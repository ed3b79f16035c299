#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/log.h"

TestSuite(core_log);

static int pipe_ends[2], stderr_kept;

static void capture_begin(void)
{
    cr_assert_eq(pipe(pipe_ends), 0);
    stderr_kept = dup(STDERR_FILENO);
    dup2(pipe_ends[1], STDERR_FILENO);
}

static struct str capture_end(void)
{
    static char text[8192];
    dup2(stderr_kept, STDERR_FILENO);
    close(stderr_kept);
    close(pipe_ends[1]);
    size_t len = 0;
    for (ssize_t n; (n = read(pipe_ends[0], text + len, sizeof(text) - len)) > 0;)
        len += (size_t)n;
    close(pipe_ends[0]);
    return str_make(text, len);
}

Test(core_log, a_line_is_one_json_object)
{
    struct sid sid;
    cr_assert(sid_parse(STR("018f0000-0000-7000-8000-00000000002a"), &sid));
    capture_begin();
    LOG(LOG_WARN, "key_retired", LF_CSTR("kid", "a\n\"b\""), LF_INT("count", -3),
        LF_BOOL("again", true), LF_SID("token_sid", sid), LF_ERR(ERR_FAULT_STORE));
    struct str line = capture_end();
    cr_assert(str_starts_with(line, STR("{\"time\":\"20")));
    cr_assert(str_ends_with(
        line, STR("Z\",\"level\":\"warn\",\"event\":\"key_retired\",\"kid\":\"a\\n\\\"b\\\"\","
                  "\"count\":-3,\"again\":true,"
                  "\"token_sid\":\"018f0000-0000-7000-8000-00000000002a\","
                  "\"code\":\"FAULT_STORE\"}\n")));
    cr_assert_eq(str_find(line, '\n'), line.len - 1);
}

Test(core_log, a_long_line_loses_its_last_fields_and_stays_json)
{
    char *long_text = malloc(5000);
    memset(long_text, 'x', 5000);
    capture_begin();
    LOG(LOG_ERROR, "long", LF_INT("kept", 1), LF_STR("lost", str_make(long_text, 5000)),
        LF_INT("also_lost", 2));
    struct str line = capture_end();
    cr_assert_leq(line.len, 4096);
    cr_assert(str_ends_with(line, STR("\"event\":\"long\",\"kept\":1}\n")));
    free(long_text);
}

Test(core_log, what_lies_below_the_level_is_not_written)
{
    capture_begin();
    log_set_level(LOG_ERROR);
    LOG(LOG_WARN, "unseen", LF_INT("n", 1));
    log_set_level(LOG_DEBUG);
    LOG(LOG_DEBUG, "seen", LF_INT("n", 1));
    log_set_level(LOG_INFO);
    LOG(LOG_DEBUG, "unseen", LF_INT("n", 1));
    struct str text = capture_end();
    cr_assert_eq(str_find(text, '\n'), text.len - 1, "one line");
    cr_assert(str_ends_with(text, STR("\"event\":\"seen\",\"n\":1}\n")));
    cr_assert(!log_enabled(LOG_DEBUG) && log_enabled(LOG_INFO) && log_enabled(LOG_ERROR));
}

Test(core_log, levels_have_names)
{
    enum log_level level = LOG_DEBUG;
    cr_assert(log_parse_level(STR("error"), &level) && level == LOG_ERROR);
    cr_assert(log_parse_level(STR("warn"), &level) && level == LOG_WARN);
    cr_assert(log_parse_level(STR("info"), &level) && level == LOG_INFO);
    cr_assert(log_parse_level(STR("debug"), &level) && level == LOG_DEBUG);
    cr_assert(!log_parse_level(STR("Error"), &level) && !log_parse_level(STR(""), &level));
    cr_assert_eq(level, LOG_DEBUG);
}

/* A supervisor that stops reading must not stop the server. */
Test(core_log, a_full_pipe_is_not_waited_for, .timeout = 10)
{
    char page[4096];
    capture_begin();
    for (int i = 0; i < 100000; i++) /* many times what a pipe holds */
        LOG(LOG_INFO, "filler", LF_INT("n", i));
    while (read(pipe_ends[0], page, sizeof(page)) == sizeof(page)) /* all but the last, half page */
        ;
    LOG(LOG_INFO, "after", LF_INT("n", 1));
    LOG(LOG_INFO, "later", LF_INT("n", 2));
    struct str text = capture_end();
    cr_assert(str_ends_with(text, STR("\"event\":\"later\",\"n\":2}\n")));
    text = str_slice(text, 0, str_find(text, '\n'));
    cr_assert(str_starts_with(
        str_slice(text, str_find(text, 'Z'), text.len),
        STR("Z\",\"level\":\"info\",\"event\":\"after\",\"n\":1,\"lines_lost_before\":")));
}
