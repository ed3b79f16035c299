"""The three kinds of request against what the HTTP library, a signature and a row cost by themselves."""

import subprocess

from forge import Forger
from load import (BUILD, ROOT, SCOPES, SERVER_CORE, FreshJob, bare_server, interleave, issue_job, median, seen_job,
                  server)
from report import Bar, at_least, show_samples

TOKENS_S = 25_000  # never seen ones: more than a core introspects


def costs(folder):
    """Microseconds of CPU of an ES256 signature, its verification, and a token row."""
    schemas = sorted((ROOT / "src/store/schema").glob("*.sql"))
    output = subprocess.run(["taskset", "-c", SERVER_CORE, BUILD / "bench_costs", folder / "costs.db", *schemas],
                            capture_output=True, text=True, check=True)
    for path in folder.glob("costs.db*"):
        path.unlink()
    return dict(zip(("sign", "verify", "row"), map(float, output.stdout.split())))


def run(bed, folder, rounds, seconds):
    answer = bed.token(bed.app, scope=SCOPES)
    introspection = bed.introspection(answer.json["access_token"])
    fresh = FreshJob("introspection, token never seen", "/oauth/introspect", bed.resource_server.basic, Forger(bed),
                     folder / "bodies", int(seconds * TOKENS_S))
    jobs = [seen_job(bed), fresh, issue_job(bed)]
    cost = []
    with bare_server(len(introspection.body), len(answer.body)) as bare:
        samples = interleave(rounds, {
            **{(job.name, target.name): lambda job=job, target=target: target.measure(job, seconds)
               for job in jobs for target in (bare, server(bed))},
            "costs": lambda: cost.append(costs(folder))})
    del samples["costs"]
    (folder / "bodies").unlink()
    cost = {name: median(cost[1:], name) for name in cost[0]}
    print(f"Costs by themselves (µs of CPU): ES256 sign {cost['sign']:.1f}, verify {cost['verify']:.1f}, "
          f"SQLite row {cost['row']:.1f}.\n")
    show_samples(samples)
    return bars(jobs, samples, [(0, 0.85), (cost["verify"], 0.80), (cost["sign"] + cost["row"], 0.75)])


def bars(jobs, samples, limits):
    result = []
    for job, (extra, bar) in zip(jobs, limits):
        limit = median(samples[job.name, "bare"], "cpu_us") + extra
        ours = median(samples[job.name, "scopemint"], "cpu_us")
        result.append(at_least(f"{job.name}: limit / ours", limit / ours, bar, f" ({limit:.1f} / {ours:.1f} µs)"))
    tail = median(samples[jobs[0].name, "scopemint"], "p99_us") / median(samples[jobs[0].name, "bare"], "p99_us")
    return result + [Bar("p99 of a seen token, as fast as wrk can: ours / bare", f"{tail:.2f}", "≤ 1.5", tail <= 1.5)]
