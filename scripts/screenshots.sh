#!/usr/bin/env bash
# Makes the picture of the README: the first screen of the demo's report, as a terminal shows it.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

CLICOLOR_FORCE=1 COLUMNS=100 build/cbdoctor demo -o "$work/demo" 2>/dev/null >"$work/report.txt" || [ $? -eq 1 ]

# The few colours that the report uses become spans; everything else is text.
{
  cat <<'HTML'
<!doctype html><meta charset="utf-8"><style>
body { margin: 0; padding: 18px 22px; background: #16181d; color: #d7dae0; font: 14px/1.35 "DejaVu Sans Mono", monospace; white-space: pre }
.s1 { font-weight: bold } .s31, .s1-31 { color: #ff6b68 } .s1-31 { font-weight: bold } .s33 { color: #e5c07b } .s32 { color: #8cc570 } .s36 { color: #61afef } .s2 { color: #8a919e }
</style>
HTML
  printf '<b>$ make demo</b>\n'
  sed -e 's/&/\&amp;/g; s/</\&lt;/g' -e 's/\x1b\[0m/<\/span>/g' -e 's/\x1b\[1;31m/<span class="s1-31">/g' -e 's/\x1b\[\([0-9]*\)m/<span class="s\1">/g' "$work/report.txt" | head -n 48
} >"$work/report.html"

chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --disable-background-networking --user-data-dir="$work/profile" \
  --window-size=900,960 --screenshot="$PWD/docs/report.png" "file://$work/report.html" 2>/dev/null
echo "docs/report.png"
