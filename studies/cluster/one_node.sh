#!/bin/sh
# Starts Slurm on this machine alone, as root, so that test.sh has a slurmd to submit to: `apt-get install slurmctld slurmd munge`
# first. For tests: it replaces /etc/slurm/slurm.conf.
set -eu
host=$(hostname -s)
mkdir -p /etc/slurm /var/spool/slurmctld /var/spool/slurmd /run/munge
chown munge:munge /run/munge
pgrep -x munged >/dev/null || su -s /bin/sh munge -c munged
getent hosts "$host" >/dev/null || echo "127.0.0.1 $host" >> /etc/hosts
cat > /etc/slurm/slurm.conf <<CONF
ClusterName=one
SlurmctldHost=$host
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
StateSaveLocation=/var/spool/slurmctld
SlurmdSpoolDir=/var/spool/slurmd
ReturnToService=2
NodeName=$host CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ { print int($2 / 1024 * 0.8) }' /proc/meminfo) State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
slurmctld
slurmd
for _ in $(seq 30); do
    sinfo --noheader --states=idle 2>/dev/null | grep -q "$host" && exit 0
    sleep 1
done
echo "one_node.sh: the node $host is not idle after 30 s: $(sinfo --noheader)" >&2
exit 1
