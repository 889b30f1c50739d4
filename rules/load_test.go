package rules_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cbdoctor/fact"
	"cbdoctor/finding"
	"cbdoctor/lang"
	"cbdoctor/rules"
)

func TestNothingIsSaidOfNothing(t *testing.T) {
	t.Parallel()
	outcome, err := load(t, rules.Options{}).Evaluate(context.Background(), &fact.Set{Port: 5432})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range outcome.Findings {
		t.Errorf("finding %s without any fact: %s", f.ID, f.Summary)
	}
	if len(outcome.NotEvaluated) < 40 {
		t.Errorf("only %d rules say that their input is missing", len(outcome.NotEvaluated))
	}
}

func TestTheCatalogHasNoMistake(t *testing.T) {
	t.Parallel()
	for _, p := range load(t, rules.Options{}).Lint() {
		t.Error(p)
	}
}

// TestEveryCauseHasItsRule holds the list of ids that reports, tests and people know: none may get lost.
func TestEveryCauseHasItsRule(t *testing.T) {
	t.Parallel()
	catalog := load(t, rules.Options{})
	for _, id := range strings.Fields(`
		schema-error schema-upgrade-failed schema-upgrade-incomplete schema-upgrade-blocked replica-write
		firewall-blocks firewall-idle-timeout path-mtu path-loss host-unreachable service-down service-hung wrong-service
		health-check-refused health-check-timeout health-check-failed health-check-flapping
		cert-expired cert-not-yet-valid cert-expires-soon cert-client-cn cert-client-missing cert-unknown-ca cert-usage cert-weak
		cert-key-mismatch cert-file-missing cert-file-permissions tls-off tls-version-mismatch tls-no-common-cipher tls-intercepted
		tls-handshake-failed auth-rejected no-primary several-primaries node-not-connected node-not-in-sync cluster-disabled
		last-command-failed node-count replica-needs-rejoin timeline-diverged different-clusters replication-stopped version-mismatch
		too-many-connections database-starting database-stopping database-crashed disk-full
		clock-skew capture-empty capture-one-way capture-truncated capture-lossy material-missing input-damaged private-key-in-bundle`) {
		if catalog.Rule(id) == nil {
			t.Errorf("no rule %s", id)
		}
	}
}

// own writes a rule directory with the skeleton after replacing some text in it.
func own(t *testing.T, replacements ...string) string {
	t.Helper()
	text, err := rules.Skeleton("our-rule")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text = strings.NewReplacer(replacements...).Replace(text)
	if err := os.WriteFile(filepath.Join(dir, "our.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTheSkeletonLoadsAndItsExamplesRun(t *testing.T) {
	t.Parallel()
	catalog := load(t, rules.Options{Dirs: []string{own(t)}})
	verdicts, err := catalog.RunExamples(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, v := range verdicts {
		if v.Rule == "our-rule" {
			ran++
			if v.Problem != "" {
				t.Errorf("%s: %s", v.Example, v.Problem)
			}
		}
	}
	if ran != 2 {
		t.Errorf("%d examples of the skeleton ran, want 2", ran)
	}
}

// Texts that are there and can't be read are not texts that are missing: the rules would speak English without a word.
func TestTranslationsThatCantBeReadAreTold(t *testing.T) {
	t.Parallel()
	dir := own(t)
	if err := os.WriteFile(filepath.Join(dir, "ja"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := rules.Load(rules.Options{Dirs: []string{dir}, Lang: lang.Japanese}); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "ja")) {
		t.Errorf("Load() = %v, want an error that names the directory", err)
	}
}

func TestMistakesAreToldWithFileLineAndWhatWasMeant(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		replace []string
		want    []string
	}{
		"wrong field":           {[]string{"check.count >= 3", "check.cuont >= 3"}, []string{"our.yaml:", "undefined field 'cuont'", `did you mean "count"?`}},
		"wrong kind of fact":    {[]string{"for: check", "for: chekc"}, []string{"our.yaml:", `did you mean "check"?`}},
		"not a condition":       {[]string{"check.count >= 3 && check.text.contains(\"REPLACE\")", "check.count"}, []string{"bool is wanted"}},
		"unknown severity":      {[]string{"severity: error", "severity: eror"}, []string{`did you mean "error"?`}},
		"unknown join":          {[]string{"join: same-pair", "join: same-pear"}, []string{`did you mean "same-pair"?`}},
		"unknown finding":       {[]string{"findings: [health-check-failed]", "findings: [health-check-faild]"}, []string{`did you mean "health-check-failed"?`}},
		"fact in a title":       {[]string{"between {subject.client}", "between {check.client}"}, []string{"undeclared reference to 'check'"}},
		"brace not closed":      {[]string{"{subject.client} and", "{subject.client and"}, []string{"our.yaml:"}},
		"unknown key":           {[]string{"fix_area:", "fix_aera:"}, []string{"our.yaml", "fix_aera"}},
		"destructive first":     {[]string{"kind: check         #", "destructive: true\n        kind: check         #"}, []string{"never the first"}},
		"value of another kind": {[]string{"reason: [closed]    #", "verdict: [refused]    #"}, []string{"belongs to another kind of fact"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := rules.Load(rules.Options{Dirs: []string{own(t, c.replace...)}})
			if err == nil {
				t.Fatal("the mistake was not seen")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestACustomersRuleCannotRunLong(t *testing.T) {
	t.Parallel()
	dir := own(t, `check.count >= 3 && check.text.contains("REPLACE")`,
		"cluster.checks.all(a, cluster.checks.all(b, cluster.checks.all(c, cluster.checks.all(d, a.count + b.count + c.count + d.count >= 0))))")
	catalog := load(t, rules.Options{Dirs: []string{dir}})
	set := &fact.Set{HealthChecks: make([]fact.HealthCheck, 200)}
	for i := range set.HealthChecks {
		set.HealthChecks[i].Reason = fact.ReasonClosed
	}
	outcome, err := catalog.Evaluate(context.Background(), set)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range outcome.NotEvaluated {
		if n.ID == "our-rule" && strings.Contains(strings.Join(n.Missing, " "), "cost limit") {
			return
		}
	}
	t.Error("a condition over 200^4 combinations was evaluated to its end")
}

func TestDisabledRulesStaySilentAndUnknownOnesAreAnError(t *testing.T) {
	t.Parallel()
	catalog := load(t, rules.Options{Disable: []string{"node-count"}})
	if catalog.Rule("node-count") != nil {
		t.Error("node-count is still there")
	}
	if _, err := rules.Load(rules.Options{Disable: []string{"node-cuont"}}); err == nil || !strings.Contains(err.Error(), `"node-count"`) {
		t.Errorf("error is %v, want the nearest id in it", err)
	}
}

func TestAcceptedFindingsComeBackAfterTheirDay(t *testing.T) {
	t.Parallel()
	accepted, err := rules.ReadAcceptances("accepted.yaml", strings.NewReader(
		"accepted:\n  - {finding: health-check-refused, subject: {client: 10.48.36.118}, reason: maintenance, until: 2026-03-31}\n"))
	if err != nil {
		t.Fatal(err)
	}
	set := &fact.Set{HealthChecks: []fact.HealthCheck{
		{Client: "10.48.36.118", Server: "10.48.36.61", Reason: fact.ReasonRefused, Ongoing: true},
		{Client: "10.48.36.182", Server: "10.48.36.61", Reason: fact.ReasonRefused, Ongoing: true},
	}}
	for day, want := range map[string]int{"2026-03-31": 1, "2026-04-01": 0} {
		today, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		outcome, err := load(t, rules.Options{Accepted: accepted, Today: today}).Evaluate(context.Background(), set)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, f := range outcome.Findings {
			if f.Accepted != nil {
				got++
				if f.Subject != (finding.Subject{Kind: "pair", Client: "10.48.36.118", Server: "10.48.36.61", Port: 5432}) {
					t.Errorf("%s: the wrong finding is accepted: %+v", day, f.Subject)
				}
			}
		}
		if got != want {
			t.Errorf("%s: %d findings accepted, want %d", day, got, want)
		}
	}
	for _, bad := range []string{"accepted: [{finding: node-count}]", "accepted: [{finding: node-count, reason: x, until: soon}]", "accepted: {"} {
		if _, err := rules.ReadAcceptances("f", strings.NewReader(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
