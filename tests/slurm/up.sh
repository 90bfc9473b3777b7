#!/usr/bin/env bash
# Start a SLURM of one node, this machine, for the tests marked `slurm`: on loopback, without systemd and without
# accounting. Needs root, and Debian's packages slurm-wlm and munge, which it installs where they are missing.
# Status 77: this machine cannot have one; the reason is said.
set -euo pipefail

marker="# Made by tests/slurm/up.sh, removed by tests/slurm/down.sh."
conf=/etc/slurm/slurm.conf
base=/var/tmp/peierls-slurm

cannot() {
    echo "no SLURM for tests: $*" >&2
    exit 77
}

if [ -e $conf ] && ! grep -qxF "$marker" $conf; then
    cannot "$conf belongs to this site and stays as it is"
fi
[ "$(id -u)" = 0 ] || cannot "starting one needs root"
if ! command -v slurmctld slurmd munged sbatch > /dev/null; then
    command -v apt-get > /dev/null || cannot "slurmctld, slurmd and munged are missing, and so is apt-get"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge; } \
        > /dev/null || cannot "slurm-wlm and munge could not be installed"
fi

host=$(hostname -s)
mkdir -p $base/{state,spool,log}
install -d -o munge -g munge -m 0755 /run/munge
if [ ! -S /run/munge/munge.socket.2 ]; then
    runuser -u munge -- /usr/sbin/munged
    touch $base/munge-is-ours
fi
cat > $conf << CONF
$marker
ClusterName=peierls-test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$base/state
SlurmdSpoolDir=$base/spool
SlurmctldPidFile=$base/slurmctld.pid
SlurmdPidFile=$base/slurmd.pid
SlurmctldLogFile=$base/log/slurmctld.log
SlurmdLogFile=$base/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,bf_interval=2
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
KillWait=2
ReturnToService=2
MinJobAge=3600
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo) State=UNKNOWN
PartitionName=debug Nodes=$host Default=YES MaxTime=UNLIMITED DefMemPerCPU=500 State=UP
CONF
for daemon in slurmctld slurmd; do
    # Without a terminal's descriptors, so that nobody waits for the daemon to close them.
    [ -f $base/$daemon.pid ] && kill -0 "$(cat $base/$daemon.pid)" 2> /dev/null || /usr/sbin/$daemon < /dev/null > $base/log/$daemon.out 2>&1
done
for _ in $(seq 300); do
    [ "$(sinfo -h -o %T 2> /dev/null || true)" = idle ] && exit 0
    sleep 0.1
done
tail -n 20 $base/log/*.log >&2
exit 1
