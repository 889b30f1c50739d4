package analyze

import (
	"slices"
	"testing"

	"cbdoctor/fact"
)

// wordings are the messages of every row, in the words of each version that has its own (PostgreSQL 9.4 to 17).
var wordings = []struct{ class, text string }{
	{"replication-connect-failed", `could not connect to the primary server: could not connect to server: Connection refused`},
	{"replication-connect-failed", `could not connect to the primary server: connection to server at "10.1.1.1", port 5432 failed: Connection refused`},
	{"replication-connect-failed", `streaming replication receiver "walreceiver" could not connect to the primary server: connection to server at "10.1.1.1", port 5432 failed: timeout expired`},
	{"replication-connect-failed", `could not receive data from WAL stream: server closed the connection unexpectedly`},
	{"replication-connect-failed", `could not receive data from WAL stream: SSL SYSCALL error: EOF detected`},
	{"replication-connect-failed", `could not send data to WAL stream: SSL connection has been closed unexpectedly`},
	{"replication-connect-failed", `could not receive database system identifier and timeline ID from the primary server: server closed the connection unexpectedly`},
	{"replication-connect-failed", `could not connect to the primary server: expected authentication request from server, but received H`},
	{"client-cn-mismatch", `certificate validation (clientcert=verify-full) failed for user "postgres": DN mismatch`},
	{"client-cn-mismatch", `certificate authentication failed for user "postgres": client certificate contains no user name`},
	{"client-cn-mismatch", `provided user name (postgres) and authenticated user name (cb3) do not match`},
	{"client-cn-mismatch", `no match in usermap "cms" for user "postgres" authenticated as "cb3"`},
	{"client-cn-mismatch", `certificate validation (clientcert=verify-full) failed for user "postgres": CN mismatch`},
	{"client-cert-required", `connection requires a valid client certificate`},
	{"cert-auth-failed", `certificate authentication failed for user "postgres"`},
	{"no-hba-entry", `no pg_hba.conf entry for host "10.1.1.2", user "postgres", database "cluster", SSL off`},
	{"no-hba-entry", `no pg_hba.conf entry for host "10.1.1.2", user "postgres", database "cluster", no encryption`},
	{"no-hba-entry", `no pg_hba.conf entry for host "10.1.1.2", user "postgres", database "cluster", SSL encryption`},
	{"no-hba-entry", `no pg_hba.conf entry for replication connection from host "10.1.1.2", user "postgres", SSL on`},
	{"auth-failed", `pg_hba.conf rejects connection for host "10.1.1.2", user "postgres", database "cluster", SSL encryption`},
	{"auth-failed", `password authentication failed for user "postgres"`},
	{"auth-failed", `role "postgres" does not exist`},
	{"auth-failed", `database "cluster" does not exist`},
	{"auth-failed", `must be superuser or replication role to start walsender`},
	{"auth-failed", `permission denied to start WAL sender`},
	{"too-many-connections", `sorry, too many clients already`},
	{"too-many-connections", `remaining connection slots are reserved for non-replication superuser connections`},
	{"too-many-connections", `remaining connection slots are reserved for roles with the SUPERUSER attribute`},
	{"too-many-connections", `remaining connection slots are reserved for roles with privileges of the "pg_use_reserved_connections" role`},
	{"max-wal-senders", `number of requested standby connections exceeds max_wal_senders (currently 2)`},
	{"wal-removed", `requested WAL segment 000000010000000000000003 has already been removed`},
	{"wal-removed", `could not receive data from WAL stream: ERROR:  requested WAL segment 000000010000000000000003 has already been removed`},
	{"wal-removed", `could not start WAL streaming: ERROR:  can no longer access replication slot "cms02"`},
	{"wal-removed", `can no longer get changes from replication slot "cms02"`},
	{"timeline-diverged", `highest timeline 1 of the primary is behind recovery timeline 2`},
	{"timeline-diverged", `requested starting point 0/9000000 on timeline 2 is not in this server's history`},
	{"timeline-diverged", `could not start WAL streaming: ERROR:  requested starting point 0/9000000 on timeline 2 is not in this server's history`},
	{"timeline-diverged", `new timeline 2 forked off current database system timeline 1 before current recovery point 0/6018D98`},
	{"timeline-diverged", `new timeline 3 is not a child of database system timeline 2`},
	{"timeline-diverged", `requested timeline 3 is not a child of this server's history`},
	{"timeline-diverged", `requested starting point 0/9000000 is ahead of the WAL flush position of this server 0/8000000`},
	{"system-id-differs", `database system identifier differs between the primary and standby`},
	{"ssl-accept-failed", `could not accept SSL connection: certificate verify failed`},
	{"server-cert-file", `could not load server certificate file "server.crt": No such file or directory`},
	{"server-cert-file", `could not load private key file "server.key": key values mismatch`},
	{"server-cert-file", `could not access private key file "server.key": No such file or directory`},
	{"server-cert-file", `private key file "server.key" has group or world access`},
	{"server-cert-file", `private key file "server.key" must be owned by the database user or root`},
	{"server-cert-file", `check of private key failed: key values mismatch`},
	{"server-started", `starting PostgreSQL 15.18 on x86_64-pc-linux-gnu`},
	{"server-ready", `database system is ready to accept connections`},
	{"server-ready", `database system is ready to accept read only connections`},
	{"server-ready", `database system is ready to accept read-only connections`},
	{"server-stopped", `received fast shutdown request`},
	{"server-stopped", `database system is shut down`},
	{"server-interrupted", `database system was interrupted; last known up at 2025-06-05 21:08:00 UTC`},
	{"server-stopped", `aborting startup due to startup process failure`},
	{"server-interrupted", `database system shutdown was interrupted; last known up at 2025-06-05 21:08:00 UTC`},
	{"server-crashed", `abnormal database system shutdown`},
	{"disk-full", `could not write to log file 00000001000000000000000A at offset 0, length 8192: No space left on device`},
	{"promoted", `trigger file found: /srv/pgsql/promote`},
	{"promoted", `promote trigger file found: /srv/pgsql/promote`},
	{"standby-started", `entering standby mode`},
	{"standby-started", `starting backup recovery with redo LSN 0/2000028, checkpoint LSN 0/2000060, on timeline ID 1`},
	{"server-crashed", `server process (PID 811) was terminated by signal 9: Killed`},
	{"server-crashed", `checkpointer process (PID 11) was terminated by signal 6: Aborted`},
	{"server-crashed", `terminating any other active server processes`},
	{"server-crashed", `all server processes terminated; reinitializing`},
	{"server-crashed", `database system was not properly shut down; automatic recovery in progress`},
	{"server-crashed", `database system was interrupted while in recovery at log time 2025-06-05 21:08:00 UTC`},
	{"server-crashed", `terminating connection because of crash of another server process`},
	{"server-crashed", `terminating connection due to unexpected postmaster exit`},
	{"disk-written", `checkpoint complete: wrote 412 buffers (2.5%); 0 WAL file(s) added, 0 removed, 0 recycled; write=20.1 s, sync=0.02 s, total=20.3 s`},
	{"disk-written", `restartpoint complete: wrote 3 buffers (0.0%); 0 WAL file(s) added, 0 removed, 1 recycled`},
	{"disk-written", `automatic vacuum of table "cluster.public.cdrs": index scans: 1`},
	{"disk-full", `could not extend file "base/16384/16385": No space left on device`},
	{"disk-full", `could not extend file "base/16384/16385": wrote only 4096 of 8192 bytes at block 5`},
	{"disk-full", `could not write to file "pg_wal/xlogtemp.29": No space left on device`},
	{"disk-full", `could not write block 5 of temporary file: No space left on device`},
	{"disk-full", `could not create directory "base/pgsql_tmp": No space left on device`},
	{"server-starting", `the database system is starting up`},
	{"server-starting", `the database system is in recovery mode`},
	{"server-starting", `the database system is not yet accepting connections`},
	{"server-starting", `the database system is not accepting connections`},
	{"server-stopping", `the database system is shutting down`},
	{"server-stopping", `terminating connection due to administrator command`},
	{"replication-started", `started streaming WAL from primary at 0/3000000 on timeline 1`},
	{"replication-terminated", `replication terminated by primary server`},
	{"replication-terminated", `terminating walreceiver due to timeout`},
	{"replication-terminated", `terminating walsender process due to replication timeout`},
	{"promoted", `selected new timeline ID: 2`},
	{"promoted", `received promote request`},
	{"read-only-transaction", `cannot execute CREATE TABLE in a read-only transaction`},
	{"read-only-transaction", `cannot execute nextval() in a read-only transaction`},
	{"read-only-transaction", `cannot execute VACUUM during recovery`},
	{"schema-lock", `canceling statement due to lock timeout`},
	{"schema-lock", `canceling statement due to statement timeout`},
	{"schema-lock", `process 811 still waiting for AccessExclusiveLock on relation 16385 of database 16384 after 1000.1 ms`},
	{"schema-lock", `deadlock detected`},
	{"schema-error", `column "missing_col" does not exist at character 8`},
	{"schema-error", `column d.missing_col does not exist at character 8`},
	{"schema-error", `column "target" of relation "domains" does not exist`},
	{"schema-error", `relation "missing_table" does not exist at character 15`},
	{"schema-error", `function missing_f() does not exist at character 8`},
	{"schema-error", `type "call_leg" does not exist`},
	{"schema-error", `duplicate key value violates unique constraint "domains_pkey"`},
	{"schema-error", `null value in column "domain_name" of relation "domains" violates not-null constraint`},
	{"schema-error", `null value in column "domain_name" violates not-null constraint`},
	{"schema-error", `insert or update on table "domains" violates foreign key constraint "domains_tenant_fkey"`},
	{"schema-error", `relation "domains" already exists`},
	{"schema-error", `column "target" of relation "domains" already exists`},
	{"schema-error", `constraint "domains_pkey" for relation "domains" already exists`},
	{"schema-error", `constraint "domains_fkey" of relation "domains" does not exist`},
	{"schema-error", `trigger "t" for table "domains" does not exist`},
	{"schema-error", `index "domains_target" does not exist`},
	{"schema-error", `function "create_matching_domain" already exists with same argument types`},
	{"schema-error", `function create_matching_domain(uuid, text) is not unique at character 8`},
	{"schema-error", `cannot change return type of existing function`},
	{"schema-error", `cannot change name of input parameter "inp_target"`},
	{"schema-error", `cannot drop table domains because other objects depend on it`},
	{"schema-error", `could not create unique index "domains_name_key"`},
	{"schema-error", `column "target" contains null values`},
	{"schema-error", `column "target" of relation "domains" contains null values`},
	{"schema-error", `check constraint "domains_check" is violated by some row`},
	{"schema-error", `check constraint "domains_check" of relation "domains" is violated by some row`},
	{"schema-error", `new row for relation "domains" violates check constraint "domains_check"`},
	{"schema-error", `there is no unique or exclusion constraint matching the ON CONFLICT specification`},
	{"schema-error", `there is no unique constraint matching given keys for referenced table "tenants"`},
	{"schema-error", `column reference "domain_id" is ambiguous at character 8`},
	{"schema-error", `structure of query does not match function result type`},
	{"schema-error", `record "new" has no field "priority"`},
	{"schema-error", `invalid input value for enum call_state: "held"`},
	{"schema-error", `operator does not exist: uuid = text at character 40`},
}

func TestWordings(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{}
	for _, w := range wordings {
		c := matchOf(w.text)
		if c.row == nil || c.row.class != w.class {
			t.Errorf("%q is %+v, want %s", w.text, c.row, w.class)
			continue
		}
		tested[w.class] = true
	}
	for _, row := range messageClasses {
		if !tested[row.class] {
			t.Errorf("no wording of class %s is tested", row.class)
		}
	}
}

// What somebody typed may have any words; and some faults only sound like those of the database.
func TestNoClass(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`statement: select 'could not accept SSL connection: certificate verify failed'`,
		`duration: 5.1 ms  statement: select 'No space left on device'`,
		`invalid input syntax for type uuid: "relation x does not exist"`,
		`syntax error at or near "deadlock detected"`,
		`could not resize shared memory segment "/PostgreSQL.12" to 1048576 bytes: No space left on device`,
		`unexpected EOF on client connection with an open transaction`,
		`could not receive data from client: Connection reset by peer`,
		`canceling statement due to user request`,
		`terminating walreceiver process due to administrator command`,
		`could not start WAL streaming: ERROR:  replication slot "cms02" does not exist`,
		`checkpoint complete: wrote 0 buffers (0.0%)`,
		`redo starts at 0/2000028`,
	} {
		if c := matchOf(text); c.row != nil {
			t.Errorf("%q is taken for %s", text, c.row.class)
		}
	}
}

// reasonWordings are what libpq and OpenSSL say, in each generation.
var reasonWordings = []struct{ reason, alert, text string }{
	{fact.ReasonRefused, "", `could not connect to server: Connection refused Is the server running on host "10.1.1.1" and accepting TCP/IP connections on port 5432?`},
	{fact.ReasonRefused, "", `connection to server at "10.1.1.1", port 5432 failed: Connection refused`},
	{fact.ReasonTimeout, "", `timeout expired`},
	{fact.ReasonTimeout, "", `connection to server at "10.1.1.1", port 5432 failed: Connection timed out`},
	{fact.ReasonNoRoute, "", `could not connect to server: No route to host`},
	{fact.ReasonNoRoute, "", `could not connect to server: Network is unreachable`},
	{fact.ReasonReset, "", `could not receive data from server: Connection reset by peer`},
	{fact.ReasonReset, "", `could not send startup packet: Broken pipe`},
	{fact.ReasonClosed, "", `server closed the connection unexpectedly This probably means the server terminated abnormally before or while processing the request.`},
	{fact.ReasonClosed, "", `SSL connection has been closed unexpectedly`},
	{fact.ReasonClosed, "", `SSL SYSCALL error: EOF detected`},
	{fact.ReasonClosed, "", `SSL error: unexpected eof while reading`},
	{fact.ReasonTLSAlert, "certificate_expired", `SSL error: sslv3 alert certificate expired`},
	{fact.ReasonTLSAlert, "certificate_expired", `SSL error: ssl/tls alert certificate expired`},
	{fact.ReasonTLSAlert, "bad_certificate", `SSL error: sslv3 alert bad certificate`},
	{fact.ReasonTLSAlert, "unknown_ca", `SSL error: tlsv1 alert unknown ca`},
	{fact.ReasonTLSAlert, "unsupported_certificate", `SSL error: sslv3 alert unsupported certificate`},
	{fact.ReasonTLSAlert, "certificate_required", `SSL error: tlsv13 alert certificate required`},
	{fact.ReasonTLSAlert, "certificate_revoked", `SSL error: sslv3 alert certificate revoked`},
	{fact.ReasonTLSAlert, "handshake_failure", `SSL error: sslv3 alert handshake failure`},
	{fact.ReasonTLSVersion, "protocol_version", `SSL error: tlsv1 alert protocol version`},
	{fact.ReasonTLSVersion, "", `unsupported protocol`},
	{fact.ReasonTLSVersion, "", `unknown protocol`},
	{fact.ReasonTLSVersion, "", `SSL error: version too low`},
	{fact.ReasonTLSVersion, "inappropriate_fallback", `SSL error: tlsv1 alert inappropriate fallback`},
	{fact.ReasonTLSCipher, "", `SSL error: no suitable key share`},
	{fact.ReasonTLSCipher, "", `no shared signature algorithms`},
	{fact.ReasonTLSAlert, "illegal_parameter", `SSL error: sslv3 alert illegal parameter`},
	{fact.ReasonTLSAlert, "decode_error", `SSL error: ssl/tls alert decode error`},
	{fact.ReasonTLSVerify, "", `server certificate for "db.example.com" does not match host name "10.1.1.1"`},
	{fact.ReasonTLSOther, "", `received unencrypted data after SSL response`},
	{fact.ReasonTLSOther, "", `could not establish SSL connection: no SSL error reported`},
	{fact.ReasonCertFile, "", `root certificate file "/srv/pgsql/ca.crt" does not exist Either provide the file, use the system's trusted roots with sslrootcert=system, or change sslmode to disable server certificate verification.`},
	{fact.ReasonCertFile, "", `could not get home directory to locate root certificate file Either provide the file or change sslmode to disable server certificate verification.`},
	{fact.ReasonCertFile, "", `private key file "/srv/pgsql/client.key" has group or world access; permissions should be u=rw (0600) or less`},
	{fact.ReasonTLSVersion, "", `SSL error: wrong version number`},
	{fact.ReasonTLSCipher, "", `no shared cipher`},
	{fact.ReasonTLSVerify, "", `SSL error: certificate verify failed`},
	{fact.ReasonTLSOff, "", `server does not support SSL, but SSL was required`},
	{fact.ReasonNotPostgres, "", `received invalid response to SSL negotiation: H`},
	{fact.ReasonNotPostgres, "", `expected authentication request from server, but received H`},
	{fact.ReasonCertFile, "", `root certificate file "/srv/pgsql/ca.crt" does not exist Either provide the file or change sslmode to disable server certificate verification.`},
	{fact.ReasonCertFile, "", `could not load private key file "/srv/pgsql/client.key": key values mismatch`},
	{fact.ReasonCertFile, "", `certificate does not match private key file "/srv/pgsql/client.key": key values mismatch`},
	{fact.ReasonCertFile, "", `private key file "/srv/pgsql/client.key" has group or world access; file must have permissions u=rw (0600) or less`},
	{fact.ReasonCertFile, "", `could not read certificate file "/srv/pgsql/client.crt": ee key too small`},
	{fact.ReasonClientCN, "", `FATAL: certificate authentication failed for user "postgres"`},
	{fact.ReasonClientCert, "", `FATAL: connection requires a valid client certificate`},
	{fact.ReasonAuth, "", `FATAL: no pg_hba.conf entry for host "10.1.1.2", user "postgres", database "cluster", no encryption`},
	{fact.ReasonAuth, "", `FATAL: database "cluster" does not exist`},
	{fact.ReasonTooMany, "", `FATAL: sorry, too many clients already`},
	{fact.ReasonTooMany, "", `FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute`},
	{fact.ReasonStarting, "", `FATAL: the database system is starting up`},
	{fact.ReasonStarting, "", `FATAL: the database system is not accepting connections DETAIL: Hot standby mode is disabled.`},
	{fact.ReasonStopping, "", `FATAL: the database system is shutting down`},
	{fact.ReasonResolve, "", `could not translate host name "db" to address: Name or service not known`},
	{fact.ReasonTLSOther, "", `SSL error: bad signature`},
	{fact.ReasonOther, "", `something that nobody has seen yet`},
}

func TestReasonWordings(t *testing.T) {
	t.Parallel()
	var tested []string
	for _, w := range reasonWordings {
		if reason, alert := reasonOf(w.text); reason != w.reason || alert != w.alert {
			t.Errorf("%q: reason %q alert %q, want %q %q", w.text, reason, alert, w.reason, w.alert)
		}
		tested = append(tested, w.reason)
	}
	for _, row := range reasonRows {
		if !slices.Contains(tested, row.reason) {
			t.Errorf("no wording of reason %s is tested", row.reason)
		}
	}
}

// Since PostgreSQL 16 the server's log names why it rejects a certificate.
func TestVerifyDetail(t *testing.T) {
	t.Parallel()
	args := map[string]string{}
	verifyArgs(`Client certificate verification failed at depth 0: certificate has expired. Failed certificate data (unverified): subject "/CN=postgres", serial number 2315, issuer "/CN=Root CA".`, args)
	if args["verify"] != "certificate_expired" || args["subject"] != "/CN=postgres" {
		t.Errorf("%v", args)
	}
}
