"""What people do on a host through their daemon: commands, files, jobs. A process beside the runner: nothing of it waits for a judge."""
