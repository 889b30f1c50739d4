package analyze

import (
	"cmp"
	"slices"
	"strings"

	"cbdoctor/fact"
	"cbdoctor/lazyregexp"
)

// messageClass is one row of the table of PostgreSQL messages: what a server or standby logs that matters to the cluster.
type messageClass struct {
	class string
	// words: every such message has one of them, which spares most messages the pattern.
	words   []string
	pattern *lazyregexp.Regexp // its named groups become Args; "peer" becomes Peer, "reason" is read as libpq's text
	reason  string             // a fact.Reason, unless "reason" gives it
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

// messageClasses is where a new message is added. First match wins. Wording is that of PostgreSQL 9.4 to 17. Patterns begin where the
// message begins, because what follows may quote what somebody typed.
var messageClasses = []messageClass{
	// As client of the primary. It comes first: it quotes what the primary said, which is no message of this server.
	{
		class: "replication-connect-failed", words: []string{"could not"}, lasts: repeats,
		pattern: lazyregexp.New(`^(?:(?:streaming replication receiver|synchronization worker) "[^"]*" )?could not (?:connect to the primary server|(?:receive|send) data (?:from|to) WAL stream|start WAL streaming|receive (?:database system identifier and timeline ID|timeline history file) from the primary server): (?P<reason>[^E].*|E[^R].*)`), source: "src/backend/replication/libpqwalreceiver/libpqwalreceiver.c: libpq's text follows; \"ERROR:\" is what the primary said of the stream",
	},

	// As server: connections that fail.
	{
		class: "client-cn-mismatch", words: []string{"provided user name", "no match in usermap", "certificate validation", "contains no user name"}, lasts: repeats, reason: fact.ReasonClientCN,
		pattern: lazyregexp.New(`^provided user name \((?P<user>[^)]*)\) and authenticated user name \((?P<authenticated>.*)\) do not match|^no match in usermap "[^"]*" for user "(?P<user2>[^"]*)" authenticated as "(?P<authenticated2>[^"]*)"|^certificate validation \(clientcert=verify-full\) failed for user "(?P<user3>[^"]*)": (?:CN|DN) mismatch|^certificate authentication failed for user "[^"]*": client certificate contains no user name`), source: "src/backend/libpq/hba.c, check_usermap; auth.c, CheckCertAuth: CN mismatch since 12, DN since 14",
	},
	{
		class: "client-cert-required", words: []string{"requires a valid client certificate"}, lasts: repeats, reason: fact.ReasonClientCert,
		pattern: lazyregexp.New(`^connection requires a valid client certificate`), source: "src/backend/libpq/auth.c, ClientAuthentication",
	},
	{
		class: "cert-auth-failed", words: []string{"certificate authentication failed"}, lasts: repeats, reason: fact.ReasonAuth,
		pattern: lazyregexp.New(`^certificate authentication failed for user "(?P<user>[^"]*)"`), source: "src/backend/libpq/auth.c, auth_failed",
	},
	{
		class: "no-hba-entry", words: []string{"no pg_hba.conf entry"}, lasts: repeats, reason: fact.ReasonAuth,
		pattern: lazyregexp.New(`^no pg_hba\.conf entry for (?:replication connection from )?host "(?P<peer>[^"]*)", user "(?P<user>[^"]*)"(?:, database "(?P<database>[^"]*)")?(?:, (?P<encryption>no encryption|SSL off|SSL on|SSL encryption|GSS encryption))?`), source: "src/backend/libpq/auth.c: \"SSL off\" up to 13, \"no encryption\" since 14",
	},
	{
		class: "auth-failed", words: []string{"authentication failed", "pg_hba.conf rejects", "role \"", "database \"", "walsender", "WAL sender"}, lasts: repeats, reason: fact.ReasonAuth,
		pattern: lazyregexp.New(`^(?:password|SCRAM|peer|ident|GSSAPI|LDAP|PAM|RADIUS) authentication failed for user "(?P<user>[^"]*)"|^pg_hba\.conf rejects .*host "(?P<peer>[^"]*)"|^role "(?P<role>[^"]*)" (?:does not exist|is not permitted to log in)|^database "(?P<database>[^"]*)" does not exist|^must be superuser or replication role to start walsender|^permission denied to start WAL sender`), source: "src/backend/libpq/auth.c, src/backend/utils/init/postinit.c",
	},
	{
		class: "too-many-connections", words: []string{"too many", "connection slots"}, lasts: repeats, reason: fact.ReasonTooMany,
		pattern: lazyregexp.New(`^sorry, too many clients already|^remaining connection slots are reserved|^too many connections for (?:role|database)`), source: "src/backend/storage/lmgr/proc.c, src/backend/utils/init/postinit.c",
	},
	{
		class: "max-wal-senders", words: []string{"max_wal_senders"}, lasts: repeats, reason: fact.ReasonTooMany,
		pattern: lazyregexp.New(`^(?:could not .*: (?:FATAL|ERROR):  ?)?number of requested standby connections exceeds max_wal_senders`), source: "src/backend/replication/walsender.c",
	},
	{
		class: "wal-removed", words: []string{"WAL segment", "replication slot"}, lasts: stays,
		pattern: lazyregexp.New(`^(?:could not .*: (?:FATAL|ERROR):  ?)?(?:requested WAL segment (?P<segment>[0-9A-F]+) has already been removed|can no longer (?:get changes from|access) replication slot "(?P<slot>[^"]*)")`), source: "src/backend/access/transam/xlogreader.c, src/backend/replication/walsender.c; slot.c: a slot that max_slot_wal_keep_size invalidated, \"get changes from\" up to 17, \"access\" since 18",
	},
	{
		class: "timeline-diverged", words: []string{"timeline", "WAL flush position"}, lasts: stays,
		pattern: lazyregexp.New(`^(?:could not .*: (?:FATAL|ERROR):  ?)?(?:highest timeline (?P<primary>\d+) of the primary is behind recovery timeline (?P<recovery>\d+)|requested starting point \S+ on timeline \d+ is not in this server's history|new timeline \d+ forked off current database system timeline \d+ before current recovery point|requested starting point \S+ is ahead of the WAL flush position|requested timeline \d+ is not (?:a child of|in) this server's history|requested timeline \d+ does not contain minimum recovery point|new timeline \d+ is not a child of database system timeline \d+)`), source: "src/backend/replication/walreceiver.c, walsender.c, src/backend/access/transam/xlogrecovery.c",
	},
	{
		class: "system-id-differs", words: []string{"system identifier differs"}, lasts: stays,
		pattern: lazyregexp.New(`^database system identifier differs between the primary and standby`), source: "src/backend/replication/walreceiver.c",
	},
	{
		class: "ssl-accept-failed", words: []string{"could not accept SSL connection"}, lasts: repeats,
		pattern: lazyregexp.New(`^could not accept SSL connection: (?P<reason>.*)`), source: "src/backend/libpq/be-secure-openssl.c, be_tls_open_server",
	},
	{
		class: "server-cert-file", words: []string{"could not load", "could not access", "private key"}, lasts: stays, reason: fact.ReasonCertFile,
		pattern: lazyregexp.New(`^could not (?:load|access) (?:server certificate|private key|root certificate|certificate)(?: file)? "(?P<file>[^"]*)"|^private key file "(?P<file2>[^"]*)" (?:has group or world access|must be owned|is not a regular file)|^check of private key failed`), source: "src/backend/libpq/be-secure-common.c, be-secure-openssl.c",
	},

	// Life cycle of the server.
	{class: "server-started", words: []string{"starting PostgreSQL"}, lasts: moment, pattern: lazyregexp.New(`^starting PostgreSQL (?P<version>[0-9.]+)`), source: "src/backend/postmaster/postmaster.c, since 12"},
	{class: "server-ready", words: []string{"ready to accept"}, lasts: moment, pattern: lazyregexp.New(`^database system is ready to accept (?:read[- ]only )?connections`), source: "src/backend/postmaster/postmaster.c: \"read only\" up to 13"},
	{class: "server-stopped", words: []string{"shut", "aborting startup"}, lasts: stays, pattern: lazyregexp.New(`^received (?:fast|smart|immediate) shutdown request|^database system is shut down|^aborting startup due to startup process failure`), source: "src/backend/postmaster/postmaster.c"},
	{
		class: "server-interrupted", words: []string{"interrupted; last known up"}, lasts: stays,
		pattern: lazyregexp.New(`^database system (?:shutdown )?was interrupted; last known up at (?P<up>.*)`), source: "src/backend/access/transam/xlog.c, since 15 xlogrecovery.c: after a crash, and in the first start from a base backup, which is no fault",
	},
	{class: "standby-started", words: []string{"entering standby mode", "archive recovery", "backup recovery"}, lasts: moment, pattern: lazyregexp.New(`^(?:entering standby mode|starting (?:archive|backup) recovery)`), source: "src/backend/access/transam/xlog.c, since 15 xlogrecovery.c"},
	{
		class: "server-crashed", words: []string{"terminated by signal", "server process", "database system was", "crash of another", "unexpected postmaster exit", "abnormal database system shutdown"}, lasts: stays,
		pattern: lazyregexp.New(`^[a-z ]*(?:\(PID \d+\) )?was terminated by signal (?P<signal>\d+)|^terminating any other active server processes|^all server processes terminated; reinitializing|^database system was not properly shut down|^database system was interrupted while in recovery|^terminating connection because of crash of another server process|^terminating connection due to unexpected postmaster exit|^abnormal database system shutdown`),
		source:  "src/backend/postmaster/postmaster.c, src/backend/access/transam/xlog.c, src/backend/tcop/postgres.c",
	},
	{class: "disk-full", words: []string{"No space left on device", "wrote only"}, lasts: stays, pattern: lazyregexp.New(`^could not (?:extend|write|create|open|fsync|allocate|copy|rename|flush|link)(?: \w+)* "?(?P<file>[^":]*)"?.*No space left on device|^could not (?:extend|write).*: wrote only \d+ of \d+ bytes`), source: "src/backend/storage/smgr/md.c and others: errno ENOSPC"},
	{
		class: "disk-written", words: []string{"complete: wrote", "automatic "}, lasts: moment,
		pattern: lazyregexp.New(`^(?:checkpoint|restartpoint) complete: wrote [1-9]\d* buffers|^automatic (?:vacuum|analyze) of table `), source: "src/backend/access/transam/xlog.c, src/backend/access/heap/vacuumlazy.c: that the disk took what was written",
	},
	{
		class: "server-starting", words: []string{"the database system is"}, lasts: repeats, reason: fact.ReasonStarting,
		pattern: lazyregexp.New(`^the database system is (?:starting up|in recovery mode|not yet accepting connections|not accepting connections)`), source: "src/backend/postmaster/postmaster.c: \"not yet accepting\" since 14",
	},
	{
		class: "server-stopping", words: []string{"is shutting down", "administrator command"}, lasts: repeats, reason: fact.ReasonStopping,
		pattern: lazyregexp.New(`^the database system is shutting down|^terminating connection due to administrator command`), source: "src/backend/postmaster/postmaster.c, src/backend/tcop/postgres.c",
	},

	// Replication.
	{class: "replication-started", words: []string{"started streaming WAL"}, lasts: moment, pattern: lazyregexp.New(`^started streaming WAL from primary`), source: "src/backend/replication/walreceiver.c"},
	{
		class: "replication-terminated", words: []string{"replication terminated", "terminating wal"}, lasts: stays,
		pattern: lazyregexp.New(`^replication terminated by primary server|^terminating walreceiver due to timeout|^terminating walsender process due to replication timeout`), source: "src/backend/replication/walreceiver.c, walsender.c",
	},
	{class: "promoted", words: []string{"timeline ID", "promote", "trigger file found"}, lasts: moment, pattern: lazyregexp.New(`^selected new timeline ID: (?P<timeline>\d+)|^received promote request|^(?:promote )?trigger file found`), source: "src/backend/access/transam/xlog.c, since 15 xlogrecovery.c: \"trigger file\" up to 11, \"promote trigger file\" 12 to 15"},

	// Schema. Locks first: their CONTEXT may name the schema's functions.
	{class: "read-only-transaction", words: []string{"in a read-only transaction", "during recovery"}, lasts: repeats, pattern: lazyregexp.New(`^cannot execute (?P<statement>\S+(?: [A-Z]+)*) (?:in a read-only transaction|during recovery)`), source: "src/backend/tcop/utility.c"},
	{
		class: "schema-lock", words: []string{"canceling statement", "still waiting", "deadlock", "could not obtain lock"}, lasts: repeats,
		pattern: lazyregexp.New(`^canceling statement due to (?:lock|statement) timeout|^process \d+ still waiting for (?P<lock>\w+) on|^deadlock detected|^process \d+ detected deadlock|^could not obtain lock on`), source: "src/backend/tcop/postgres.c, src/backend/storage/lmgr/proc.c, deadlock.c",
	},
	{
		class: "schema-error", lasts: stays,
		words:   []string{"does not exist", "already exists", "is not unique", "duplicate key", "null value", "foreign key", "does not match", "has no field", "for enum", "INSERT has more", "cannot change ", "depend on it", "unique index", "by some row", "check constraint", "ON CONFLICT", "unique constraint", "is ambiguous", "contains null values"},
		pattern: lazyregexp.New(schemaErrors), source: "src/backend/parser/parse_relation.c, parse_func.c; src/backend/access/nbtree/nbtinsert.c; src/backend/executor/execMain.c; src/backend/commands/tablecmds.c, functioncmds.c; src/backend/catalog/pg_proc.c: \"of relation\" in the messages about NOT NULL and CHECK since 13",
	},
}

// schemaErrors are the SQL errors of a schema that does not fit the program, and of an upgrade of it that meets what it did not expect.
const schemaErrors = `^(?:column|relation|type|schema|table|view|sequence|index|trigger|constraint) "?(?P<object>[^"]*?)"? (?:(?:of|for) (?:relation|table) "[^"]*" )?(?:does not exist|already exists)` +
	`|^column \S+ does not exist` +
	`|^(?:function|procedure) (?P<missing>\S+?)\(.*\) (?:does not exist|is not unique)` +
	`|^function "(?P<present>[^"]*)" already exists with same argument types` +
	`|^cannot change (?:return type of existing function|name of (?:input parameter|view column)|data type of view column)` +
	`|^cannot drop .* because other objects depend on it` +
	`|^duplicate key value violates unique constraint "(?P<constraint>[^"]*)"` +
	`|^could not create unique index "` +
	`|^null value in column "[^"]*"(?: of relation "[^"]*")? violates not-null constraint` +
	`|^column "[^"]*"(?: of relation "[^"]*")? contains null values` +
	`|^new row for relation "[^"]*" violates check constraint "` +
	`|^check constraint "[^"]*"(?: of relation "[^"]*")? is violated by some row` +
	`|^(?:insert or update|update or delete) on table .* violates foreign key constraint "[^"]*"` +
	`|^there is no unique (?:constraint matching given keys for referenced table|or exclusion constraint matching the ON CONFLICT specification)` +
	`|^structure of query does not match function result type` +
	`|^record "[^"]*" has no field "` +
	`|^column reference "[^"]*" is ambiguous` +
	`|^operator does not exist` +
	`|^invalid input value for enum` +
	`|^INSERT has more (?:expressions|target columns)`

// functionIn is the function of the CMS schema that a CONTEXT names first, "" when there is none (tech note 210530):
// "PL/pgSQL function create_matching_domain(uuid,text) line 3 at SQL statement".
func functionIn(context string) string {
	for {
		_, rest, found := strings.Cut(context, "PL/pgSQL function ")
		if !found {
			return ""
		}
		context = rest
		name, arguments, found := strings.Cut(rest, "(")
		_, line, closed := strings.Cut(arguments, ")")
		if found && closed && name != "" && strings.Trim(name, `abcdefghijklmnopqrstuvwxyz_0123456789."`) == "" && strings.HasPrefix(line, " line ") {
			return name
		}
	}
}

// match is what the table says of a text. All messages of that text share it.
type match struct {
	row           *messageClass
	args          map[string]string
	reason, alert string
	peer          string
}

// maxMatches bounds how many texts are remembered: most messages of a log are repetitions.
const maxMatches = 4096

// classify finds the row of a message. An SQL error whose CONTEXT names a function of the schema has one in any case, and so
// has what is left of a message when its head is missing.
func (m *material) classify(p *pgMessage) match {
	c, known := m.matches[p.text]
	if !known {
		c = matchOf(p.text)
		if len(m.matches) < maxMatches {
			m.matches[p.text] = c
		}
	}
	switch {
	case c.row != nil:
	case p.level == "PANIC":
		return match{row: panicRow}
	case (p.level == "ERROR" || p.headMissing) && p.function != "":
		return match{row: schemaErrorRow}
	}
	return c
}

// matchOf finds the first row that fits a text.
func matchOf(text string) match {
	for i := range messageClasses {
		row := &messageClasses[i]
		if !slices.ContainsFunc(row.words, func(word string) bool { return strings.Contains(text, word) }) {
			continue
		}
		pattern := row.pattern
		found := pattern.FindStringSubmatch(text)
		if found == nil {
			continue
		}
		args := map[string]string{}
		for j, name := range pattern.SubexpNames() {
			if name != "" && found[j] != "" {
				args[strings.TrimRight(name, "23")] = found[j]
			}
		}
		m := match{row, args, row.reason, "", args["peer"]}
		if text, ok := args["reason"]; ok {
			m.reason, m.alert = reasonOf(text)
			m.peer = cmp.Or(serverIn(text), m.peer)
		}
		delete(args, "reason")
		delete(args, "peer")
		return m
	}
	return match{}
}

// schemaErrorRow is the class of any SQL error whose CONTEXT names a function of the schema.
var schemaErrorRow = &messageClass{class: "schema-error", lasts: stays, source: "tech note 210530"}

// panicRow is the class of any other PANIC: the server ends with it (src/backend/utils/error/elog.c, errfinish).
var panicRow = &messageClass{class: "server-crashed", lasts: stays, source: "src/backend/utils/error/elog.c"}
