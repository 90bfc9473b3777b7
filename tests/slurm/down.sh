#!/usr/bin/env bash
# Stop the SLURM that tests/slurm/up.sh started, with its jobs, and remove what it wrote.
set -uo pipefail

marker="# Made by tests/slurm/up.sh, removed by tests/slurm/down.sh."
conf=/etc/slurm/slurm.conf
base=/var/tmp/peierls-slurm

[ -e $conf ] || exit 0
if ! grep -qxF "$marker" $conf; then
    echo "$conf belongs to this site and stays as it is" >&2
    exit 0
fi

# Stop the process of a pid file, and wait until it is gone.
stop() {
    [ -f "$1" ] || return 0
    local pid
    pid=$(cat "$1")
    kill "$pid" 2> /dev/null
    for _ in $(seq 100); do
        kill -0 "$pid" 2> /dev/null || break
        sleep 0.1
    done
    rm -f "$1"
}

timeout 10 scancel --user="$(id -un)" 2> /dev/null
for _ in $(seq 50); do
    [ -z "$(timeout 5 squeue --noheader 2> /dev/null)" ] && break
    sleep 0.2
done
stop $base/slurmd.pid
stop $base/slurmctld.pid
[ -f $base/munge-is-ours ] && stop /run/munge/munged.pid
rm -rf $conf $base
