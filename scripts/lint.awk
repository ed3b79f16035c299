# The rules of scripts/lint that read C text: includes against layers.txt, calls that are not used
# here, secrets compared in the open, lengths. Prints "file:line: rule: text" for each finding.
# Usage: awk -v layers=scripts/layers.txt -f scripts/lint.awk FILE...

BEGIN {
    FILE_LINES = 600
    FUNCTION_LINES = 60
    while ((getline row < layers) > 0)
        read_layers(row)
    bar("strcpy strcat sprintf vsprintf strtok system popen alloca gets", "", "write with buf or snprintf, start no shell")
    bar("time gettimeofday clock_gettime", "core", "take a struct clock")
    bar("rand srand rand_r random srandom drand48", "core", "take a struct entropy")
    bar("getenv secure_getenv setenv putenv", "core app", "app hands on what others need")
    # Which argument of a hiredis call is its format; 0: such a call cannot be checked at all.
    split("redisCommand 2 redisAppendCommand 2 redisAsyncCommand 4 " \
          "redisvCommand 0 redisvAppendCommand 0 redisvAsyncCommand 0 redisvFormatCommand 0", pair, " ")
    for (p = 1; p in pair; p += 2)
        format_of[pair[p]] = pair[p + 1] + 0
}

function read_layers(row,    word, n, i) {
    sub(/#.*/, "", row)
    n = split(row, word, " ")
    if (n == 1 && (word[1] == "layers" || word[1] == "vendor")) {
        part = word[1]
        return
    }
    if (n > 0 && part == "layers")
        rows++
    for (i = 1; i <= n && part == "layers"; i++)
        rank[word[i]] = rows
    for (i = 2; i <= n && part == "vendor"; i++)
        vendor[word[1]] = vendor[word[1]] " " word[i] " "
}

function bar(names, folders, remedy,    word, n, i) {
    n = split(names, word, " ")
    for (i = 1; i <= n; i++) {
        barred[word[i]] = remedy
        barred_but[word[i]] = " " folders " "
    }
}

function say(rule, text, line) {
    printf "%s:%d: %s: %s\n", FILENAME, line ? line : FNR, rule, text
}

FNR == 1 {
    in_comment = 0
    call = ""
    opened = 0
    in_src = FILENAME ~ /^src\//
    layer = path_in_src = ""
    if (in_src) {
        path_in_src = substr(FILENAME, 5)
        layer = path_in_src
        sub(/\/.*/, "", layer)
        if (!(layer in rank))
            say("layer", "folder " layer " is not in " layers)
    }
}

# The line without comments, its strings emptied.
function code_of(line,    out, at, token) {
    while (line != "") {
        if (in_comment) {
            at = index(line, "*/")
            if (!at)
                return out
            in_comment = 0
            line = substr(line, at + 2)
        } else if (!match(line, /\/\*|\/\/|"|'/)) {
            return out line
        } else {
            token = substr(line, RSTART, RLENGTH)
            out = out substr(line, 1, RSTART - 1)
            line = substr(line, RSTART)
            if (token == "//")
                return out
            if (token == "/*") {
                in_comment = 1
                line = substr(line, 3)
            } else if (match(line, token == "\"" ? "^\"([^\"\\\\]|\\\\.)*\"" : "^'([^'\\\\]|\\\\.)*'")) {
                out = out token token
                line = substr(line, RLENGTH + 1)
            } else {
                return out
            }
        }
    }
    return out
}

function check_own_include(name,    target) {
    target = name
    if (!sub(/\/.*/, "", target))
        say("layer", "\"" name "\": write it as \"layer/file.h\"")
    else if (!(target in rank))
        say("layer", "\"" name "\": no such layer")
    else if (target != layer && rank[target] <= rank[layer])
        say("layer", layer " may not include " target ": it stands " \
            (rank[target] == rank[layer] ? "beside" : "above") " it in " layers)
}

function trimmed(text) {
    gsub(/^ +| +$/, "", text)
    return text
}

function check_vendor_include(name,    prefix) {
    for (prefix in vendor)
        if (index(name, prefix) == 1 && !index(vendor[prefix], " " layer " ") &&
            !index(vendor[prefix], " " path_in_src " "))
            say("vendor", "<" name "> only in " trimmed(vendor[prefix]))
}

function check_include(line,    name) {
    name = line
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
    if (name ~ /^"/) {
        sub(/^"/, "", name)
        sub(/".*/, "", name)
        check_own_include(name)
    } else {
        sub(/^</, "", name)
        sub(/>.*/, "", name)
        check_vendor_include(name)
    }
}

# Every NAME( that is a call by that very name: no member, no longer word.
function check_calls(code,    rest, before, name) {
    rest = code
    before = ""
    while (match(rest, /[A-Za-z_][A-Za-z0-9_]*[ ]*\(/)) {
        before = before substr(rest, 1, RSTART - 1)
        name = substr(rest, RSTART, RLENGTH - 1)
        sub(/ +$/, "", name)
        if ((name in barred) && before !~ /(\.|->)$/ && !index(barred_but[name], " " layer " "))
            say("call", name "() is not used here; " barred[name])
        if (name in format_of && call == "") {
            call = substr(rest, RSTART)
            call_name = name
            call_line = FNR
        }
        before = before substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
    }
}

# THREATS-12: where a secret is compared, the time taken must not say how much of it was right.
function check_secret(code) {
    if (code ~ /(^|[^A-Za-z0-9_])(memcmp|strcmp|strncmp|strcasecmp|strncasecmp|str_eq|str_eq_nocase|str_compare)\(/ &&
        code ~ /(secret|digest|password)/)
        say("secret", "compare secrets with ct_equal()")
}

# THREATS-76: a call may run over lines; once its parentheses balance, its format must be a literal.
function check_format(code, fresh,    i, c, depth, argument, text) {
    if (!fresh)
        call = call " " code
    argument = 1
    for (i = 1; i <= length(call); i++) {
        c = substr(call, i, 1)
        if (c == "(" && ++depth == 1)
            continue
        if (c == ")" && --depth == 0)
            break
        if (c == "," && depth == 1)
            argument++
        else if (argument == format_of[call_name] && depth > 0)
            text = text c
    }
    if (i > length(call))
        return
    sub(/^ +/, "", text)
    if (text !~ /^"/)
        say("redis", call_name "() needs a literal format, or use the argv API", call_line)
    call = ""
}

function check_lengths(line) {
    if (FNR == FILE_LINES + 1)
        say("length", "the file has more than " FILE_LINES " lines")
    if (line == "{")
        opened = FNR
    if (line == "}" && opened) {
        if (FNR - opened - 1 > FUNCTION_LINES)
            say("length", "a function of " FNR - opened - 1 " lines; at most " FUNCTION_LINES, opened)
        opened = 0
    }
}

{
    check_lengths($0)
    if (in_src && !in_comment && $0 ~ /^[ \t]*#[ \t]*include/)
        check_include($0)
    code = code_of($0)
    if (in_src) {
        was = call
        check_calls(code)
        check_secret(code)
        if (call != "")
            check_format(code, was == "")
    }
}
