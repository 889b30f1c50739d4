package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones are known on machines without the tz database too

	"cbdoctor/analyze"
)

// zoneOptions read "--timezone": a zone for all nodes, or NODE=ZONE for one.
func zoneOptions(values []string) (all *time.Location, nodes map[string]*time.Location, err error) {
	all, nodes = time.UTC, map[string]*time.Location{}
	for _, v := range values {
		node, name, single := strings.Cut(v, "=")
		if !single {
			node, name = "", v
		}
		zone, err := time.LoadLocation(name)
		if err != nil {
			return nil, nil, usageError(fmt.Errorf("--timezone %q is not known: %w", v, err), `use a name of the tz database, for example "Asia/Tokyo", or NODE=ZONE for one node`)
		}
		if single {
			nodes[node] = zone
		} else {
			all = zone
		}
	}
	return all, nodes, nil
}

// sameEventArguments lets the second line of each --same-event stand behind the flag as the shell splits it: it arrives among the
// paths, and is no path.
func sameEventArguments(values, args []string) (events []analyze.SameEvent, paths []string, err error) {
	paths = args
	for _, v := range values {
		lines := strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' })
		if len(lines) == 1 {
			for i, a := range paths {
				if _, is := fileLine(a); is && !exists(a) {
					lines = append(lines, a)
					paths = append(paths[:i:i], paths[i+1:]...)
					break
				}
			}
		}
		if len(lines) != 2 {
			return nil, nil, usageError(fmt.Errorf("--same-event %q names %d lines, not two", v, len(lines)), "write --same-event cms01/syslog:120 cms02/syslog:96")
		}
		a, okA := fileLine(lines[0])
		b, okB := fileLine(lines[1])
		if !okA || !okB {
			return nil, nil, usageError(fmt.Errorf("--same-event %q: a line is named by its file and its number", v), "write --same-event cms01/syslog:120 cms02/syslog:96")
		}
		events = append(events, analyze.SameEvent{A: a, B: b})
	}
	return events, paths, nil
}

var fileLinePattern = regexp.MustCompile(`^(.+):(\d{1,9})$`)

func fileLine(s string) (analyze.FileLine, bool) {
	m := fileLinePattern.FindStringSubmatch(s)
	if m == nil {
		return analyze.FileLine{}, false
	}
	n, err := strconv.Atoi(m[2])
	return analyze.FileLine{File: m[1], Line: n}, err == nil && n > 0
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
