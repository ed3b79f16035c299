# shellcheck shell=bash
# What the scripts beside this file share: messages, steps, the build, a private Redis, waiting for readiness.
# Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# All we talk to is on this machine, whatever proxy leads out of it.
export no_proxy="${no_proxy:+$no_proxy,}127.0.0.1" NO_PROXY="${NO_PROXY:+$NO_PROXY,}127.0.0.1"

# begin_steps DIR: a new folder for what steps leave behind, $out, and the list of them, $steps.
begin_steps() {
    out=$1
    steps=$out/steps.tsv
    rm -rf "$out"
    require_writable "$out"
    : >"$steps"
}

say() { printf '%s\n' "$*" >&2; }

die() {
    say "${0##*/}: $*"
    exit 1
}

# give_help "$@": where --help or -h is asked for, says what stands at the head of the script, and ends.
give_help() {
    case " $* " in *" --help "* | *" -h "*)
        sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
        exit ;;
    esac
}

# require_writable DIR: makes it where it is not there.
require_writable() {
    mkdir -p "$1" 2>/dev/null || true
    [ -w "$1" ] || die "$(id -un) may not write to $1; clone the project into a folder of your own, and run it there"
}

# step NAME COMMAND...: runs it with its output in $out/NAME.log, notes how it ended in $steps, goes on either way.
step() {
    local name=$1 log=$out/$1.log begin=$SECONDS
    shift
    say "$(date +%T): $name"
    "$@" >"$log" 2>&1 </dev/null
    note "$name" $? $((SECONDS - begin)) || {
        tail -n 40 "$log" >&2
        return 1
    }
}

# note NAME STATUS SECONDS: a step that has ended.
note() {
    local result=passed
    [ "$2" -eq 0 ] || result=failed
    printf '%s\t%s\t%d\n' "$1" "$result" "$3" >>"$steps"
    say "$result: $1 ($3 s)"
    return "$2"
}

# configure DIR [MESON OPTION...]: once; afterwards ninja itself notices what changed. Speaks only of failure.
configure() {
    local dir=$1 output
    shift
    [ -f "$dir/build.ninja" ] && return
    output=$(meson setup "$@" "$dir" "$root" 2>&1) || {
        say "$output"
        return 1
    }
}

# The release build (-O2, optimized across files, with debug information) of the server alone: unit tests wrap functions
# that would be gone. Locked: two scripts may be started at once.
build_server() {
    require_writable "$root/build"
    (
        flock 9
        { configure "$root/build" --buildtype=debugoptimized -Db_lto=true &&
            ninja --quiet -C "$root/build" src/app/scopemint | sed '/^ninja: no work to do/d'; } >&2
    ) 9>"$root/build/.lock"
}

# socket_path DIR: where a unix socket for DIR goes. sun_path holds 107 bytes, a state folder may be deeper.
socket_path() {
    local path=$1/redis.sock
    if [ ${#path} -gt 100 ]; then
        path=$(mktemp -d "${TMPDIR:-/tmp}/scopemint.XXXXXX")/redis.sock
    fi
    printf '%s\n' "$path"
}

# start_redis DIR SOCKET: no port, nothing kept on disk; sets redis_pid, a child that dies with this shell.
start_redis() {
    local dir=$1 socket=$2
    rm -f "$socket"
    setpriv --pdeathsig TERM redis-server --port 0 --unixsocket "$socket" --unixsocketperm 700 \
        --save '' --appendonly no --rdbcompression no --dir "$dir" --logfile "$dir/redis.log" \
        --daemonize no >/dev/null 2>&1 &
    redis_pid=$!
    for _ in $(seq 200); do
        [ -S "$socket" ] && redis-cli -s "$socket" ping >/dev/null 2>&1 && return
        kill -0 "$redis_pid" 2>/dev/null || break
        sleep 0.02
    done
    die "Redis did not start; see $dir/redis.log"
}

# start_server BINARY LOG ARGUMENT...: sets server_pid, a child that dies with this shell, and log_before, the bytes of
# the log that earlier ones wrote.
start_server() {
    local binary=$1 log=$2
    shift 2
    log_before=$(stat -c %s "$log" 2>/dev/null || printf 0)
    setpriv --pdeathsig TERM "$binary" serve "$@" >>"$log" 2>&1 &
    server_pid=$!
}

# wait_ready ADMIN_URL LOG: until the server says so; ends the script when the server died before.
wait_ready() {
    local url=$1/readyz log=$2
    for _ in $(seq 600); do
        curl -fsS -o /dev/null --max-time 2 "$url" 2>/dev/null && return
        if ! kill -0 "$server_pid" 2>/dev/null; then
            tail -c "+$((log_before + 1))" "$log" | tail -n 20 >&2
            die "the server ended before it was ready; its log is $log"
        fi
        sleep 0.05
    done
    die "the server was not ready after 30 seconds; its log is $log"
}

# require_free_port PORT
require_free_port() {
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
        die "port $1 on 127.0.0.1 is in use; stop what listens there (ss -ltnp 'sport = :$1' names it) and try again"
    fi
}

# stop PID: asks, waits, says how it ended. A pid that is empty or gone is fine.
stop() {
    [ -n "${1:-}" ] || return 0
    kill -TERM "$1" 2>/dev/null || true
    local status=0
    wait "$1" 2>/dev/null || status=$?
    # 127: not ours any more, so it ended before
    [ "$status" -eq 127 ] && status=0
    return "$status"
}
