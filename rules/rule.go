package rules

import "cbdoctor/finding"

// Family is one file of the catalog: rules about one part of the cluster.
type Family struct {
	Family   string                   `yaml:"family"`
	Title    string                   `yaml:"title"`
	Remedies map[string][]RemedyEntry `yaml:"remedies"` // sequences of steps that several rules share, by name
	Effects  map[string][]Effect      `yaml:"effects"`  // what several causes lead to, by name
	Rules    []*Rule                  `yaml:"rules"`
	File     string                   `yaml:"-"`

	builtIn bool // checked by the tests already
}

// Rule is what an expert knows about one cause: how it shows, what it leads to and how to repair it.
type Rule struct {
	ID          string           `yaml:"id"`
	Title       Text             `yaml:"title"`
	Severity    finding.Severity `yaml:"severity"`
	FixArea     string           `yaml:"fix_area"`
	Subject     string           `yaml:"subject"`     // "pair", "node", "cluster" or "file"
	Together    string           `yaml:"together"`    // "server": one finding for all clients of a server instead of one a pair
	Advice      bool             `yaml:"advice"`      // nothing is broken yet
	Explanation string           `yaml:"explanation"` // what happens, why it matters, how we know
	Applies     Expression       `yaml:"applies"`     // over the cluster; false: the rule is not applicable
	Signs       []*Sign          `yaml:"signs"`       // any of them makes the finding
	Against     []Against        `yaml:"against"`
	Explains    []EffectEntry    `yaml:"explains"`
	// StillNeeded keeps the remedies in the plan when the finding is a symptom: repairing the cause does not undo it.
	StillNeeded bool          `yaml:"still_needed"`
	Remedies    []RemedyEntry `yaml:"remedies"`
	References  []string      `yaml:"references"`
	Examples    []Example     `yaml:"examples"`

	family *Family
}

// Sign is one way in which a cause shows itself: a condition over one kind of fact.
type Sign struct {
	For string `yaml:"for"` // kind of fact, and the name under which conditions and texts see it

	// At most one of these, the one that belongs to the kind: the fact must carry one of the values.
	Verdict []string `yaml:"verdict"` // link
	Reason  []string `yaml:"reason"`  // check
	Class   []string `yaml:"class"`   // message
	Problem []string `yaml:"problem"` // cert

	When       Expression `yaml:"when"`
	Confidence string     `yaml:"confidence"` // "high", "medium", "low"; a link without one has what its packets prove
	// ConfirmedBy gives further facts that say the same from another place; when there is one, the confidence rises a step.
	ConfirmedBy Expression `yaml:"confirmed_by"`
	Ongoing     Expression `yaml:"ongoing"` // instead of what the fact itself says
	Since       Expression `yaml:"since"`   // when it began, where something else tells it than the fact; an unknown time changes nothing
	As          string     `yaml:"as"`      // message: its node acted as "server" (default) or "client" of the connection
	Client      Expression `yaml:"client"`  // instead of the fact's own
	Server      Expression `yaml:"server"`
	Node        Expression `yaml:"node"`
	Side        string     `yaml:"side"` // "client" or "server" certificate
	// Needs is the input without which the sign can't be judged, instead of that of the kind; "version" is known here only.
	Needs    string           `yaml:"needs"`
	Severity finding.Severity `yaml:"severity"` // instead of the rule's, when this sign alone shows it
	Summary  Text             `yaml:"summary"`
}

// Against is something that would have spoken against the finding, was looked for, and was not there.
type Against struct {
	When Expression `yaml:"when"` // over subject and cluster: the counter-evidence could have been seen and was not
	Text Text       `yaml:"text"`
}

// Effect links a cause to the findings that it leads to.
type Effect struct {
	Findings []string `yaml:"findings"` // ids; "health-check-*" means all that begin so
	Join     string   `yaml:"join"`     // a row of the table joins
	Time     string   `yaml:"time"`     // "overlap" (default), "cause-first" or "any"
}

// EffectEntry is the name of shared effects, or one written in place.
type EffectEntry struct {
	Use    string
	Effect *Effect
}

// RemedyEntry is the name of a shared sequence, or one step written in place.
type RemedyEntry struct {
	Use  string
	When Expression // of the sequence: false leaves all of it out
	Step *Remedy
}

// Remedy is one step of the way out.
type Remedy struct {
	When         Expression `yaml:"when"`  // over subject and cluster; false leaves the step out
	Each         Expression `yaml:"each"`  // a list: one step for each element, which texts see as "it"
	Phase        string     `yaml:"phase"` // of the plan; default: that of the rule's fix area
	Where        Text       `yaml:"where"`
	Kind         string     `yaml:"kind"` // "mmp", "firewall", "certificate", "check" or "manual"
	Text         Text       `yaml:"text"`
	Command      Text       `yaml:"command"`
	Alternatives []Text     `yaml:"alternatives"`
	Destructive  bool       `yaml:"destructive"`
	Verify       Text       `yaml:"verify"`
	Source       string     `yaml:"source"`
}

// Example is a small body of facts with which the rule must fire, or must not although its inputs are there.
type Example struct {
	Name  string `yaml:"name"`
	Match bool   `yaml:"match"`
	Facts Facts  `yaml:"facts"`
	// Expected of a matching example, where given.
	Confidence string `yaml:"confidence"`
	Role       string `yaml:"role"`
	State      string `yaml:"state"`
	Node       string `yaml:"node"`
	Client     string `yaml:"client"`
	Server     string `yaml:"server"`
	Side       string `yaml:"side"`
}
