// Package rules turns facts into findings: what is wrong, how sure that is, what explains what, and how to repair it.
//
// In: a fact.Set. Out: a finding.Outcome. The knowledge is not here but in the catalog (catalog/*.yaml, one file a family),
// which an expert who writes no Go can read, correct and extend; this package is the engine that loads, checks and asks it.
// It never reads the material itself, never opens a file beside its rule directories, and a condition of a customer's own
// rule can neither read files, nor reach the network, nor run long (CEL with a cost limit).
//
// To add a rule, write it into a file of catalog/ ("cbdoctor rules new ID" prints a skeleton) and run "go generate ./rules",
// which writes the catalog as Go (builtin.go; its expressions in natives.go); docs/rules.md says how. A kind of fact that signs can be
// about is a row of kinds.go, a way in which cause and symptom belong together one of cause.go, a question that conditions and texts may
// ask the cluster one of environment.go with its answer in questions.go.
//
// To read the code, start at Load, then Catalog.Evaluate: signs fire (match.go), are grouped to findings (group.go), linked
// (cause.go) and given their way out (remedy.go, plan.go).
package rules
