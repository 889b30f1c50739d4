// Package capture turns packets into sessions with verdicts.
package capture
