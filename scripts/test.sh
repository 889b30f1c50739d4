#!/usr/bin/env bash
# Runs all tests. Prints one line a package, every failure whole, and every test that was not run with its reason:
# "go test" alone hides those.
set -u
cd "$(dirname "$0")/.."
mkdir -p build
log=build/test.log
export PATH="$PATH:/usr/sbin:/sbin"
go test -v "$@" ./... >"$log" 2>&1
status=$?
# The packages that libpcap changes, once more with it.
if command -v pcap-config >/dev/null && command -v cc >/dev/null; then
  CGO_ENABLED=1 go test -v -tags libpcap "$@" ./capture/filter ./capture/tap >>"$log" 2>&1 || status=$?
else
  printf -- '--- SKIP: tests with the tag libpcap\n    libpcap-dev or a C compiler is not installed (scripts/setup.sh)\n' >>"$log"
fi
grep -E '^(ok|FAIL|\?)[[:space:]]' "$log" | grep -v 'no test files'
if grep -qE '^ *--- SKIP' "$log"; then
  echo "not run:"
  grep -A1 -E '^ *--- SKIP' "$log" | grep -v '^--$' | sed 's/^/  /'
fi
if [ $status -ne 0 ]; then
  echo "failures:"
  grep -vE '^(=== (RUN|PAUSE|CONT|NAME)|ok|\?)[[:space:]]|^ *--- (PASS|SKIP)|^PASS$' "$log" | tail -n 300
fi
exit $status
