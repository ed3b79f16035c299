/* What the process gives up before it has any secret. Each runs in the test's own process. */
#include <criterion/criterion.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "app/harden.h"

/* A core would hold the signing keys: none is written, not even when somebody lifts the limit of
 * the running process, nor may another process of the same user read its memory. */
Test(harden, THREATS_59_there_is_no_core_and_nobody_looks_in)
{
    struct rlimit core;

    cr_assert_eq(prctl(PR_GET_DUMPABLE), 1);
    harden_process();
    cr_assert_eq(prctl(PR_GET_DUMPABLE), 0);
    cr_assert_eq(getrlimit(RLIMIT_CORE, &core), 0);
    cr_assert(core.rlim_cur == 0 && core.rlim_max == 0);
}

Test(harden, what_it_makes_is_its_owner_s_alone)
{
    umask(0);
    harden_process();
    cr_assert_eq(umask(0), 077);
}
