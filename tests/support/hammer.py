"""wrk with one kind of request, until so many were answered: a million take a minute, from Python an hour."""

import math
import os
import re
import subprocess
import urllib.parse

from testbed import ROOT

CONNECTIONS = 8


def hammer(bed, path, client, forms, count):
    """The forms in turn, over kept connections, at least count times; how often. Each answer is 200."""
    file = bed.state / "forms"
    file.write_text("".join(urllib.parse.urlencode(form) + "\n" for form in forms))
    variables = {**os.environ, "PATH_ASKED": path, "AUTHORIZATION": client.basic, "BODIES": str(file), "CYCLE": "1"}
    done, seconds = 0, 1
    while done < count:
        output = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s",
             str(ROOT / "tests/bench/load.lua"), bed.issuer], env=variables, capture_output=True, text=True,
            check=True).stdout
        answers, errors = map(int, re.search(r"RESULT (\d+) (\d+)", output).groups())
        assert answers > 0 and errors == 0, output
        done += answers
        seconds = min(60, math.ceil((count - done) / (answers / seconds))) or 1
    file.unlink()
    return done
