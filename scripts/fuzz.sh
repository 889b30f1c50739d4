#!/usr/bin/env bash
# Fuzzes every fuzz target of the module for FUZZTIME each. A crash leaves its input in the package's testdata/fuzz.
set -u
cd "$(dirname "$0")/.."
time=${FUZZTIME:-60s}
status=0 n=0
while IFS=: read -r file target; do
  n=$((n + 1))
  out=$(go test -run '^$' -fuzz "^${target}\$" -fuzztime "$time" "./$(dirname "$file")" 2>&1)
  if [ $? -ne 0 ]; then echo "fuzz $(dirname "$file") $target: FAILED"; echo "$out" | tail -n 40; status=1; else echo "fuzz $(dirname "$file") $target: $time without a failure"; fi
done < <(grep -rhoHE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' . | sed 's/func //')
echo "fuzz: $n targets"
exit $status
