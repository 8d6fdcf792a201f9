"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const { learners, rules, chapters, letters, words, mistakes } = JSON.parse($("data").textContent);
  const body = $("matrix").tBodies[0];
  const rows = [...body.rows];
  const first = rows.slice();

  /* -- making elements: text only, never HTML out of data ------------------------------------- */
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== false) element.setAttribute(name, value);
    element.append(...children.flat().filter((child) => child !== null && child !== ""));
    return element;
  };

  /* -- the filter ----------------------------------------------------------------------------- */
  const keys = learners.map((each) => each.key);
  const passes = (each, number, asked) => {
    if (!asked.q.every((word) => keys[number].includes(word))) return false;
    if (asked.by.some(([name, value]) => each.divided[name] !== value)) return false;
    if (asked.mistake !== "" && !each.mistakes.includes(+asked.mistake)) return false;
    if (asked.who === "open" && each.full) return false;
    if (asked.who === "full" && !each.full) return false;
    if (asked.who.startsWith("=") && each.status !== asked.who.slice(1)) return false;
    return asked.rule === "" || (each.outcomes !== "" && each.outcomes[asked.rule] !== "p");
  };
  const filter = () => {
    const asked = { q: $("q").value.toLowerCase().split(/\s+/).filter(Boolean), who: $("who").value, rule: $("rule").value,
      mistake: $("mistake")?.value ?? "",
      by: [...document.querySelectorAll("select.by")].filter((each) => each.value).map((each) => [each.dataset.name, each.value]) };
    let shown = 0;
    for (const row of rows) {
      const number = +row.dataset.i;
      const kept = passes(learners[number], number, asked);
      if (row.hidden === kept) row.hidden = !kept;
      shown += kept;
    }
    $("count").textContent = `${shown} of ${rows.length}`;
  };
  const sort = () => {
    const order = $("order").value;
    const of = (row) => learners[+row.dataset.i];
    const sorted = first.slice();
    if (order === "up") sorted.sort((a, b) => of(a).points - of(b).points);
    if (order === "down") sorted.sort((a, b) => of(b).points - of(a).points);
    if (order === "mistakes") sorted.sort((a, b) => of(b).mistakes.length - of(a).mistakes.length);
    if (order === "name") sorted.sort((a, b) => (of(a).name || of(a).id).localeCompare(of(b).name || of(b).id));
    body.append(...sorted);
  };
  $("filter").addEventListener("input", filter);
  $("order").addEventListener("change", sort);
  $("filter").addEventListener("submit", (event) => event.preventDefault());
  $("filter").addEventListener("reset", () => setTimeout(() => { filter(); sort(); }));

  /* -- the strips: which rule is under the pointer -------------------------------------------- */
  const tip = make("div", { class: "tip", hidden: "" });
  document.body.append(tip);
  const ruleAt = (event) => {
    const strip = event.target.closest(".s");
    if (!strip) return null;
    const chapter = chapters[+strip.dataset.c];
    const box = strip.getBoundingClientRect();
    const place = Math.floor(((event.clientX - box.left) / box.width) * chapter.count);
    const number = chapter.first + Math.min(chapter.count - 1, Math.max(0, place));
    return { learner: learners[+strip.closest("tr").dataset.i], number };
  };
  body.addEventListener("mousemove", (event) => {
    const at = ruleAt(event);
    tip.hidden = !at;
    if (!at) return;
    const rule = rules[at.number];
    tip.textContent = `${rule.task} ${rule.title}: ${words[letters[at.learner.outcomes[at.number]]]}`;
    tip.style.left = `${Math.min(event.clientX + 12, innerWidth - 280)}px`;
    tip.style.top = `${event.clientY + 16}px`;
  });
  body.addEventListener("mouseleave", () => { tip.hidden = true; });
  body.addEventListener("click", (event) => {
    const at = ruleAt(event);
    if (at) location.hash = `learner/${encodeURIComponent(at.learner.id)}/${rules[at.number].id}`;
  });

  /* -- one learner ---------------------------------------------------------------------------- */
  const unpack = async (number) => {
    const bytes = Uint8Array.from(atob($(`b${number}`).textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  };
  const timeline = (steps) => make("ol", { class: "time" }, steps.map((step) => make("li", { class: "code" }, step)));
  const facts = (check) => {
    const list = make("dl", { class: "facts" });
    const add = (label, value) => list.append(make("dt", {}, label), make("dd", {}, [value].flat()));
    const told = (...pairs) => { for (const [label, name] of pairs) if (check[name]) add(label, check[name]); };
    told(["mistake", "mistake"], ["did", "did"], ["saw", "observed"], ["wanted", "expected"]);
    if (check.where) {
      const place = check.function ? `${check.where} in ${check.function}` : check.where;
      add("where", [make("code", {}, place), check.line ? make("pre", {}, check.line.trim()) : ""]);
    }
    told(["hint", "hint"], ["why", "why"]);
    if (check.trace?.length) add("timeline", timeline(check.trace));
    if (check.printed) add("printed", make("pre", {}, check.printed));
    if (check.traceback) add("traceback", make("details", {}, make("summary", { class: "soft" }, "show"), make("pre", {}, check.traceback)));
    return list;
  };
  const checkOf = (number, letter, told, here, given) => {
    const rule = rules[number];
    const check = { why: rule.why, hint: rule.hint, ...told };
    if (letter === "p") check.why = check.hint = "";
    const block = make("section", { class: `check ${letter}${here ? " here" : ""}`, id: rule.id },
      make("h3", {}, make("span", { class: `badge ${letter}` }, words[letters[letter]]), `${rule.task} ${rule.title} `, make("code", { class: "soft" }, rule.id.split(".")[1])));
    if (letter === "p" && check.trace?.length) block.append(make("details", {}, make("summary", { class: "soft" }, "timeline"), timeline(check.trace)));
    else if (letter !== "p" && letter !== "d") block.append(facts(check));
    if (given) block.append(make("p", { class: "remark" }, `By hand: ${given}`));
    return block;
  };

  /* -- the code beside the solution ----------------------------------------------------------- */
  const CONTEXT = 3;
  const diffTable = (path, mine, theirs, steps) => {
    const table = make("table", { class: "diff" }, make("caption", { class: "code" }, path),
      make("colgroup", {}, make("col", { class: "n" }), make("col"), make("col", { class: "n" }), make("col")),
      make("thead", {}, make("tr", {}, make("th", { colspan: 2, scope: "col" }, "handed in"), make("th", { colspan: 2, scope: "col" }, "solution"))));
    const rowsOf = make("tbody");
    const side = (lines, at, mark) => at === null ? [make("td"), make("td", { class: "code" })]
      : [make("td", {}, `${at + 1}`), make("td", { class: `code ${mark}` }, mark ? make("span", { class: "vh" }, mark === "removed" ? "only handed in: " : "only in the solution: ") : "", lines[at])];
    const line = (i, j, changed) => rowsOf.append(make("tr", {}, side(mine, i, changed ? "removed" : ""), side(theirs, j, changed ? "added" : "")));
    steps.forEach(([same, i1, i2, j1, j2], number) => {
      if (!same) {
        for (let k = 0; k < Math.max(i2 - i1, j2 - j1); k++) line(i1 + k < i2 ? i1 + k : null, j1 + k < j2 ? j1 + k : null, true);
        return;
      }
      const head = number === 0 ? 0 : CONTEXT, tail = number === steps.length - 1 ? 0 : CONTEXT;
      const hidden = i2 - i1 - head - tail;
      for (let k = 0; k < i2 - i1; k++) {
        if (hidden > 1 && k === head) rowsOf.append(make("tr", { class: "skipped" }, make("td", { colspan: 4 }, `${hidden} equal lines`)));
        if (!(hidden > 1 && k >= head && k < head + hidden)) line(i1 + k, j1 + k, false);
      }
    });
    table.append(rowsOf);
    return table;
  };
  const solutions = () => (solutions.kept ??= JSON.parse($("solutions").textContent));
  const codeOf = (chapter, files) => {
    const names = Object.keys(files);
    if (!names.length) return make("p", { class: "soft" }, "The code is the solution's.");
    return make("details", {}, make("summary", {}, `code beside the solution (${names.length} ${names.length === 1 ? "file" : "files"})`), names.map((path) => {
      const file = files[path];
      if (file.skipped) return make("p", { class: "soft" }, `${path}: ${file.skipped}`);
      return diffTable(path, file.lines, solutions()[chapter][path] ?? [], file.steps);
    }));
  };

  let asked = 0;
  const show = async (id, target) => {
    const turn = ++asked;
    const learner = learners.find((each) => each.id === id);
    const place = $("learner");
    if (!learner) { place.replaceChildren(make("h1", { tabindex: -1 }, "There is no such learner")); return; }
    const page = [make("h1", { tabindex: -1, id: "who-is-it" }, learner.name || learner.id),
      make("p", { class: "soft" }, [learner.id, learner.status, `${learner.total} points`, ...learner.more].join(" \u00b7 "))];
    if (learner.note) page.push(make("p", {}, learner.note));
    for (const remark of learner.remarks) page.push(make("p", { class: "remark" }, remark));
    page.push(make("p", { class: "back" }, make("a", { href: `feedback/${learner.file}.html` }, "feedback to hand out"),
      learner.status === "missing" ? "" : " \u00b7 ", learner.status === "missing" ? "" : make("a", { href: `results/${learner.file}.json` }, "results as JSON")));
    if (learner.mistakes.length) page.push(make("h2", {}, "Mistakes"),
      make("ul", { class: "made" }, learner.mistakes.map((number) => make("li", {}, make("a", { href: `#mistake/${number}` }, mistakes[number].title)))));
    for (const [place, chapter] of chapters.entries()) {
      if (!learner.outcomes) break;
      const outcomes = learner.outcomes.slice(chapter.first, chapter.first + chapter.count);
      const passed = [...outcomes].filter((letter) => letter === "p").length;
      const blob = learner.blobs[place];
      const told = blob === null ? { checks: {}, files: null } : await unpack(blob);
      if (turn !== asked) return;
      const wanted = target && rules.findIndex((rule) => rule.id === target);
      const open = target ? wanted >= chapter.first && wanted < chapter.first + chapter.count : /[fet]/.test(outcomes);
      const block = make("details", { class: "chapter", open: open ? "" : null },
        make("summary", {}, make("h2", {}, chapter.name), make("span", { class: "num" }, `${passed} of ${chapter.count} passed`)));
      if (/^d+$/.test(outcomes) && !open) block.append(make("p", { class: "check" }, `All ${chapter.count} checks are still to do.`));
      else [...outcomes].forEach((letter, k) => block.append(checkOf(chapter.first + k, letter, told.checks[rules[chapter.first + k].id] ?? { observed: learner.refused[chapter.name] ?? learner.note }, rules[chapter.first + k].id === target, learner.given[rules[chapter.first + k].id])));
      if (told.files) block.append(codeOf(chapter.name, told.files));
      page.push(block);
    }
    place.replaceChildren(...page);
    document.title = `${learner.name || learner.id} - Class report`;
    const goal = target && $(target);
    if (goal) goal.scrollIntoView({ block: "center" });
    else scrollTo(0, 0);
    $("who-is-it").focus({ preventScroll: true });
  };

  let scrolled = 0, left = null;
  const route = () => {
    const [kind, id, target] = location.hash.slice(1).split("/").map(decodeURIComponent);
    const detail = kind === "learner";
    if (detail && !$("overview").hidden) scrolled = scrollY;
    $("overview").hidden = detail;
    $("detail").hidden = !detail;
    tip.hidden = true;
    if (detail) { left = id; $("learner").replaceChildren(); show(id, target); return; }
    asked++;
    document.title = "Class report";
    if (kind === "rule" || kind === "mistake") { $(kind).value = id; filter(); $("learners").scrollIntoView(); $("learners").focus({ preventScroll: true }); }
    else if (!kind) {
      scrollTo(0, scrolled);
      // Back at the learner from whom the reader comes.
      const row = left === null ? null : rows.find((each) => learners[+each.dataset.i].id === left);
      row?.querySelector("a").focus({ preventScroll: true });
      left = null;
    }
  };
  addEventListener("hashchange", route);
  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && !$("overview").hidden) { event.preventDefault(); $("q").focus(); }
    if (event.key === "Escape" && !$("detail").hidden) location.hash = "";
  });
  addEventListener("beforeprint", () => document.querySelectorAll("#learner details.chapter").forEach((each) => { each.open = true; }));
  route();
})();
