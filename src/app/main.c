#include "app/serve.h"
#include "cli/cli.h"

#include <unistd.h>

int main(int argc, char **argv)
{
    static const struct cli_program program = {.serve = serve};
    return cli_main(argc, argv, environ, &program);
}
