package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cbdoctor/collect"
	"cbdoctor/collect/progress"
)

// check finds wrong usage before any node is bothered, and turns the flags into options.
func (o *collectOptions) check() error {
	switch {
	case o.resume != "" && (o.dir != "" || o.archive != ""):
		return usageError(errors.New("--continue names the bundle: -o and --archive do not go with it"), "drop them")
	case o.dir == "" && o.archive == "" && o.resume == "" && !o.list && !onTerminal():
		return usageError(errors.New("collect needs a place for the bundle"), "add -o DIR or --archive FILE.tar.zst")
	case o.untilFail && o.pcap == "", o.captureFor != 0 && o.pcap == "":
		return usageError(errors.New("--for and --until-failure belong to --pcap"), "add --pcap a")
	case o.run.Connections < 1 || o.run.Connections > 4:
		return usageError(fmt.Errorf("--connections %d", o.run.Connections), "1 to 4 are possible")
	case o.progress != "auto" && !slices.Contains(progress.Kinds, o.progress):
		return usageError(fmt.Errorf("--progress %q is not known", o.progress), "use auto, "+strings.Join(progress.Kinds, ", "))
	}
	if o.run.Retries == 0 {
		o.run.Retries = -1
	}
	if o.archive != "" {
		if err := checkArchive(o.archive); err != nil {
			return err
		}
	}
	for _, key := range o.node.hostKeys {
		if !strings.HasPrefix(key, "SHA256:") {
			return usageError(fmt.Errorf("--host-key %q is no SHA256 fingerprint", key), "ssh-keygen -lf prints one")
		}
	}
	if o.pcap != "" {
		c := collect.Capture{Interface: o.pcap, For: o.captureFor, UntilFailure: o.untilFail}
		if err := c.Check(); err != nil {
			return usageError(fmt.Errorf("--pcap: %w", err), "a is the usual one")
		}
		o.run.Capture = &c
	}
	return errors.Join(o.checkFiles(), o.checkSizes())
}

func (o *collectOptions) checkSizes() error {
	var err error
	if o.run.LimitRate, err = parseSize(o.limitRate); err != nil {
		return usageError(fmt.Errorf("--limit-rate: %w", err), "write 500K or 2M, in bytes per second")
	}
	if o.run.AskAbove, err = parseSize(o.askAbove); err != nil {
		return usageError(fmt.Errorf("--ask-above: %w", err), "write 500M or 2G")
	}
	return nil
}

func (o *collectOptions) checkFiles() error {
	o.run.Files = collect.Selection{Include: o.include, Exclude: o.exclude}
	if err := o.run.Files.Check(); err != nil {
		return usageError(err, "a pattern is as in a shell: *, ? and [a-z]")
	}
	if o.since != 0 {
		o.run.Files.From = time.Now().Add(-o.since)
	}
	for _, t := range []struct {
		flag, value string
		to          *time.Time
	}{{"--from", o.from, &o.run.Files.From}, {"--to", o.to, &o.run.Files.To}} {
		if t.value == "" {
			continue
		}
		at, err := parseTime(t.value)
		if err != nil {
			return usageError(fmt.Errorf("%s: %w", t.flag, err), "write 2026-03-31T08:00:00Z, or 2026-03-31T08:00 in this machine's zone")
		}
		*t.to = at
	}
	return nil
}

func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time", s)
}

var sizePattern = regexp.MustCompile(`^(\d+)([KMGT]?)(i?B)?$`)

// parseSize reads a number of bytes with the binary units of curl and rsync. Nothing is 0.
func parseSize(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	m := sizePattern.FindStringSubmatch(strings.ToUpper(strings.ReplaceAll(s, "i", "")))
	if m == nil {
		return 0, fmt.Errorf("%q is no size", s)
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	shift := 10 * (1 + strings.Index("KMGT", m[2]))
	if m[2] == "" {
		shift = 0
	}
	if err != nil || n > (1<<62)>>shift {
		return 0, fmt.Errorf("%q is too large", s)
	}
	return n << shift, nil
}
