#!/usr/bin/env bash
# Renews cmd/cbdoctor/default.pgo: what the compiler inlines and how it lays out code follows where captures of databases spend their time
# (https://go.dev/doc/pgo). An old profile is no fault, only of less use: renew it when the core has changed much.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go test -trimpath -run '^$' -bench '^BenchmarkCapture$' -benchtime "${TIME:-10s}" -cpuprofile "$work/cpu" -o "$work/capture.test" ./capture
go tool pprof -proto -output cmd/cbdoctor/default.pgo "$work/capture.test" "$work/cpu"
