package lang_test

import (
	"testing"

	"cbdoctor/lang"
)

func TestTheLocaleDecides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		env  map[string]string
		want lang.Lang
	}{
		{"nothing set", nil, lang.English},
		{"LANG", map[string]string{"LANG": "ja_JP.UTF-8"}, lang.Japanese},
		{"messages before LANG", map[string]string{"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, lang.English},
		{"LC_ALL before all", map[string]string{"LC_ALL": "ja_JP", "LC_MESSAGES": "en_US.UTF-8"}, lang.Japanese},
		{"C is English, and decides", map[string]string{"LC_ALL": "C", "LANG": "ja_JP.UTF-8"}, lang.English},
		{"unknown is English", map[string]string{"LANG": "de_DE.UTF-8"}, lang.English},
		{"empty counts as not set", map[string]string{"LC_ALL": "", "LANG": "ja"}, lang.Japanese},
	} {
		if got := lang.Locale(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]lang.Lang{"": lang.English, "en": lang.English, "ja": lang.Japanese, "JA-jp": lang.Japanese} {
		if got, err := lang.Parse(text); err != nil || got != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	if _, err := lang.Parse("jp"); err == nil {
		t.Error(`"jp" is a country, not a language, and was taken`)
	}
}

func TestWordsAndLists(t *testing.T) {
	t.Parallel()
	if got := lang.Japanese.T(" (%d more)", 3); got != "（ほか 3 件）" {
		t.Error(got)
	}
	if got := lang.English.Plural(1, "1 root cause", "%d root causes"); got != "1 root cause" {
		t.Error(got)
	}
	for l, want := range map[lang.Lang]string{lang.English: "a, b and c", lang.Japanese: "a、b、c"} {
		if got := l.List([]string{"a", "b", "c"}); got != want {
			t.Error(got)
		}
	}
	if got := lang.Japanese.T("no such text %d", 1); got != "no such text 1" {
		t.Error(got)
	}
}
