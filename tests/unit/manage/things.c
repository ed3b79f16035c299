#include "unit/manage/things.h"

static const struct attribute attributes[THING_ATTRIBUTES] = {
    [THING_NAME] = {STR_INIT("name"), ATTRIBUTE_TEXT, .indexed = true},
    [THING_SIZE] = {STR_INIT("size"), ATTRIBUTE_INT, .indexed = true},
    [THING_GOOD] = {STR_INIT("good"), ATTRIBUTE_BOOL, .indexed = true},
    [THING_MADE] = {STR_INIT("made"), ATTRIBUTE_TIME, .indexed = true},
    [THING_SID] = {STR_INIT("sid"), ATTRIBUTE_SID, .indexed = true},
    [THING_NOTE] = {STR_INIT("note"), ATTRIBUTE_TEXT},
    [THING_SECRET] = {STR_INIT("secret"), ATTRIBUTE_TEXT},
    [THING_OWNER] = {STR_INIT("owner"), ATTRIBUTE_OTHER, .related = true},
};

const struct object_kind thing_kind = {attributes, THING_ATTRIBUTES, THING_NAME, false};
const struct object_kind thing_kind_with_status = {attributes, THING_ATTRIBUTES, THING_SID, true};

const struct thing things[] = {
    {"delta", 4, true}, {"alpha", 3, true},    {"echo", -1, false},  {"bravo", 3, false},
    {"golf", 9, true},  {"charlie", -1, true}, {"foxtrot", 3, true}, {"100%", 0, false},
    {"a%b", 0, false},  {"", 1, true},
};
const size_t thing_count = sizeof(things) / sizeof(things[0]);

void thing_value(const void *context, size_t row, unsigned attribute, struct attribute_value *out)
{
    (void)context;
    switch ((enum thing_attribute)attribute) {
    case THING_NAME:
        out->text = str_from(things[row].name);
        break;
    case THING_SIZE:
        out->absent = things[row].size < 0;
        out->number = things[row].size;
        break;
    case THING_GOOD:
        out->number = things[row].good;
        break;
    case THING_MADE:
    case THING_SID:
    case THING_NOTE:
    case THING_SECRET:
    case THING_OWNER:
    case THING_ATTRIBUTES:
        out->absent = true;
        break;
    }
}
