package fact

// Reasons lists what HealthCheck.Reason and Message.Reason can be.
var Reasons = []string{
	ReasonRefused, ReasonTimeout, ReasonNoRoute, ReasonReset, ReasonClosed, ReasonTLSAlert, ReasonTLSVerify, ReasonTLSVersion, ReasonTLSCipher,
	ReasonTLSOff, ReasonTLSOther, ReasonNotPostgres, ReasonCertFile, ReasonAuth, ReasonClientCN, ReasonClientCert, ReasonTooMany, ReasonStarting,
	ReasonStopping, ReasonResolve, ReasonOther,
}

// Classes lists what Message.Class can be: the rows of the table of messages in package analyze, which a test there holds against it.
var Classes = []string{
	"auth-failed", "cert-auth-failed", "client-cert-required", "client-cn-mismatch", "disk-full", "disk-written", "max-wal-senders", "no-hba-entry", "promoted",
	"read-only-transaction", "replication-connect-failed", "replication-started", "replication-terminated", "schema-error", "schema-lock",
	"server-cert-file", "server-crashed", "server-interrupted", "server-ready", "server-started", "server-starting", "server-stopped", "server-stopping",
	"ssl-accept-failed", "standby-started", "system-id-differs", "timeline-diverged", "too-many-connections", "wal-removed",
}

// Problems lists what Certificate.Problems can hold: the observations of VERDICTS about certificates.
var Problems = []string{
	"cert-expired", "cert-not-yet-valid", "cert-cn-not-postgres", "cert-missing", "cert-incomplete-chain", "cert-unknown-issuer", "cert-wrong-usage",
	"cert-weak", "cert-self-signed", "cert-differs",
}
