package rules

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"

	"cbdoctor/lang"
)

// Markdown writes the page.
func (p Page) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n**%s**\n\n%s\n", p.ID, p.Title, strings.Join(p.Facts, " · "))
	for _, s := range p.Sections {
		fmt.Fprintf(&b, "\n### %s\n\n", s.Heading)
		for i, item := range s.Items {
			bullet := "- "
			switch {
			case len(s.Items) == 1 && item.Code == "":
				bullet = ""
			case s.Ordered:
				bullet = fmt.Sprintf("%d. ", i+1)
			}
			indent := strings.Repeat(" ", len(bullet))
			b.WriteString(bullet + strings.ReplaceAll(item.Text, "\n", "\n"+indent) + "\n")
			if item.Code != "" {
				b.WriteString("\n" + indent + "    " + strings.ReplaceAll(item.Code, "\n", "\n"+indent+"    ") + "\n\n")
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteDocs writes the whole catalog as one document, "markdown" or "html".
func (c *Catalog) WriteDocs(w io.Writer, format string) error {
	switch format {
	case "markdown":
		return c.writeMarkdown(w)
	case "html":
		return htmlPage().Execute(w, struct {
			Lang     lang.Lang
			Heading  string
			Chapters []chapter
		}{c.lang, c.lang.T("Rules"), c.chapters()})
	default:
		return fmt.Errorf("documentation format %q is not one of markdown, html", format)
	}
}

type chapter struct {
	Family *Family
	Pages  []Page
}

func (c *Catalog) chapters() []chapter {
	var chapters []chapter
	for _, f := range c.Families {
		next := chapter{Family: f}
		for _, r := range c.Rules {
			if r.family == f {
				next.Pages = append(next.Pages, c.Page(r))
			}
		}
		if len(next.Pages) > 0 {
			chapters = append(chapters, next)
		}
	}
	return chapters
}

func (c *Catalog) writeMarkdown(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "# %s\n\n%s\n", c.lang.T("Rules"), c.lang.T("%d rules in %d families.", len(c.Rules), len(c.chapters()))); err != nil {
		return err
	}
	for _, chapter := range c.chapters() {
		if _, err := fmt.Fprintf(w, "\n# %s\n\n", chapter.Family.Title); err != nil {
			return err
		}
		for _, p := range chapter.Pages {
			if err := p.Markdown(w); err != nil {
				return err
			}
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
	}
	return nil
}

//go:embed docs.html
var htmlSource string

var htmlPage = sync.OnceValue(func() *template.Template { return template.Must(template.New("docs").Parse(htmlSource)) })
