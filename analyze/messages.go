package analyze

import (
	"regexp"
	"strings"

	"cbdoctor/fact"
)

// messageClass is one row of the table of PostgreSQL messages: what a server or standby logs that matters to the cluster.
type messageClass struct {
	class string
	// hint is a word that every such message has; it spares the pattern most messages.
	hint    string
	pattern *regexp.Regexp // its named groups become Args; "peer" becomes Peer, "reason" is read as libpq's text
	reason  string         // a fact.Reason, unless "reason" gives it
	lasts   lasting
	source  string // file of the PostgreSQL or OpenSSL sources, and what changed between versions
}

// lasting says how long a message stays true.
type lasting uint8

const (
	repeats lasting = iota // as long as it is repeated: a retry fails again and again
	stays                  // until something in the log shows that it is over
	moment                 // it is an event, not a state
)

// messageClasses is where a new message is added. First match wins. Wording is that of PostgreSQL 9.4 to 17.
var messageClasses = []messageClass{
	// As client of the primary. It comes first: it quotes what the primary said, which is no message of this server.
	{
		class: "replication-connect-failed", hint: "could not", lasts: repeats,
		pattern: regexp.MustCompile(`could not (?:connect to the primary server|receive data from WAL stream|start WAL streaming): (?P<reason>(?:connection to|could not|SSL|timeout|server closed|FATAL|received invalid|root certificate|private key|certificate).*)`), source: "src/backend/replication/libpqwalreceiver/libpqwalreceiver.c",
	},

	// As server: connections that fail.
	{
		class: "client-cn-mismatch", hint: "provided user name", lasts: repeats, reason: fact.ReasonClientCN,
		pattern: regexp.MustCompile(`provided user name \((?P<user>[^)]*)\) and authenticated user name \((?P<authenticated>.*)\) do not match`), source: "src/backend/libpq/hba.c, check_usermap",
	},
	{
		class: "client-cert-required", hint: "requires a valid client certificate", lasts: repeats, reason: fact.ReasonClientCert,
		pattern: regexp.MustCompile(`connection requires a valid client certificate`), source: "src/backend/libpq/auth.c, ClientAuthentication",
	},
	{
		class: "cert-auth-failed", hint: "certificate authentication failed", lasts: repeats, reason: fact.ReasonAuth,
		pattern: regexp.MustCompile(`certificate authentication failed for user "(?P<user>[^"]*)"`), source: "src/backend/libpq/auth.c, auth_failed",
	},
	{
		class: "no-hba-entry", hint: "no pg_hba.conf entry", lasts: repeats, reason: fact.ReasonAuth,
		pattern: regexp.MustCompile(`no pg_hba\.conf entry for (?:replication connection from )?host "(?P<peer>[^"]*)", user "(?P<user>[^"]*)"(?:, database "(?P<database>[^"]*)")?(?:, (?P<encryption>no encryption|SSL off|SSL on|SSL encryption))?`), source: "src/backend/libpq/auth.c: \"SSL off\" up to 13, \"no encryption\" since 14",
	},
	{
		class: "auth-failed", hint: "", lasts: repeats, reason: fact.ReasonAuth,
		pattern: regexp.MustCompile(`(?:password|SCRAM|peer|ident|GSSAPI|LDAP) authentication failed for user "(?P<user>[^"]*)"|pg_hba\.conf rejects .*host "(?P<peer>[^"]*)"|role "(?P<role>[^"]*)" (?:does not exist|is not permitted to log in)|database "(?P<database>[^"]*)" does not exist`), source: "src/backend/libpq/auth.c, src/backend/utils/init/postinit.c",
	},
	{
		class: "too-many-connections", hint: "", lasts: repeats, reason: fact.ReasonTooMany,
		pattern: regexp.MustCompile(`sorry, too many clients already|remaining connection slots are reserved|too many connections for (?:role|database)`), source: "src/backend/storage/lmgr/proc.c, src/backend/utils/init/postinit.c",
	},
	{
		class: "max-wal-senders", hint: "max_wal_senders", lasts: repeats, reason: fact.ReasonTooMany,
		pattern: regexp.MustCompile(`number of requested standby connections exceeds max_wal_senders`), source: "src/backend/replication/walsender.c",
	},
	{
		class: "wal-removed", hint: "WAL segment", lasts: stays,
		pattern: regexp.MustCompile(`requested WAL segment (?P<segment>[0-9A-F]+) has already been removed`), source: "src/backend/access/transam/xlogreader.c, walsender.c",
	},
	{
		class: "timeline-diverged", hint: "timeline", lasts: stays,
		pattern: regexp.MustCompile(`highest timeline (?P<primary>\d+) of the primary is behind recovery timeline (?P<recovery>\d+)|requested starting point \S+ on timeline \d+ is not in this server's history|new timeline \d+ forked off current database system timeline \d+ before current recovery point|requested timeline \d+ is not a child of this server's history`), source: "src/backend/replication/walreceiver.c, walsender.c, src/backend/access/transam/xlogrecovery.c",
	},
	{
		class: "system-id-differs", hint: "system identifier differs", lasts: stays,
		pattern: regexp.MustCompile(`database system identifier differs between the primary and standby`), source: "src/backend/replication/walreceiver.c",
	},
	{
		class: "ssl-accept-failed", hint: "could not accept SSL connection", lasts: repeats,
		pattern: regexp.MustCompile(`could not accept SSL connection: (?P<reason>.*)`), source: "src/backend/libpq/be-secure-openssl.c, be_tls_open_server",
	},
	{
		class: "server-cert-file", hint: "", lasts: stays, reason: fact.ReasonCertFile,
		pattern: regexp.MustCompile(`could not (?:load|access) (?:server certificate|private key|root certificate|certificate)(?: file)? "(?P<file>[^"]*)"|private key file "(?P<file2>[^"]*)" (?:has group or world access|must be owned)|check of private key failed`), source: "src/backend/libpq/be-secure-common.c, be-secure-openssl.c",
	},

	// Life cycle of the server.
	{class: "server-started", hint: "starting PostgreSQL", lasts: moment, pattern: regexp.MustCompile(`starting PostgreSQL (?P<version>[0-9.]+)`), source: "src/backend/postmaster/postmaster.c, since 12"},
	{class: "server-ready", hint: "ready to accept", lasts: moment, pattern: regexp.MustCompile(`database system is ready to accept (?:read[- ]only )?connections`), source: "src/backend/postmaster/postmaster.c: \"read only\" up to 13"},
	{class: "server-stopped", hint: "shut", lasts: stays, pattern: regexp.MustCompile(`received (?:fast|smart|immediate) shutdown request|^database system is shut down`), source: "src/backend/postmaster/postmaster.c"},
	{
		class: "server-crashed", hint: "", lasts: stays,
		pattern: regexp.MustCompile(`was terminated by signal (?P<signal>\d+)|terminating any other active server processes|all server processes terminated; reinitializing|database system was not properly shut down|database system was interrupted`), source: "src/backend/postmaster/postmaster.c, src/backend/access/transam/xlog.c",
	},
	{class: "disk-full", hint: "No space left on device", lasts: stays, pattern: regexp.MustCompile(`(?:could not (?:extend|write to|write|create) (?:temporary |lock )?file "(?P<file>[^"]*)".*)?No space left on device`), source: "src/backend/storage/smgr/md.c and others: errno ENOSPC"},
	{
		class: "server-starting", hint: "the database system is", lasts: repeats, reason: fact.ReasonStarting,
		pattern: regexp.MustCompile(`the database system is (?:starting up|in recovery mode|not yet accepting connections|not accepting connections)`), source: "src/backend/postmaster/postmaster.c: \"not yet accepting\" since 14",
	},
	{
		class: "server-stopping", hint: "", lasts: repeats, reason: fact.ReasonStopping,
		pattern: regexp.MustCompile(`the database system is shutting down|terminating connection due to administrator command`), source: "src/backend/postmaster/postmaster.c, src/backend/tcop/postgres.c",
	},

	// Replication.
	{class: "replication-started", hint: "started streaming WAL", lasts: moment, pattern: regexp.MustCompile(`started streaming WAL from primary`), source: "src/backend/replication/walreceiver.c"},
	{
		class: "replication-terminated", hint: "", lasts: stays,
		pattern: regexp.MustCompile(`replication terminated by primary server|terminating walreceiver due to timeout|terminating walsender process due to replication timeout`), source: "src/backend/replication/walreceiver.c, walsender.c",
	},
	{class: "promoted", hint: "", lasts: moment, pattern: regexp.MustCompile(`selected new timeline ID: (?P<timeline>\d+)|received promote request`), source: "src/backend/access/transam/xlog.c"},

	// Schema. Locks first: their CONTEXT may name the schema's functions.
	{class: "read-only-transaction", hint: "in a read-only transaction", lasts: repeats, pattern: regexp.MustCompile(`cannot execute (?P<statement>[A-Z ]+) in a read-only transaction`), source: "src/backend/tcop/utility.c"},
	{
		class: "schema-lock", hint: "", lasts: repeats,
		pattern: regexp.MustCompile(`canceling statement due to (?:lock|statement) timeout|process \d+ still waiting for (?P<lock>\w+) on|deadlock detected`), source: "src/backend/tcop/postgres.c, src/backend/storage/lmgr/proc.c, deadlock.c",
	},
	{
		class: "schema-error", hint: "", lasts: stays,
		pattern: regexp.MustCompile(`(?:column|relation|type|schema|table) "?(?P<object>[^"]*?)"? (?:of relation "[^"]*" )?(?:does not exist|already exists)|column \S+ does not exist|function (?P<missing>\S+?)\(.*\) (?:does not exist|is not unique)|duplicate key value violates unique constraint "(?P<constraint>[^"]*)"|null value in column "[^"]*"(?: of relation "[^"]*")? violates not-null constraint|violates foreign key constraint "[^"]*"|structure of query does not match function result type|has no field "`), source: "src/backend/parser/parse_relation.c, parse_func.c, src/backend/access/nbtree/nbtinsert.c",
	},
}

// schemaFunction marks the functions of the CMS schema in a CONTEXT (tech note 210530).
var schemaFunction = regexp.MustCompile(`PL/pgSQL function (?P<function>[a-z_0-9."]+)\([^)]*\) line \d+`)

// classify finds the row of a message. sqlError says that its level is ERROR, or unknown because its head is missing.
func classify(m *pgMessage) (row *messageClass, args map[string]string) {
	text := m.text
	for i := range messageClasses {
		row := &messageClasses[i]
		if row.hint != "" && !strings.Contains(text, row.hint) {
			continue
		}
		if found := row.pattern.FindStringSubmatch(text); found != nil {
			args := map[string]string{}
			for j, name := range row.pattern.SubexpNames() {
				if name != "" && found[j] != "" {
					args[strings.TrimRight(name, "2")] = found[j]
				}
			}
			return row, args
		}
	}
	if (m.level == "ERROR" || m.headMissing) && m.function != "" {
		return schemaErrorRow, map[string]string{}
	}
	return nil, nil
}

// schemaErrorRow is the class of any SQL error whose CONTEXT names a function of the schema.
var schemaErrorRow = &messageClass{class: "schema-error", lasts: stays, source: "tech note 210530"}
