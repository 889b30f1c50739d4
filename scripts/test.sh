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
  echo "not run: the tests with the tag libpcap, for libpcap-dev or a C compiler is not installed (scripts/setup.sh)"
fi
grep -E '^(ok|FAIL|\?)[[:space:]]' "$log" | grep -v 'no test files'
# The reason of a test that was skipped stands before its line.
awk '
  /^=== (RUN|NAME|CONT|PAUSE) / { test = $3 }
  /^ +[A-Za-z0-9_]+_test\.go:[0-9]+: / { sub(/^ +/, ""); why[test] = $0 }
  /^ *--- SKIP: / { if (!n++) print "not run:"; print "  " $3 ": " (($3 in why) ? why[$3] : "no reason given") }
' "$log"
if [ $status -ne 0 ]; then
  echo "failures:"
  grep -vE '^(=== (RUN|PAUSE|CONT|NAME)|ok|\?)[[:space:]]|^ *--- (PASS|SKIP)|^PASS$' "$log" | tail -n 300
fi
exit $status
