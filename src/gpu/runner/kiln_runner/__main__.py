"""Entry point: `python3 runner.pyz COMMAND …`, or `python3 -m kiln_runner COMMAND …` from the source folder."""
import importlib
import os
import sys

# Imported one at a time: a judge must not pay for the server's modules, nor load what the server loads.
COMMANDS: dict[str, str] = {
    "serve": "kiln_runner.serve", "attach": "kiln_runner.bridge",
    "start": "kiln_runner.start", "stop": "kiln_runner.stop", "inventory": "kiln_runner.host.inventory", "judge": "kiln_runner.judge.main",
    "hostwork": "kiln_runner.hostwork.begin", "hostwork-attach": "kiln_runner.hostwork.attach",
    "hostwork-serve": "kiln_runner.hostwork.serve", "hostwork-job": "kiln_runner.hostwork.supervisor",
    "watch": "kiln_runner.watch.reader", "simulated-judge": "kiln_runner.simulated_judge", "try-problem": "kiln_runner.judge.trial",
    "profile": "kiln_runner.profile.main", "profile-launch": "kiln_runner.profile.launch",
    "compile-worker": "kiln_runner.compile.worker",
    "triton-worker": "kiln_runner.compile.triton_worker", "program-zygote": "kiln_runner.programs.zygote",
    "program-worker": "kiln_runner.programs.build", "program-environment": "kiln_runner.programs.environment_probe",
}
# Children of the server: none of them may outlive it. What `profile` starts ends with it by its own means.
CHILDREN = (
    "judge", "watch", "try-problem", "simulated-judge", "compile-worker", "triton-worker", "inventory",
    "program-zygote", "program-worker", "program-environment",
)


def main(argv: list[str]) -> int:
    if not argv or argv[0] not in COMMANDS:
        sys.stderr.write(f"usage: runner COMMAND …, where COMMAND is one of {', '.join(COMMANDS)}\n")
        return 2
    # For all that it starts: what files are called and hold does not depend on a locale.
    os.environ["PYTHONUTF8"] = "1"
    if argv[0] in CHILDREN:
        from kiln_runner.parent_death import die_with_parent

        die_with_parent()
    return importlib.import_module(COMMANDS[argv[0]]).run(argv[1:]) or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
