// The page is complete without this script. It adds zoom, search, copying and long tables. Text from the report gets into the
// page as text only (textContent), never as markup.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;
  const words = JSON.parse($("words").textContent);
  root.classList.add("scripted");

  // make("td", {class: "x"}, "text", node ...)
  const make = (name, attributes, ...children) => {
    const e = document.createElement(name);
    for (const [k, v] of Object.entries(attributes || {})) e.setAttribute(k, v);
    e.append(...children.filter((c) => c !== undefined && c !== null && c !== ""));
    return e;
  };

  // Language: the radio buttons and the style sheet do it; here only what is no text of an element.
  const lang = () => ($("lang-ja").checked ? "ja" : "en");
  const word = (key, ...n) => {
    let i = 0;
    return ((lang() === "ja" && words[key]) || key).replace(/%(?:\[(\d+)\])?d/g, (_, k) => n[k ? k - 1 : i++]);
  };
  const inLanguage = () => {
    root.lang = lang();
    for (const e of document.querySelectorAll("[data-label]")) e.setAttribute("aria-label", word(e.dataset.label));
    for (const e of document.querySelectorAll("[data-placeholder]")) e.placeholder = word(e.dataset.placeholder);
  };
  for (const e of document.getElementsByName("lang")) e.addEventListener("change", () => { inLanguage(); redraw(); });

  // The report itself, unpacked when it is first wanted.
  const unpack = async () => {
    const packed = JSON.parse($("report").textContent).replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
    const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
    return { text, json: JSON.parse(text) };
  };
  let loading;
  const report = () => (loading ||= unpack());

  // Copying.
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = make("textarea", { class: "sr" });
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const done = await copy(button.parentElement.querySelector("code").textContent);
    const before = [...button.childNodes];
    $("says").textContent = word(done ? "Copied" : "Select it and press Ctrl+C");
    if (button.dataset.busy) return;
    button.dataset.busy = "1";
    button.replaceChildren($("says").textContent);
    setTimeout(() => { button.replaceChildren(...before); delete button.dataset.busy; }, 1500);
  });
  const commandOf = (text) => make("span", { class: "command inline" }, make("code", {}, text), make("button", { type: "button", class: "copy script" }, word("Copy")));

  // Going to a place opens what it is folded into.
  const reveal = (target) => {
    for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    target.scrollIntoView({ block: "start" });
  };
  const toHash = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) reveal(target);
  };
  addEventListener("hashchange", toHash);

  // Printing shows what is folded.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const d of folded) d.open = true;
  });
  addEventListener("afterprint", () => { for (const d of folded) d.open = false; });

  // Timeline: what is seen of it is the view box.
  const time = $("time");
  let redrawTime = () => {};
  if (time) {
    const marks = $("marks"), WIDTH = 100000, height = Number(time.dataset.height);
    const from = Number(time.dataset.from), to = Number(time.dataset.to);
    let start = 0, end = WIDTH;
    const at = (x) => from + ((to - from) * x) / WIDTH;
    const iso = (ms) => new Date(ms).toISOString();
    const stamp = (ms) => iso(ms).slice(0, 19).replace("T", " ");
    const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 108e5, 216e5, 432e5, 864e5, 1728e5, 6048e5, 2592e6];
    const short = (s) => s.slice(0, 23).replace("T", " ").replace("Z", "");
    let waiting;
    redrawTime = () => {
      marks.setAttribute("viewBox", `${start} 0 ${end - start} ${height}`);
      const a = at(start), b = at(end), wide = time.clientWidth || 800;
      const step = steps.find((s) => (s / (b - a)) * wide > 95) || 31536e6;
      const ticks = [];
      for (let ms = Math.ceil(a / step) * step; ms <= b && ticks.length < 40; ms += step) {
        const t = document.createElementNS("http://www.w3.org/2000/svg", "text");
        t.setAttribute("x", `${(100 * (ms - a)) / (b - a)}%`);
        t.setAttribute("y", height + 18);
        const s = iso(ms);
        t.textContent = step >= 864e5 ? s.slice(0, 10) : b - a > 1296e5 ? s.slice(5, 16).replace("T", " ") : s.slice(11, step < 1000 ? 23 : 19);
        ticks.push(t);
      }
      $("ticks").replaceChildren(...ticks);
      $("range-from").textContent = stamp(a);
      $("range-to").textContent = stamp(b);
      clearTimeout(waiting);
      if ($("in-view").open) waiting = setTimeout(() => inView(a, b), 150);
    };
    const show = (a, b) => {
      const least = Math.max(WIDTH / (to - from), WIDTH / 1e7), width = Math.min(Math.max(b - a, least), WIDTH);
      start = Math.min(Math.max(a, 0), WIDTH - width);
      end = start + width;
      redrawTime();
    };
    const zoom = (factor, center = (start + end) / 2) => show(center - (center - start) * factor, center + (end - center) * factor);
    const actions = {
      in: () => zoom(0.5), out: () => zoom(2), all: () => show(0, WIDTH),
      left: () => show(start - (end - start) / 4, end - (end - start) / 4), right: () => show(start + (end - start) / 4, end + (end - start) / 4),
    };
    for (const b of document.querySelectorAll("[data-zoom]")) b.addEventListener("click", () => actions[b.dataset.zoom]());
    const keys = { "+": "in", "=": "in", "-": "out", "0": "all", ArrowLeft: "left", ArrowRight: "right" };
    time.addEventListener("keydown", (e) => {
      if (!keys[e.key] || e.ctrlKey || e.metaKey || e.altKey) return;
      e.preventDefault();
      actions[keys[e.key]]();
    });
    const xOf = (e) => start + ((e.clientX - time.getBoundingClientRect().left) / time.clientWidth) * (end - start);
    time.addEventListener("wheel", (e) => {
      if (!e.ctrlKey && !e.metaKey) return;
      e.preventDefault();
      zoom(e.deltaY < 0 ? 0.75 : 4 / 3, xOf(e));
    }, { passive: false });
    let drag;
    time.addEventListener("pointerdown", (e) => { drag = { x: e.clientX, start, moved: false }; });
    time.addEventListener("pointermove", (e) => {
      if (!drag || !(e.buttons & 1)) return;
      const by = ((drag.x - e.clientX) / time.clientWidth) * (end - start);
      if (Math.abs(e.clientX - drag.x) > 3) { drag.moved = true; show(drag.start + by, drag.start + by + end - start); }
    });
    time.addEventListener("click", (e) => {
      const mark = e.target.closest(".mark");
      if (!mark || (drag && drag.moved)) return;
      for (const m of marks.querySelectorAll(".marked")) m.classList.remove("marked");
      mark.classList.add("marked");
      $("marked").hidden = false;
      $("marked").textContent = mark.querySelector("title").textContent;
    });
    document.addEventListener("click", (e) => {
      const go = e.target.closest("[data-from]");
      if (!go || !go.matches("button")) return;
      const x = (s) => ((Date.parse(s.replace(" ", "T") + "Z") - from) / (to - from)) * WIDTH;
      const a = x(go.dataset.from), b = x(go.dataset.to || go.dataset.from), room = Math.max((b - a) / 8, (1000 / (to - from)) * WIDTH);
      show(a - room, b + room);
      reveal($("timeline"));
    });
    time.addEventListener("dblclick", (e) => zoom(0.25, xOf(e)));

    // What happened in the time that is seen, as a table: for reading, and for those who don't see the marks.
    const inView = async (a, b) => {
      const { json } = await report();
      const rows = [];
      let n = 0;
      for (const e of json.timeline) {
        const first = Date.parse(e.time), last = e.last ? Date.parse(e.last) : first;
        if (last < a || first > b || e.kind === "session") continue;
        if (++n <= 200) rows.push([short(e.time), e.node, e.finding || "", e.count > 1 ? `${e.text} (${word("%d times", e.count)}, – ${short(e.last)})` : e.text]);
      }
      for (const c of json.captures) for (const s of c.sessions) {
        const first = Date.parse(s.first), last = Date.parse(s.last);
        if (last < a || first > b) continue;
        if (++n <= 200) rows.push([short(s.first), s.client, s.verdict, `${s.client} → ${s.server}: ${s.reason}`]);
      }
      rows.sort((x, y) => (x[0] < y[0] ? -1 : 1));
      $("in-view").querySelector(".count").textContent = ` (${n})`;
      $("in-view").querySelector("tbody").replaceChildren(...rows.map((r) => make("tr", {}, ...r.map((c) => make("td", {}, c)))));
    };
    $("in-view").addEventListener("toggle", redrawTime);
    addEventListener("resize", redrawTime);
    redrawTime();
  }

  // Sessions: the rows in the page are the first ones; with the data all can be looked through.
  const table = $("session-table");
  let redrawSessions = () => {};
  if (table) {
    const body = table.tBodies[0], good = new Set(["ok", "ok-recovered", "ok-plaintext", "midstream", "open", "one-way", "closed-by-client"]);
    let limit = 100, all;
    redrawSessions = async () => {
      if (!all) {
        const { json } = await report();
        all = json.captures.flatMap((c) => c.sessions.map((s) => ({ s, file: c.file, bad: !good.has(s.verdict), text: `${s.session} ${s.first} ${s.client} ${s.server} ${s.verdict} ${s.confidence} ${s.reason} ${(s.observations || []).join(" ")} ${c.file}`.toLowerCase() })));
        all.sort((a, b) => b.bad - a.bad);
      }
      const terms = $("session-text").value.toLowerCase().split(/\s+/).filter(Boolean), onlyBad = $("session-bad").checked;
      const hits = all.filter((r) => (!onlyBad || r.bad) && terms.every((t) => r.text.includes(t)));
      body.replaceChildren(...hits.slice(0, limit).map(({ s, file, bad }) => make("tr", { class: bad ? "bad" : "good" },
        make("td", {}, make("span", { title: file }, String(s.session))), make("td", {}, make("time", {}, s.first.slice(0, 19).replace("T", " "))), make("td", {}, s.client), make("td", {}, s.server),
        make("td", {}, make("b", { class: "tag" }, s.verdict)), make("td", {}, s.reason), make("td", {}, commandOf(s.filter)))));
      $("session-count").textContent = word("%d of %d sessions", Math.min(limit, hits.length), hits.length);
      $("show-sessions").hidden = hits.length <= limit;
    };
    $("session-text").addEventListener("input", () => { limit = 100; redrawSessions(); });
    $("session-bad").addEventListener("change", () => { limit = 100; redrawSessions(); });
    $("show-sessions").addEventListener("click", () => { limit += 300; redrawSessions(); });
  }

  // Findings and steps carry their texts in further languages.
  const said = (x) => (x.texts && x.texts[lang()]) || x;

  // Findings beyond those in the page.
  const place = (e) => (e.frames && e.frames.length ? `${e.file} frames ${e.frames.join(", ")}` : e.line ? `${e.file}:${e.line}` : e.file || "");
  const findingOf = (f) => make("article", { class: `finding ${f.severity} ${f.state} ${f.role}`, id: f.ref },
    make("h3", {}, make("span", { class: "ref" }, f.ref), " ", said(f).title), make("p", { class: "facts" }, make("b", { class: `tag ${f.severity}` }, word(f.severity)), " ", make("code", {}, f.id)),
    make("p", {}, said(f).summary), make("details", {}, make("summary", {}, word("All evidence (%d)", f.evidence.length)),
      ...f.evidence.slice(0, 50).map((e) => make("div", { class: "evidence" }, make("p", { class: "place" }, place(e)), make("pre", {}, e.text || ""), e.filter ? commandOf(e.filter) : ""))));
  const showFindings = $("show-findings");
  if (showFindings) {
    let shown = document.querySelectorAll("#findings > article").length;
    showFindings.addEventListener("click", async () => {
      const { json } = await report();
      $("more-findings").append(...json.findings.slice(shown, shown + 200).map(findingOf));
      shown = Math.min(shown + 200, json.findings.length);
      showFindings.textContent = word("Show %d further findings", json.findings.length - shown);
      showFindings.hidden = shown === json.findings.length;
    });
  }

  // Search, over all of the report: every word must be there.
  const search = $("search"), results = $("results");
  let index;
  const entries = async () => {
    if (index) return index;
    const { json } = await report();
    index = [];
    const add = (kind, label, anchor, value) => index.push({ kind, label, anchor, value, text: JSON.stringify(value).toLowerCase() });
    for (const f of json.findings) {
      const { evidence, proof, remedies, ...rest } = f;
      add(f.ref, said(f).title, f.ref, rest);
      for (const e of evidence || []) add(f.ref, `${place(e)}  ${e.text || ""}`, f.ref, e);
    }
    for (const s of json.plan) add(word("Plan"), `${s.step}. [${said(s).where}] ${said(s).text}`, "plan", s);
    for (const n of json.nodes) add(word("node"), `${n.address} ${n.name || ""} ${n.role}`, "main", n);
    for (const e of json.timeline) add(word("Timeline"), `${e.time}  ${e.node}  ${e.text}`, "timeline", e);
    for (const c of json.certificates || []) add(word("Certificates"), `${c.certificate.subject || c.certificate.subject_cn} (${c.node})`, "certificates", c);
    for (const c of json.captures) for (const s of c.sessions) add(word("Sessions"), `${c.file} #${s.session} ${s.client} → ${s.server}: ${s.verdict}: ${s.reason}`, "sessions", { file: c.file, ...s });
    for (const i of json.inputs) add(word("What was read"), `${i.path} ${i.problem || ""}`, "not-seen", i);
    return index;
  };
  const highlighted = (label, terms) => {
    const out = [], low = label.toLowerCase();
    if (low.length !== label.length) return [label];
    let from = 0;
    while (from < label.length) {
      let next = -1, length = 0;
      for (const t of terms) {
        const i = low.indexOf(t, from);
        if (i >= 0 && (next < 0 || i < next)) { next = i; length = t.length; }
      }
      if (next < 0) break;
      out.push(label.slice(from, next), make("mark", {}, label.slice(next, next + length)));
      from = next + length;
    }
    out.push(label.slice(from));
    return out;
  };
  let asked = 0;
  const find = async () => {
    const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean), mine = ++asked;
    if (!terms.length) { results.hidden = true; return; }
    const list = await entries();
    if (mine !== asked) return;
    const escaped = terms.map((t) => JSON.stringify(t).slice(1, -1)), hits = [];
    let n = 0;
    for (const e of list) if (escaped.every((t) => e.text.includes(t)) && ++n <= 60) hits.push(e);
    results.querySelector(".count").textContent = n === 0 ? word("nothing found") : n > hits.length ? word("the first %d of %d hits", hits.length, n) : word("%d hits", n);
    results.querySelector("ol").replaceChildren(...hits.map((e) => {
      const link = make("a", { href: "#" + e.anchor }, make("b", {}, e.kind), " ", ...highlighted(e.label.slice(0, 400), terms));
      link.addEventListener("click", (event) => {
        event.preventDefault();
        const target = document.getElementById(e.anchor);
        if (e.anchor === "sessions") {
          $("session-text").value = `${e.value.client} ${e.value.server}`;
          $("session-bad").checked = false;
          redrawSessions();
        }
        if (!target) { // beyond what the page has as text
          if (!link.nextSibling) link.after(make("pre", {}, JSON.stringify(e.value, null, 1)));
          return;
        }
        results.hidden = true;
        if (target.tagName === "ARTICLE") for (const d of target.querySelectorAll("details")) d.open = d.textContent.toLowerCase().includes(terms[0]) || d.open;
        history.replaceState(null, "", "#" + e.anchor);
        reveal(target);
        target.setAttribute("tabindex", "-1");
        target.focus({ preventScroll: true });
      });
      return make("li", {}, link);
    }));
    results.hidden = false;
  };
  let typing;
  search.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(find, 120); });
  search.addEventListener("keydown", (e) => {
    if (e.key === "ArrowDown") { const a = results.querySelector("a"); if (a) { e.preventDefault(); a.focus(); } }
  });
  addEventListener("keydown", (e) => {
    if (e.key === "Escape" && !results.hidden) { results.hidden = true; search.focus(); }
    if (e.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) { e.preventDefault(); search.focus(); }
  });
  document.addEventListener("click", (e) => { if (!e.target.closest("#results, [role=search]")) results.hidden = true; });

  $("save").addEventListener("click", async () => {
    const { text } = await report();
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    make("a", { href: url, download: "report.json" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  });

  const redraw = () => { redrawTime(); if (loading) redrawSessions(); index = undefined; };
  inLanguage();
  toHash();
})();
