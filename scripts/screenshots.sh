#!/usr/bin/env bash
# Makes the pictures of the documentation: the first screen of the demo's report as a terminal shows it, and the main views of
# the HTML report. Japanese needs a font such as Debian's fonts-ipafont-gothic.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

COLUMNS=100 build/cbdoctor demo --color always -o "$work/demo" 2>/dev/null >"$work/report.txt" || [ $? -eq 1 ]

# The few colours that the report uses become spans; everything else is text.
{
  cat <<'HTML'
<!doctype html><html class="scripted"><meta charset="utf-8"><style>
body { margin: 0; padding: 18px 22px; background: #16181d; color: #d7dae0; font: 14px/1.35 "DejaVu Sans Mono", monospace; white-space: pre }
.s1 { font-weight: bold } .s31, .s1-31 { color: #ff6b68 } .s1-31 { font-weight: bold } .s33 { color: #e5c07b } .s32 { color: #8cc570 } .s36 { color: #61afef } .s2 { color: #8a919e }
</style>
HTML
  printf '<b>$ make demo</b>\n'
  sed -e 's/&/\&amp;/g; s/</\&lt;/g' -e 's/\x1b\[0m/<\/span>/g' -e 's/\x1b\[1;31m/<span class="s1-31">/g' -e 's/\x1b\[\([0-9]*\)m/<span class="s\1">/g' "$work/report.txt" | head -n 48
} >"$work/terminal.html"

# The certificates of the demo are in order; those of a fixture are not.
build/cbdoctor fixtures/captures/18-cert-client-expired-tls12 -o "$work/certificates.html" || [ $? -eq 1 ]

go build -o "$work/screenshots" ./scripts/screenshots
"$work/screenshots" "$work/terminal.html" docs report
"$work/screenshots" "$work/demo/report.html" docs html html-dark html-japanese html-timeline html-packets
"$work/screenshots" "$work/certificates.html" docs html-certificates
