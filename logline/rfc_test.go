package logline

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestPlainMessagesAreSplitAsTheLibraryDoes: what is split without the library is what it makes of the line. Only a text that is no UTF-8,
// which the library drops, stays, and RFC 3164 is taken as loosely as CMS does.
func TestPlainMessagesAreSplitAsTheLibraryDoes(t *testing.T) {
	t.Parallel()
	plain := 0
	rapid.Check(t, func(t *rapid.T) {
		one := func(name string, of ...string) string { // most often the usual one
			if rapid.IntRange(0, 3).Draw(t, "odd") > 0 {
				return of[0]
			}
			return rapid.SampledFrom(of).Draw(t, name)
		}
		line := strings.Join([]string{
			one("priority", "<165>1", "<14>1", "<0>1", "<191>1", "<192>1", "<014>1", "<00>1"),
			one("stamp", "2024-03-05T16:50:25.736Z", "2024-03-05T16:50:25Z", "2024-03-05T16:50:25.000Z", "2024-03-05T16:50:25.700100Z", "2024-03-05T23:50:25.123456-01:30", "2024-02-28T00:50:25+02:00", "2024-03-05 16:50:25Z", "2024-03-05T16:50:25", "2024-03-05T16:50:25.1234567Z", "2024-02-30T16:50:25Z", "2024-03-05T16:50:60Z", "-"),
			one("host", "cms01", "10.48.36.61", "-", "", "caf\u00e9", strings.Repeat("h", 255), strings.Repeat("h", 256)),
			one("program", "postgres", "host:server", "-", strings.Repeat("p", 48), strings.Repeat("p", 49)),
			one("process", "811", "-", "811x", "99999999999999999999"),
			one("message id", "-", "ID47", strings.Repeat("m", 33)),
			one("data", "-", `[a@1 b="c"]`, "x", "--"),
			one("text", "[5-1] LOG:  x", "", " two", "\ufefftext", "caf\u00e9", "Mar 11 17:13:06.912 user.info cms01 sfpool: Health check", "  Mar 11 17:13:06.912 user.info cms01 sfpool: Health check"),
		}, " ")
		got, ok := plainRFC5424([]byte(line))
		split := parseRFC5424
		if rapid.Bool().Draw(t, "RFC 3164") {
			line = one("priority", "<165>", "<14>", "<0>", "<191>", "<192>", "<014>", "<00>") + strings.Join([]string{
				one("stamp", "Mar  5 16:50:25", "Mar 15 16:50:25", "Mar 05 16:50:25", "Mar 5 16:50:25", "Feb 30 16:50:25", "Mar 15 16:50:60", "Mar 15 16:50:25.123", "2024-03-05T16:50:25Z"),
				one("host", "cms01", "10.48.36.61", "cms-core.example.com", "cms01:", "-", "", "caf\u00e9", "fe80::1"),
				one("program", "postgres[811]:", "host:server:", "sfpool:", "postgres [811]: ", "ntpd[]:", "[1]:", "no", "cms01"),
				one("text", "[5-1] LOG:  x", "", " two", "a [1]: b", "caf\u00e9", "cms01 cms01 sfpool: x", "Mar 11 17:13:06.912 user.info cms01 sfpool: Health check", "  Mar 11 17:13:06.912 user.info cms01 sfpool: Health check"),
			}, " ")
			got, ok = plainRFC3164([]byte(line))
			split = parseRFC3164
		}
		if !ok {
			return
		}
		plain++
		want, ok := split([]byte(line))
		if !ok && !strings.Contains(line, ">1 ") {
			return // as "Mar 05" and "postgres [811]:", which CMS writes and the RFC does not know
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(fields{})); diff != "" || !ok {
			t.Errorf("%s (library: %v; - library, + plain):\n%s", line, ok, diff)
		}
	})
	if plain == 0 {
		t.Error("no line was plain")
	}
}
