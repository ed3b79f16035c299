"""The commands as a shell runs them, that has never heard of Scopemint but for what it is given."""

import json
import subprocess

from testbed import binary, environment

OK, FAILED, USAGE, CONFIG, IN_USE, REFUSED, UNAUTHORISED, NOT_FOUND, UNAVAILABLE = range(9)


def clean(**more):
    """The variables of a shell that has never heard of Scopemint."""
    variables = {name: value for name, value in environment().items() if not name.startswith("SCOPEMINT_")}
    return {**variables, "HOME": "/nonexistent", **more}


def run(*arguments, stdin="", **variables):
    return subprocess.run([binary(), *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=60,
                          check=False, env=clean(**variables))


class Cli:
    """The commands as one application."""

    def __init__(self, bed, client):
        self.variables = {"SCOPEMINT_SERVER": bed.issuer, "SCOPEMINT_CLIENT_ID": client.client_id,
                          "SCOPEMINT_CLIENT_SECRET": client.client_secret}

    def run(self, *arguments, **more):
        return run(*arguments, **{**self.variables, **more})

    def json(self, *arguments, **more):
        result = self.run(*arguments, **more)
        assert result.returncode == OK, result.stderr
        return json.loads(result.stdout)

    def refused(self, *arguments, status=REFUSED, **more):
        result = self.run(*arguments, **more)
        assert result.returncode == status, result.stderr + result.stdout
        assert result.stdout == "" and all(line.startswith("scopemint: ") for line in result.stderr.splitlines())
        return result.stderr
