// Command screenshots takes the pictures of the documentation: it opens an HTML page in headless Chromium and saves what it sees.
//
//	screenshots PAGE.html DIR [NAME...]
//
// It writes DIR/NAME.png for each view of the table below, or for those that are named.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// view is one picture: how wide the window is, what is done first, and what is taken; "" is the first screen.
type view struct {
	name          string
	width, height int64
	dark          bool
	do            []step
	element       string
}

type step = chromedp.Action[chromedp.Void]

// press clicks without scrolling: an element may be below the sticky header.
func press(selector string) step {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Evaluate[any](fmt.Sprintf("document.querySelector(%q).click()", selector), chromedp.EvalIgnoreExceptions)(ctx, t)
		if errors.Is(err, chromedp.ErrJSUndefined) {
			err = nil
		}
		return chromedp.Void{}, err
	}
}

var views = []view{
	{name: "report", width: 900, height: 960},
	{name: "html", width: 1280, height: 860},
	{name: "html-dark", width: 1280, height: 860, dark: true},
	{name: "html-japanese", width: 1280, height: 860, do: []step{press("#lang-ja")}},
	{name: "html-narrow", width: 420, height: 900},
	{name: "html-plan", width: 1280, height: 860, element: "#plan"},
	{name: "html-findings", width: 1280, height: 860, element: "#findings"},
	{name: "html-timeline", width: 1280, height: 860, do: []step{press("#in-view summary"), chromedp.Sleep(400 * time.Millisecond)}, element: "#timeline"},
	{name: "html-packets", width: 1280, height: 860, element: "#ladders"},
	{name: "html-certificates", width: 1280, height: 860, element: "#certificates"},
	{name: "html-sessions", width: 1280, height: 860, element: "#sessions"},
	{name: "html-search", width: 1280, height: 860, do: []step{chromedp.SendKeys(chromedp.CSS("#search"), "5432"), chromedp.WaitVisible(chromedp.CSS("#results li"))}},
}

func main() {
	if err := take(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func take(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: screenshots PAGE.html DIR [NAME...]")
	}
	page, err := filepath.Abs(args[0])
	if err != nil {
		return err
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	browser, stop := chromedp.NewContext(ctx)
	defer stop()
	if err := chromedp.Do(browser); err != nil {
		return fmt.Errorf("start Chromium (the package chromium of Debian): %w", err)
	}
	for _, v := range views {
		if len(args) > 2 && !slices.Contains(args[2:], v.name) {
			continue
		}
		if err := v.take(browser, page, args[1]); err != nil {
			return fmt.Errorf("view %s: %w", v.name, err)
		}
	}
	return nil
}

func (v *view) take(browser context.Context, page, dir string) error {
	tab, stop := chromedp.NewContext(browser)
	defer stop()
	scheme := "light"
	if v.dark {
		scheme = "dark"
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}
	if err := chromedp.Do(tab); err != nil {
		return err
	}
	tab, stop = context.WithTimeout(tab, 30*time.Second)
	defer stop()
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, media); err != nil {
		return err
	}
	steps := []step{chromedp.EmulateViewport(v.width, v.height), chromedp.Navigate("file://" + page), chromedp.WaitReady(chromedp.CSS("html.scripted")), chromedp.Sleep(200 * time.Millisecond)}
	if err := chromedp.Do(tab, append(append(steps, v.do...), chromedp.Sleep(300*time.Millisecond))...); err != nil {
		return err
	}
	take := chromedp.CaptureScreenshot()
	if v.element != "" {
		take = chromedp.Screenshot(chromedp.CSS(v.element))
	}
	picture, err := chromedp.Run(tab, take)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, v.name+".png")
	fmt.Println(file)
	return os.WriteFile(file, picture, 0o644)
}
