#include "app/harden.h"
#include "app/serve.h"
#include "cli/cli.h"

#include <unistd.h>

int main(int argc, char **argv)
{
    static const struct cli_program program = {.serve = serve};

    if (!harden_standard_streams())
        return CLI_FAILED;
    return cli_main(argc, argv, environ, &program);
}
