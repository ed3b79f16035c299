/* Memory that is not there for some: the program itself, or one of the libraries that cope with it.
 * Who asks is told by where the call comes from. libh2o aborts without memory, and the loader and
 * libc are not ours to judge: they always get theirs. */
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"

enum { CODES_MAX = 32 };

static struct code {
    uintptr_t begin, end;
    int64_t place;
} codes[CODES_MAX];
static size_t code_count;

static int64_t place_of_object(const char *name)
{
    static const struct {
        const char *name;
        int64_t place;
    } known[] = {{"libsqlite3.", FAULTS_SQLITE},
                 {"libhiredis.", FAULTS_HIREDIS},

                 {"libcrypto.", FAULTS_OPENSSL},
                 {"libssl.", FAULTS_OPENSSL}};

    if (name[0] == '\0')
        return FAULTS_PROGRAM;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strstr(name, known[i].name) != NULL)
            return known[i].place;
    return 0;
}

static int note_code(struct dl_phdr_info *object, size_t size, void *context)
{
    int64_t place = place_of_object(object->dlpi_name);

    (void)size;
    (void)context;
    for (int i = 0; i < object->dlpi_phnum && place != 0 && code_count < CODES_MAX; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        uintptr_t begin = object->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0)
            codes[code_count++] = (struct code){begin, begin + part->p_memsz, place};
    }
    return 0;
}

__attribute__((constructor)) static void note_codes(void)
{
    dl_iterate_phdr(note_code, NULL);
}

static int64_t place_of_code(const void *address)
{
    for (size_t i = 0; i < code_count; i++)
        if ((uintptr_t)address >= codes[i].begin && (uintptr_t)address < codes[i].end)
            return codes[i].place;
    return 0;
}

static bool is_refused(const void *caller)
{
    if (!faults_covers(FAULTS_ALLOCATE))
        return false;
    int64_t place = place_of_code(caller);
    if (place == 0 || faults_look(FAULTS_ALLOCATE, place) == NULL)
        return false;
    errno = ENOMEM;
    return true;
}

#define CALLER __builtin_return_address(0)

EXPORTED void *malloc(size_t size)
{
    return is_refused(CALLER) ? NULL : REAL(malloc)(size);
}

EXPORTED void *calloc(size_t n, size_t size)
{
    return is_refused(CALLER) ? NULL : REAL(calloc)(n, size);
}

EXPORTED void *realloc(void *memory, size_t size)
{
    return is_refused(CALLER) ? NULL : REAL(realloc)(memory, size);
}

EXPORTED void *reallocarray(void *memory, size_t n, size_t size)
{
    return is_refused(CALLER) ? NULL : REAL(reallocarray)(memory, n, size);
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size)
{
    return is_refused(CALLER) ? NULL : REAL(aligned_alloc)(alignment, size);
}

EXPORTED int posix_memalign(void **out, size_t alignment, size_t size)
{
    return is_refused(CALLER) ? ENOMEM : REAL(posix_memalign)(out, alignment, size);
}
