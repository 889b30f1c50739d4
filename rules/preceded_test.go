package rules

import "testing"

func TestCommandsThatChangeSomething(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]bool{
		"database cluster remove": true, "database  cluster join 10.1.1.1": true, "reboot": true, "ipv4 a add 10.1.1.1/24 10.1.1.254": true, "pki csr dbclient CN:postgres": true,
		"database cluster status": false, "ipv4 a": false, "pki list": false, "pki inspect dbclient.crt": false, "version": false, "rebooting": false, "ntp status": false, "syslog follow": false, "": false,
	} {
		if got := changes(command); got != want {
			t.Errorf("%q changes something: %v, want %v", command, got, want)
		}
	}
}
