#!/usr/bin/env bash
# Measures the collector against OpenSSH's sftp, in turn, from a real sshd of its own on the loopback address: a large file without
# delay, then a smaller one and many small ones behind a proxy with 25 ms each way. All are timed whole: start, login, download, end.
# Then eight nodes at once, each behind a proxy of 12.5 MB/s, and eight sftp in turn: what counts is how much of the 100 MB/s is used.
# Needs sshd, sftp-server and sftp; about 3 GiB below $DIR, which is removed. RUNS, SIZE and FAR (MiB) may be set.
set -eu
cd "$(dirname "$0")/.."
runs=${RUNS:-5} size=${SIZE:-1024} far=${FAR:-256}
work=$(mktemp -d "${DIR:-/dev/shm}/bench_collect.XXXXXX")
bin=$PWD/build/cbdoctor
sshd=$(command -v sshd || echo /usr/sbin/sshd)
pids=()
finish() { for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done; rm -rf "$work"; }
trap finish EXIT
go build -o "$work/delayproxy" ./scripts/delayproxy

# a node: keys, an SFTP root with one capture, and a few MMP commands
mkdir "$work/near" "$work/far" "$work/small"
head -c "${size}M" /dev/urandom >"$work/near/a.pcap"
head -c "${far}M" "$work/near/a.pcap" >"$work/far/a.pcap"
for i in $(seq 40); do tail -c "+$((i * 20000))" "$work/far/a.pcap" | head -c 20000 >"$work/small/log.$i"; done
for k in host user; do ssh-keygen -q -t ed25519 -N '' -f "$work/$k"; done
cat >"$work/mmp" <<'MMP'
#!/bin/bash
case "$SSH_ORIGINAL_COMMAND" in *sftp-server*) exec $SSH_ORIGINAL_COMMAND ;; esac
printf 'cms01> '
while IFS= read -r line; do
  case "${line%%$'\r'}" in
  version) echo 3.9.1 ;; "database cluster status") printf 'Status : Enabled\n\nNodes:\n    10.48.36.61 (me) : Connected Primary\n' ;; "") ;; *) echo "Unknown command" ;;
  esac
  printf 'cms01> '
done
MMP
chmod 755 "$work/mmp"
[ "$(id -u)" = 0 ] && mkdir -p /run/sshd
# everything on the node runs through the user's shell: a bare one, so that the settings of this machine's user are not measured
view=()
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
  sed 's#:[^:]*$#:/bin/sh#' /etc/passwd >"$work/passwd"
  view=(unshare -m --propagation private sh -ec 'mount --bind "$1" /etc/passwd; shift; exec "$@"' sh "$work/passwd")
fi
port=0
serve() { # directory: starts sshd, sets $port
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  printf '%s\n' "Port $port" "ListenAddress 127.0.0.1" "HostKey $work/host" "AuthorizedKeysFile $work/user.pub" "ForceCommand $work/mmp" \
    "Subsystem sftp /usr/lib/openssh/sftp-server -d $1" "StrictModes no" "UsePAM no" "PidFile none" "PermitRootLogin yes" "MaxSessions 32" >"$work/sshd_$port"
  "${view[@]}" "$sshd" -D -e -f "$work/sshd_$port" 2>>"$work/sshd.log" &
  pids+=($!)
  for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.05; done
}
key() { echo "[127.0.0.1]:$1 $(cut -d' ' -f1,2 "$work/host.pub")" >>"$work/known_hosts"; }
serve "$work/near"; near=$port; key "$near"
serve "$work/small"; small=$port
serve "$work/far"; to=$port
fd=10
proxy() { # port, name, more arguments: starts a proxy to the port, sets $through
  eval "exec $fd> >(\"$work/delayproxy\" -to 127.0.0.1:$1 ${*:3} >\"$work/address_$2\")"; pids+=($!); fd=$((fd + 1))
  for _ in $(seq 100); do [ -s "$work/address_$2" ] && break; sleep 0.05; done
  through=$(sed 's/.*://' "$work/address_$2"); key "$through"
}
proxy "$to" slow -delay 25ms; slow=$through
proxy "$small" small -delay 25ms; small=$through
thin=()
for i in $(seq 8); do proxy "$to" "thin$i" -delay 1ms -rate 12500000; thin+=("$through"); done

timed() { # prints seconds and KiB resident
  local out
  out=$( { /usr/bin/time -f '%e %M' "$@" >"$work/out" 2>"$work/err.txt"; } 2>&1) || true
  tail -n 1 "$work/err.txt"
}
ours() { # connections, ports
  rm -rf "$work/bundle"
  timed "$bin" collect "${@:2}" --user "$USER_" -F none -i "$work/user" --known-hosts "$work/known_hosts" -o "$work/bundle" --no-analysis -q --connections "$1"
}
theirs() { # port, files
  rm -rf "$work/copy"; mkdir "$work/copy"
  timed sftp -q -F none -i "$work/user" -P "$1" -o UserKnownHostsFile="$work/known_hosts" "$USER_@127.0.0.1:$2" "$work/copy"
}
USER_=$(id -un)
median() { sort -n | awk '{v[NR]=$1} END {print v[int((NR+1)/2)]}'; }

compare() { # label, port, connections, goal, directory, files
  : >"$work/a"; : >"$work/b"; : >"$work/m"
  theirs "$2" "$6" >/dev/null; ours "$3" "127.0.0.1:$2" >/dev/null # memory that a virtual machine touches for the first time takes seconds a GiB
  for _ in $(seq "$runs"); do
    theirs "$2" "$6" | awk '{print $1}' >>"$work/a"
    ours "$3" "127.0.0.1:$2" >"$work/one"; awk '{print $1}' "$work/one" >>"$work/b"; awk '{print $2}' "$work/one" >>"$work/m"
    for f in "$5"/*; do
      cmp -s "$work/bundle"/*/"${f##*/}" "$f" || { echo "$1: ${f##*/} differs, or is not there:"; cat "$work/out"; exit 1; }
    done
  done
  awk -v l="$1" -v a="$(median <"$work/a")" -v b="$(median <"$work/b")" -v m="$(median <"$work/m")" -v g="$4" \
    'BEGIN { printf "%-44s sftp %6.2f s   cbdoctor %6.2f s   ratio %.2f   %.1f x as fast   (goal %s)   %d MiB resident\n", l, a, b, b/a, a/b, g, m/1024 }'
}
compare "$size MiB, loopback" "$near" 1 "ratio <= 0.95" "$work/near" a.pcap
compare "$far MiB, 50 ms round trip, 1 connection" "$slow" 1 "4 x" "$work/far" a.pcap
compare "$far MiB, 50 ms round trip, 2 connections" "$slow" 2 "5 x" "$work/far" a.pcap
runs=1 compare "40 files of 20 kB, 50 ms round trip" "$small" 1 "none" "$work/small" 'log.*'
rm -rf "$work/copy"

# the yardstick: as many sftp as there are nodes, at the same time
together() {
  rm -f "$work"/copy_*
  timed bash -c 'for p in "${@:3}"; do sftp -q -F none -i "$1/user" -P "$p" -o UserKnownHostsFile="$1/known_hosts" "$2@127.0.0.1:a.pcap" "$1/copy_$p" & done; wait' \
    _ "$work" "$USER_" "${thin[@]}"
  rm -f "$work"/copy_*
}
: >"$work/a"; : >"$work/b"; : >"$work/m"
for _ in $(seq "$runs"); do
  together | awk '{print $1}' >>"$work/a"
  ours 1 "${thin[@]/#/127.0.0.1:}" >"$work/one"; awk '{print $1}' "$work/one" >>"$work/b"; awk '{print $2}' "$work/one" >>"$work/m"
done
for f in "$work/bundle"/*/a.pcap; do cmp -s "$f" "$work/far/a.pcap" || { echo "eight nodes: $f differs"; cat "$work/out"; exit 1; }; done
awk -v l="8 nodes at once, $far MiB each" -v a="$(median <"$work/a")" -v b="$(median <"$work/b")" -v m="$(median <"$work/m")" -v n="$far" \
  'BEGIN { t = 8 * n * 1048576 / 1e6; printf "%-44s sftp %6.2f s   cbdoctor %6.2f s   %.0f %% of 100 MB/s, sftp %.0f %%   (goal: bound by the link)   %d MiB resident, %d a node\n", l, a, b, t/b, t/a, m/1024, m/1024/8 }'
