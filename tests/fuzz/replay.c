/* Runs the files of one folder, and every beginning of each, through a fuzz target. Each input is a
 * malloc of its exact size: reading one byte past it is seen by a sanitizer. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { FILE_MAX = 1 << 20, PREFIXES_MAX = 4096 };

static void run(const char *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert(copy != NULL);
    if (size > 0)
        memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static size_t run_file(const char *folder, const char *name)
{
    static char bytes[FILE_MAX];
    char path[4096];
    size_t size;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    run(bytes, size);
    for (size_t n = 0; n < size && n < PREFIXES_MAX; n++)
        run(bytes, n);
    return 1;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    size_t files = 0;

    if (folder == NULL) {
        fputs("usage: fuzz_TARGET CORPUS-FOLDER\n", stderr);
        return 2;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.')
            files += run_file(argv[1], entry->d_name);
    closedir(folder);
    printf("%zu files\n", files);
    return files > 0 ? 0 : 1;
}
