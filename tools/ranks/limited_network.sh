#!/bin/sh
# Adds up the gradients of the tutorial's network in jobs of 2 to 4 processes (Open MPI) over a network of limited speed, which
# they share: the loopback device of a network namespace of its own. Needs root, iproute2 and a build (npm run build).
#
#     sh tools/ranks/limited_network.sh 1gbit
#
# Each process sends 2(K-1)/K times its 4.27 MB, so a sum takes at least 2(K-1) · 4.27 MB / speed: 68, 137 and 205 ms at 1gbit.
set -eu
if [ "${INSIDE:-}" != yes ]; then exec env INSIDE=yes unshare -n sh "$0" "$@"; fi
speed=${1:-1gbit}
here=$(dirname "$0")
ip link set lo up
tc qdisc add dev lo root tbf rate "$speed" burst 1mb latency 100ms
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_pml=ob1 OMPI_MCA_btl=tcp,self OMPI_MCA_btl_tcp_if_include=lo
for processes in 2 3 4; do
  mpirun.openmpi --oversubscribe --bind-to none -np $processes node "$here/sum_member.mjs" 30 1068298
done
