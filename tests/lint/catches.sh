#!/usr/bin/env bash
# A lint that finds nothing may be one that looks at nothing: plants one breach of each rule in a
# small tree of its own, and compares what scripts/lint says of it line by line.
set -eu
scripts=$(cd "$(dirname "$0")/../../scripts" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

mkdir -p "$tree"/{scripts,src/{config,core,jose,revocation,odd},tests,extra}
cp "$scripts"/{lint,lint.awk,layers.txt,spec-coverage} "$scripts/../.clang-format" "$tree/scripts"
mv "$tree/scripts/.clang-format" "$tree"
cd "$tree"

cat >src/config/a.c <<'C'
#include "b.h"
#include "config/b.h"
#include "core/x.h"
#include "jose/x.h"
#include "json/x.h"
#include "nowhere/x.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <yaml.h>
/* time( in a comment, memcmp(secret, as well */
int f(void)
{
    const char *s = "time(NULL) /* no comment", c = '"';
    x->time(0);
    my_time(0);
    time(0);
    e = getenv("X");
    strcpy(a, b); // strcat(
    if (memcmp(secret, other, 3) == 0)
        return str_eq(q, STR("secret"));
    return strcmp(user_password, "x");
}
C
cat >src/core/b.c <<'C'
int f(void)
{
    return clock_gettime(0) + getenv("X") + time(0);
}
C
cat >src/revocation/r.c <<'C'
#include <hiredis/hiredis.h>
void g(void)
{
    redisCommand(c, "GET %b", k, n);
    redisCommand(c, text);
    redisAsyncCommand(c, f(a, b), NULL, /* a call of two lines */
                      "SET %b", k, n);
    redisAsyncCommand(c, f(a, b), NULL, /* likewise */
                      user, k, n);
    redisAsyncCommandArgv(c, f, NULL, 3, argv, lens);
    redisvCommand(c, "x", ap);
}
/* THREATS-76 P4 RFC7662-2.2 RFC7662-2 8414-3.1-a F-02 */
C
echo 'struct bad never_declared(struct bad_too *);' >src/core/bad.h
echo '#include <jwt.h>' | tee src/jose/inbound.c >src/jose/other.c
echo 'int  y;' >src/odd/w.c
seq -f 'int v%g;' 601 >tests/long.c
{ printf 'void big(void)\n{\n' && yes '    x();' | head -n 61 && echo '}'; } >tests/big.c
{ printf 'void most(void)\n{\n' && yes '    x();' | head -n 60 && echo '}'; } >tests/most.c
echo '/* THREATS_76, Test(x, refuses_8414_3_1_a) RFC7662_2_2_x XP4 */' >tests/t.c
touch extra/file
git init -q . && git add -A

cat >expected <<'C'
extra:1: top: the top level holds only the agreed parts
src/config/a.c:1: format: run clang-format -i on the file
src/config/a.c:1: layer: "b.h": write it as "layer/file.h"
src/config/a.c:4: layer: config may not include jose: it stands above it in scripts/layers.txt
src/config/a.c:5: layer: config may not include json: it stands beside it in scripts/layers.txt
src/config/a.c:6: layer: "nowhere/x.h": no such layer
src/config/a.c:7: vendor: <openssl/evp.h> only in crypto
src/config/a.c:16: call: time() is not used here; take a struct clock
src/config/a.c:17: call: getenv() is not used here; app hands on what others need
src/config/a.c:18: call: strcpy() is not used here; write with buf or snprintf, start no shell
src/config/a.c:19: secret: compare secrets with ct_equal()
src/config/a.c:21: secret: compare secrets with ct_equal()
src/core/bad.h:1: header: 'struct bad_too' declared inside parameter list will not be visible outside of this definition or declaration [-Werror]
src/jose/other.c:1: vendor: <jwt.h> only in jose/inbound.c
src/odd/w.c:1: format: run clang-format -i on the file
src/odd/w.c:1: layer: folder odd is not in scripts/layers.txt
src/revocation/r.c:5: redis: redisCommand() needs a literal format, or use the argv API
src/revocation/r.c:8: redis: redisAsyncCommand() needs a literal format, or use the argv API
src/revocation/r.c:11: redis: redisvCommand() needs a literal format, or use the argv API
src/revocation/r.c:13: coverage: F-02 is cited here and by no test
src/revocation/r.c:13: coverage: P4 is cited here and by no test
src/revocation/r.c:13: coverage: RFC7662-2 is cited here and by no test
tests/big.c:2: length: a function of 61 lines; at most 60
tests/long.c:601: length: the file has more than 600 lines
C

status=0
scripts/lint >said 2>/dev/null || status=$?
diff expected said
[ "$status" -eq 1 ] || { echo "lint ended with $status on a tree with findings"; exit 1; }

rm -r extra src tests expected said && git add -A && mkdir src tests
scripts/lint || { echo "lint finds something in an empty tree"; exit 1; }
